"""Facts that stand only in an explanation. In: clauses, and the scene they lead to. Out: an explanation, or None.

Shapes that not everybody knows, colours by a name of the world's own, and the physics of what happens by itself.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.physics import LAWS, SLIDING
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.tasks.draft import pick
from pipeline.backends.world.words.lexicon import TERMS

MEANINGS = {
    "gear": "a gear is a toothed wheel: six broad teeth around the rim and a round hole in the middle",
    "crescent": "a crescent is the shape of a young moon: a disc with a round bite taken out of one side",
    "hourglass": "an hourglass is two triangles that meet tip to tip, one above the other, at a narrow waist",
    "bolt": "a bolt is a flash of lightning: a zigzag that tapers to a point at both ends",
}


def veiled(clauses: Sequence[Op], rng: np.random.Generator) -> tuple[tuple[Op, ...], str]:
    """The clauses with one new colour called by a term, and the fact that resolves it. Raises Unresolved where there is none."""
    index = pick([i for i, op in enumerate(clauses) if new_colour(op)], rng)
    op, term = clauses[index], pick(TERMS, rng)
    assert isinstance(op, ops.Add | ops.Replace | ops.Alter)
    said = replace(op, look=replace(op.look, colour=f"?{term}"))
    fact = f"The colour of {term.capitalize()} is {op.look.colour}."
    return (*clauses[:index], said, *clauses[index + 1 :]), fact


def new_colour(op: Op) -> str | None:
    """The colour that a clause gives to something, if it does."""
    return op.look.colour if isinstance(op, ops.Add | ops.Replace | ops.Alter) else None


def explanation(clauses: Sequence[Op], result: Scene, facts: Sequence[str] = ()) -> str | None:
    """All that has to be known beyond the words: the facts given, and what the result and its clauses call for."""
    shapes = {t.shape for t in result.things}
    told = [*facts, *(_sentence(MEANINGS[shape]) for shape in sorted(shapes & set(MEANINGS)))]
    if any(isinstance(op, ops.Push) for op in clauses):
        told.append(_sentence(SLIDING))
    if any(isinstance(op, ops.Later) for op in clauses):
        told += [_sentence(law) for shape, law in LAWS.items() if shape in shapes]
    return " ".join(told) or None


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
