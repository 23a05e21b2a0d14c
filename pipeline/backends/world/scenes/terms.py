"""Colour terms, which only an explanation resolves. In: ops and what is known. Out: the ops in plain colours.

A term stands in a look's colour as "?lorvia".
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from pipeline.backends.world.scenes.ops import Look, Op


def terms(clauses: Sequence[Op]) -> frozenset[str]:
    """Every term that the clauses speak of."""
    return frozenset(term for op in clauses for term in _spoken(op))


def _spoken(part: object) -> list[str]:
    if isinstance(part, Look):
        return [part.colour] if part.colour and part.colour.startswith("?") else []
    if is_dataclass(part):
        return [term for f in fields(part) for term in _spoken(getattr(part, f.name))]
    return []


def plain(op: Op, known: Mapping[str, str]) -> Op:
    """The op with every known term said as the colour that it stands for."""
    return cast(Op, _plain(op, known))


def _plain(part: Any, known: Mapping[str, str]) -> Any:
    if isinstance(part, Look):
        return replace(part, colour=known.get(part.colour, part.colour)) if part.colour else part
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _plain(getattr(part, f.name), known) for f in fields(part)})
    return part
