"""Writers, which word tasks. In: clauses. Out: an instruction that `reading` understands as these clauses."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Op
from pipeline.backends.world.words.language import join, photo, phrase


class Writer(Protocol):
    """A module-level function, so that it can be pickled to other processes. `picture`: the clauses describe a new picture."""

    def __call__(self, clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
        """The instruction."""
        ...


def plain(clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
    """The world's own English; a new picture described as briefly as in GenEval is worded like GenEval's prompts."""
    if picture and _is_brief(clauses):
        return photo(clauses)
    return join([phrase(op, rng, picture) for op in clauses], rng, picture)


def _is_brief(clauses: Sequence[Op]) -> bool:
    match clauses:
        case [ops.Count(look)] | [ops.Add(look, None)]:
            return _is_bare(look)
        case [ops.Add(one, None), ops.Add(other, None | Near())]:
            return _is_bare(one) and _is_bare(other)
    return False


def _is_bare(look: Look) -> bool:
    return look == Look(look.shape, look.colour)
