"""Descriptions of new pictures by the held-out writer. In: the clauses of a picture. Out: its description."""

from collections.abc import Sequence

from benchmarks import heldout_words as words
from benchmarks.heldout_nouns import Person, capital
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Near, Op, Selector

DESCRIBED = ops.Add | ops.Count | ops.Background | ops.Light
"""The ops that a description can express."""


def description(who: Person, clauses: Sequence[Op]) -> str:
    """The description of a new picture: its things, then its background and light."""
    items = _items(who, [op for op in clauses if isinstance(op, ops.Add | ops.Count)])
    ground = [op.colour for op in clauses if isinstance(op, ops.Background)]
    light = [words.TONES[op.tone][1] for op in clauses if isinstance(op, ops.Light)]
    if items and who.chance(0.6):
        last = who.pick((" and ", ", and "))
        everything = items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]
        opener = who.pick(words.OPENERS)
        text = opener.format(all=everything)
        text += "".join(f" on {'an' if g[0] in 'aeiou' else 'a'} {g} background" for g in ground)
        text += "".join(f", {when}" for when in light)
        return text if opener == "{all}" or who.chance(0.3) else capital(text) + "."
    sentences = [f"{who.pick(('There should be', 'Draw', 'Put in'))} {item}." for item in items]
    sentences += [f"{who.pick(('The background is', 'Background:', 'Make the background'))} {g}." for g in ground]
    return " ".join(sentences + [f"It is {when.removeprefix('by ')}." for when in light])


def _items(who: Person, clauses: Sequence[Op]) -> list[str]:
    match list(clauses):
        case [ops.Add(one, None), ops.Add(two, Near(way, anchor))] if anchor == Selector(one) and who.chance(0.7):
            return [f"{who.a(two)} {who.pick(words.NEAR[way])} {who.a(one)}"]
    return [_item(who, op) for op in clauses]


def _item(who: Person, op: Op) -> str:
    match op:
        case ops.Add(look, place):
            return who.a(look) + who.where(place, exactly=True)
        case ops.Count(look, number):
            exactly = "exactly " if number == 1 else who.pick(("", "", "exactly "))
            return f"{exactly}{who.number(number)} {who.noun(look, number != 1)}"
    raise ValueError(f"{op.kind} describes nothing")
