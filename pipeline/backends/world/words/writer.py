"""Who words a task. In: clauses. Out: an instruction that `reading` understands as these clauses."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Op
from pipeline.backends.world.words.language import join, photo, phrase


class Writer(Protocol):
    """A function of a module: it travels to other processes. `picture`: the clauses make a new picture out of nothing."""

    def __call__(self, clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
        """The instruction."""
        ...


def plain(clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
    """The world's own English; what says as little as GenEval's prompts is worded as these are."""
    if picture and _brief(clauses):
        return photo(clauses)
    return join([phrase(op, rng, picture) for op in clauses], rng, picture)


def _brief(clauses: Sequence[Op]) -> bool:
    match clauses:
        case [ops.Count(look)] | [ops.Add(look, None)]:
            return _bare(look)
        case [ops.Add(one, None), ops.Add(other, None | Near())]:
            return _bare(one) and _bare(other)
    return False


def _bare(look: Look) -> bool:
    return look == Look(look.shape, look.colour)
