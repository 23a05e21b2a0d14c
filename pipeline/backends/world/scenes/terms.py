"""Colour terms, which only an explanation resolves. In: ops, and the colours of terms. Out: the ops in plain colours.

A term is written as the colour "?lorvia" of a look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from pipeline.backends.world.scenes.ops import Look, Op


def terms(clauses: Sequence[Op]) -> frozenset[str]:
    """Every term in the clauses."""
    return frozenset(term for op in clauses for term in _terms_in(op))


def _terms_in(part: object) -> list[str]:
    if isinstance(part, Look):
        return [part.colour] if part.colour and part.colour.startswith("?") else []
    if is_dataclass(part):
        return [term for f in fields(part) for term in _terms_in(getattr(part, f.name))]
    return []


def resolve_terms(op: Op, meanings: Mapping[str, str]) -> Op:
    """The op with each term in `meanings` replaced by its colour; other terms stay."""
    return cast(Op, _resolve(op, meanings))


def _resolve(part: Any, meanings: Mapping[str, str]) -> Any:
    if isinstance(part, Look):
        return replace(part, colour=meanings.get(part.colour, part.colour)) if part.colour else part
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _resolve(getattr(part, f.name), meanings) for f in fields(part)})
    return part
