"""What pronouns stand for, and what contradicts itself. In: ops. Out: the topic after them; selectors without pronouns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.words.nouns import IT, THEM

Topic = tuple[Selector, ...]
"""The things spoken of last; empty when there is nothing that a pronoun may stand for."""


def _settled(selector: Selector, topic: Topic) -> tuple[Selector, ...] | None:
    """A selector without pronouns; None when it is not clear what a pronoun stands for."""
    if selector == IT:
        return topic if len(topic) == 1 and not topic[0].every else None
    if selector == THEM:
        return topic if len(topic) > 1 or any(s.every for s in topic) else None
    if selector.near is None:
        return (selector,)
    near = settle(selector.near, topic)
    return None if near is None else (replace(selector, near=near),)


def settle(value: Any, topic: Topic) -> Any:
    """What a chunk means once its pronouns are put in their place; None when one cannot be."""
    match value:
        case Selector():
            found = _settled(value, topic)
            return found[0] if found is not None and len(found) == 1 else None
        case Near(direction, anchor):
            if anchor == IT and any(s.near for s in topic):
                return None  # "put the fish below the candle, and the star above it": above which of the two?
            found = settle(anchor, topic)
            return None if found is None else Near(direction, found)
        case tuple() if value and isinstance(value[0], Selector):
            parts = [_settled(s, topic) for s in value]
            return None if None in parts else tuple(s for part in parts for s in part or ())
        case _:
            return value


def topic(done: Sequence[Op]) -> Topic:
    """What a pronoun stands for after a clause: the things it was about, as they are by then."""
    return tuple(dict.fromkeys(s for op in done for s in _spoken(op)))


def _spoken(op: Op) -> tuple[Selector, ...]:
    match op:
        case ops.Add(look, place):
            return (_at(Selector(look), place),)
        case ops.Count(look, number):
            return (Selector(look, every=number != 1),)
        case ops.Move(target, place):
            return (_at(target, place),)
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


def _at(selector: Selector, spot: ops.Spot) -> Selector:
    place, near = (spot, None) if isinstance(spot, str) else (None, spot)
    return replace(selector, place=place, near=near)


def clash(done: Sequence[Op]) -> bool:
    """Whether orders contradict each other: one thing made red and blue, two backgrounds, a thing changed after it is gone."""
    gone: set[Selector] = set()
    settled: set[object] = set()
    for op in done:
        target = getattr(op, "target", None)
        if target in gone:
            return True
        if isinstance(op, ops.Remove):
            gone.add(op.target)
        for fact in _settles(op):
            if fact in settled:
                return True
            settled.add(fact)
    return False


def _settles(op: Op) -> tuple[object, ...]:
    """What an op settles once and for all."""
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
