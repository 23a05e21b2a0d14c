"""The world's English. In: ops. Out: varied clauses (`phrase`) and instructions (`join`).

The table of wordings drives both directions: a wording with its slots filled is a phrase, the same wording with its
slots as patterns is a reader (`reading`). A wording that is added can therefore be said and understood at once.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.world import ops
from pipeline.world.ops import Look, Op, Selector
from pipeline.world.scene import Thing

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
KEEP = "leave everything else as it is"

WORDINGS: dict[type[Op], tuple[str, ...]] = {
    ops.Add: ("add {look} {at}", "put {look} {at}", "place {look} {at}", "insert {look} {at}", "draw {look} {at}"),
    ops.Remove: ("remove {sel}", "delete {sel}", "take away {sel}", "erase {sel}", "get rid of {sel}"),
    ops.Replace: (
        "replace {sel} with {look}",
        "change {sel} into {look}",
        "turn {sel} into {look}",
        "substitute {look} for {sel}",
        "exchange {sel} for {look}",
    ),
    ops.Recolour: (
        "recolour {sel} {colour}",
        "make {sel} {colour}",
        "paint {sel} {colour}",
        "change the colour of {sel} to {colour}",
        "turn {sel} {colour}",
    ),
    ops.Resize: (
        "make {sel} {size}",
        "resize {sel} to {size}",
        "change the size of {sel} to {size}",
        "redraw {sel} in a {size} size",
        "let {sel} become {size}",
    ),
    ops.Count: (
        "make it exactly {many}",
        "show exactly {many}",
        "have exactly {many} in the picture",
        "there should be exactly {many}",
        "change the number of {plural} to {number}",
    ),
    ops.Move: ("move {sel} to {to}", "shift {sel} to {to}", "bring {sel} to {to}", "relocate {sel} to {to}"),
    ops.Swap: (
        "swap {sel} with {other}",
        "exchange {sel} with {other}",
        "let {sel} trade places with {other}",
        "let {sel} change places with {other}",
    ),
    ops.Background: (
        "change the background to {ground}",
        "make the background {ground}",
        "turn the background {ground}",
        "set the background to {ground}",
        "use {ground} for the background",
    ),
    ops.Clean: (
        "clean up the stray streak {at}",
        "wipe away the stray streak {at}",
        "erase the stray streak {at}",
        "remove the stray streak {at}",
    ),
}
PICTURE_WORDINGS: dict[type[Op], tuple[str, ...]] = {
    ops.Add: ("{look} {at}", "{look} placed {at}", "{look} sitting {at}", "{look} shown {at}"),
    ops.Count: ("{many}", "exactly {many}", "a set of {many}", "a group of {many}"),
    ops.Background: (
        "on a plain {ground} background",
        "against a plain {ground} background",
        "with a plain {ground} background",
        "everything on a plain {ground} background",
    ),
}
OPENINGS = ("draw", "a picture with", "an image of", "a scene with", "create an image showing", "a drawing of")


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def noun(look: Look, plural: bool = False) -> str:
    """A description without article: "small red circle"."""
    shape = look.shape or "thing"
    ending = ("es" if shape.endswith("s") else "s") if plural else ""
    return " ".join(w for w in (look.size, look.colour, look.texture, shape + ending) if w)


def a(words: str) -> str:
    """The words with their indefinite article."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def at(place: str) -> str:
    """A place with its preposition: "in the center"."""
    return {"center": "in the center", "left": "on the left", "right": "on the right"}.get(place, f"at the {place}")


def the(selector: Selector) -> str:
    """A thing that is there already: "the red circle on the left"."""
    return f"the {noun(selector.look)}" + (f" {at(selector.place)}" if selector.place else "")


def name(thing: Thing) -> str:
    """A thing in full, without its place."""
    return noun(ops.full(thing))


def _many(look: Look, number: int) -> str:
    return f"{NUMBERS[number]} {noun(look, plural=number != 1)}"


def _slots(op: Op) -> dict[str, str]:
    match op:
        case ops.Add(look, place):
            return {"look": a(noun(look)), "at": at(place)}
        case ops.Remove(target):
            return {"sel": the(target)}
        case ops.Replace(target, look):
            return {"sel": the(target), "look": a(noun(look))}
        case ops.Recolour(target, colour):
            return {"sel": the(target), "colour": colour}
        case ops.Resize(target, size):
            return {"sel": the(target), "size": size}
        case ops.Count(look, number):
            words = {"plural": noun(look, plural=True), "number": NUMBERS[number]}
            return words | {"many": _many(look, number)}
        case ops.Move(target, place):
            return {"sel": the(target), "to": f"the {place}"}
        case ops.Swap(target, other):
            return {"sel": the(target), "other": the(other)}
        case ops.Background(colour):
            return {"ground": colour}
        case ops.Clean(place):
            return {"at": at(place)}


def phrase(op: Op, rng: np.random.Generator, picture: bool = False) -> str:
    """The op as a clause; `picture`: as part of a picture's description rather than as an order."""
    wordings = PICTURE_WORDINGS.get(type(op)) if picture else None
    return _pick(wordings or WORDINGS[type(op)], rng).format(**_slots(op))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _listed(clauses: Sequence[str], last: str) -> str:
    return clauses[0] if len(clauses) == 1 else ", ".join(clauses[:-1]) + last + clauses[-1]


def join(clauses: Sequence[str], rng: np.random.Generator, picture: bool = False) -> str:
    """The clauses as one instruction."""
    if picture:
        opening = _pick(OPENINGS, rng)
        return _sentence(f"{opening} {_listed(clauses, _pick((', ', ' and ', ', and '), rng))}")
    way = int(rng.integers(5))
    if way == 0:
        return " ".join(_sentence(c) for c in clauses)
    if way == 1 and len(clauses) > 1:
        middle = [_sentence(f"{_pick(('next', 'then', 'after that'), rng)}, {c}") for c in clauses[1:-1]]
        return " ".join([_sentence(f"first, {clauses[0]}"), *middle, _sentence(f"finally, {clauses[-1]}")])
    if way == 2:
        return _sentence("; ".join(clauses))
    polite = _pick(("", "please "), rng)
    return _sentence(polite + _listed(clauses, _pick((" and ", ", and ", ", then ", " and then "), rng)))


def orders(clauses: Sequence[str], rng: np.random.Generator) -> str:
    """The clauses as plain orders, closing with the one that everything else stays as it is."""
    ways = (
        " ".join(_sentence(c) for c in clauses),
        _sentence("; ".join(clauses)),
        _sentence(_listed(clauses, " and ")),
    )
    return f"{_pick(ways, rng)} {_sentence(KEEP)}"
