"""Resolve pronouns, and find contradictions. In: ops. Out: the topic after them; selectors without pronouns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.words.nouns import IT, THEM

Topic = tuple[Selector, ...]
"""The things mentioned last; empty when a pronoun has nothing to stand for."""


def _resolve(selector: Selector, topic: Topic) -> tuple[Selector, ...] | None:
    """The selectors that a selector stands for, without pronouns; None when a pronoun is not clear."""
    if selector == IT:
        return topic if len(topic) == 1 and not topic[0].every else None
    if selector == THEM:
        return topic if len(topic) > 1 or any(s.every for s in topic) else None
    if selector.near is None:
        return (selector,)
    near = settle(selector.near, topic)
    return None if near is None else (replace(selector, near=near),)


def settle(value: Any, topic: Topic) -> Any:
    """The value of a chunk with its pronouns resolved; None when one is not clear."""
    match value:
        case Selector():
            resolved = _resolve(value, topic)
            return resolved[0] if resolved is not None and len(resolved) == 1 else None
        case Near(direction, anchor):
            if anchor == IT and any(s.near for s in topic):
                return None  # "put the fish below the candle, and the star above it": above which of the two?
            resolved = settle(anchor, topic)
            return None if resolved is None else Near(direction, resolved)
        case tuple() if value and isinstance(value[0], Selector):
            parts = [_resolve(s, topic) for s in value]
            return None if None in parts else tuple(s for part in parts for s in part or ())
        case _:
            return value


def topic(clauses: Sequence[Op]) -> Topic:
    """The things that pronouns stand for after these clauses, described as they are then."""
    return tuple(dict.fromkeys(s for op in clauses for s in _things_after(op)))


def _things_after(op: Op) -> tuple[Selector, ...]:
    match op:
        case ops.Add(look, place):
            return (_moved_to(Selector(look), place),)
        case ops.Count(look, number):
            return (Selector(look, every=number != 1),)
        case ops.Move(target, place):
            return (_moved_to(target, place),)
        case ops.Replace(target, look):
            return (replace(target, look=replace(look, colour=look.colour or target.look.colour)),)
        case ops.Alter(target, look):
            parts = {n: v for n in ("colour", "size", "texture", "mark", "text") if (v := getattr(look, n)) is not None}
            return (replace(target, look=replace(target.look, **parts)),)
        case ops.Complete(target):
            return (replace(target, look=replace(target.look, chipped=None)),)
        case ops.Turn(target, to):
            facing = to if to in ("up", "right", "down", "left") else None
            return (replace(target, look=replace(target.look, facing=facing)),)
        case ops.Push(target):
            return (replace(target, place=None, near=None),)
        case ops.Swap(target, other):
            return (replace(target, place=other.place, near=None), replace(other, place=target.place, near=None))
        case ops.AddFrom(_, str(place)):
            return (Selector(Look(), place),)
        case ops.ReplaceFrom(target) if target.place and not target.every:
            return (Selector(Look(), target.place),)
        case _:
            return ()


def _moved_to(selector: Selector, spot: ops.Spot) -> Selector:
    place, near = (spot, None) if isinstance(spot, str) else (None, spot)
    return replace(selector, place=place, near=near)


def clash(clauses: Sequence[Op]) -> bool:
    """Whether orders contradict each other: one thing made red and blue, two backgrounds, a removed thing changed."""
    gone: set[Selector] = set()
    settled: set[object] = set()
    for op in clauses:
        target = getattr(op, "target", None)
        if target in gone:
            return True
        if isinstance(op, ops.Remove):
            gone.add(op.target)
        for fact in _settled_facts(op):
            if fact in settled:
                return True
            settled.add(fact)
    return False


def _settled_facts(op: Op) -> tuple[object, ...]:
    """The facts that an op settles, which no other order may settle again."""
    match op:
        case ops.Background() | ops.Light():
            return (op.kind,)
        case ops.Count(look):
            return ((op.kind, look),)
        case ops.Alter(target, look):
            return tuple(
                (target, n) for n in ("colour", "size", "texture", "mark", "text") if getattr(look, n) is not None
            )
    return ()
