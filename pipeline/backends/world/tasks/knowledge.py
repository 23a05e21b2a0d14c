"""Facts that only an explanation states. In: clauses, and the scene they lead to. Out: an explanation, or None.

They are uncommon shapes, colours by invented names, and the world's physics.
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


def veil_colour(clauses: Sequence[Op], rng: np.random.Generator) -> tuple[tuple[Op, ...], str]:
    """The clauses with one new colour replaced by a term, and the sentence that explains it. Raises Unresolved without a colour."""
    index = pick([i for i, op in enumerate(clauses) if new_colour(op)], rng)
    op, term = clauses[index], pick(TERMS, rng)
    assert isinstance(op, ops.Add | ops.Replace | ops.Alter)
    veiled = replace(op, look=replace(op.look, colour=f"?{term}"))
    fact = f"The colour of {term.capitalize()} is {op.look.colour}."
    return (*clauses[:index], veiled, *clauses[index + 1 :]), fact


def new_colour(op: Op) -> str | None:
    """The colour that a clause gives to something; None when it gives none."""
    return op.look.colour if isinstance(op, ops.Add | ops.Replace | ops.Alter) else None


def explanation(clauses: Sequence[Op], result: Scene, facts: Sequence[str] = ()) -> str | None:
    """The given facts, and those that the result's shapes and the clauses need; None when nothing needs an explanation."""
    shapes = {t.shape for t in result.things}
    sentences = [*facts, *(_sentence(MEANINGS[shape]) for shape in sorted(shapes & set(MEANINGS)))]
    if any(isinstance(op, ops.Push) for op in clauses):
        sentences.append(_sentence(SLIDING))
    if any(isinstance(op, ops.Later) for op in clauses):
        sentences += [_sentence(law) for shape, law in LAWS.items() if shape in shapes]
    return " ".join(sentences) or None


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
