"""The world's English. In: ops. Out: varied clauses (`phrase`), instructions (`join`) and captions.

`reading` reads every phrase back exactly. `wordings` holds the templates; this module fills them.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import full_look
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector, Spot
from pipeline.backends.world.scenes.scene import Thing
from pipeline.backends.world.words import wordings as w
from pipeline.backends.world.words.lexicon import NUMBERS
from pipeline.backends.world.words.lexicon import plural as pluralised

_BESIDE = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
    "beside": "next to",
}
_PUSHED = {"left": "to the left", "right": "to the right", "up": "up", "down": "down"}


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def colour(name: str) -> str:
    """A colour, or the name of a colour term: "the colour of Lorvia"."""
    return f"the colour of {name[1:].title()}" if name.startswith("?") else name


def noun(look: Look, plural: bool = False) -> str:
    """A description without article: "small striped red circle with a spot", "sign that says "OPEN""."""
    before = (
        None if look.chipped is None else "broken" if look.chipped else "unbroken",
        look.size,
        look.texture,
        "unmarked" if look.mark == "" else None,
        None if look.colour is None or look.colour.startswith("?") else look.colour,
    )
    shape = look.shape or "thing"
    after = (
        f"with a {look.mark}" if look.mark else None,
        f"pointing {look.facing}" if look.facing else None,
        f'that {"say" if plural else "says"} "{look.text}"' if look.text else None,
        f"in {colour(look.colour)}" if look.colour and look.colour.startswith("?") else None,
    )
    return " ".join(word for word in (*before, pluralised(shape) if plural else shape, *after) if word)


def a(words: str) -> str:
    """The words with their indefinite article."""
    return f"{'an' if words[0] in 'aeiou' and not words.startswith('one') else 'a'} {words}"


def at(place: str) -> str:
    """A place with its preposition: "in the center"."""
    return {"center": "in the center", "left": "on the left", "right": "on the right"}.get(place, f"at the {place}")


def where(spot: Spot) -> str:
    """The place where something shall be: "at the top", "to the left of the blue square"; empty without a place."""
    if spot is None:
        return ""
    return at(spot) if isinstance(spot, str) else f"{_BESIDE[spot.direction]} {the(spot.anchor)}"


def to(spot: Spot) -> str:
    """The goal of a move: "to the top", "above the blue square", "somewhere else"."""
    if spot is None:
        return "somewhere else"
    return f"to the {spot}" if isinstance(spot, str) else where(spot)


def the(selector: Selector) -> str:
    """A thing of the scene: "the red circle on the left", "all the stars that are above the heart"."""
    thing = noun(selector.look, plural=selector.every)
    place = f" {at(selector.place)}" if selector.place else ""
    near = f" that {'are' if selector.every else 'is'} {where(selector.near)}" if selector.near else ""
    return f"{'all the' if selector.every else 'the'} {thing}{place}{near}"


def of_picture(number: int) -> str:
    """The one thing of an attached picture: "the thing from picture 2"."""
    return f"the thing from picture {number}"


def name(thing: Thing) -> str:
    """A thing in full, without its place."""
    return noun(full_look(thing))


def _many(look: Look, number: int) -> str:
    return f"{NUMBERS[number]} {noun(look, plural=number != 1)}"


def _spaced(words: str) -> str:
    return f" {words}" if words else ""


def _slots(op: Op) -> dict[str, str]:
    """The texts for the slots of a wording."""
    match op:
        case ops.Add(look, place):
            return {"look": a(noun(look)), "at": _spaced(where(place))}
        case ops.Replace(target, look):
            return {"sel": the(target), "look": a(noun(look))}
        case ops.Count(look, number):
            return {"plural": noun(look, plural=True), "number": NUMBERS[number], "many": _many(look, number)}
        case ops.MatchOthers(shape):
            return {"shape": shape, "shapes": pluralised(shape)}
        case ops.Move(target, place):
            return {"sel": the(target), "to": to(place)}
        case ops.Turn(target, facing):
            return {"sel": the(target), "to": facing}
        case ops.Push(target, direction):
            return {"sel": the(target), "direction": _PUSHED[direction]}
        case ops.Swap(target, other):
            return {"sel": the(target), "other": the(other)}
        case ops.Background(ground):
            return {"ground": ground}
        case ops.Clean(place):
            return {"at": _spaced(where(place))}
        case ops.AddFrom(picture, place):
            return {"pic": of_picture(picture), "at": _spaced(where(place))}
        case ops.ReplaceFrom(target, picture):
            return {"sel": the(target), "pic": of_picture(picture)}
        case ops.TransferFrom(target, picture, what):
            return {"sel": the(target), "pic": of_picture(picture), "what": what}
        case ops.Remove(target) | ops.Complete(target):
            return {"sel": the(target)}
        case ops.Alter(target, look):
            return {"sel": the(target), "value": _wording_of_change(look)[1]}
    return {}


def _wording_of_change(look: Look) -> tuple[str, str]:
    """The table that words a change of look, and the text of the new value."""
    changes = {n: v for n in ("colour", "size", "texture", "mark", "text") if (v := getattr(look, n)) is not None}
    if len(changes) != 1:
        quality = [v for n in ("size", "texture") if (v := changes.get(n))]
        quality += ["unmarked"] if changes.get("mark") == "" else []
        quality += [colour(look.colour)] if look.colour else []
        marked = f"with a {look.mark}" if look.mark else ""
        text = f'saying "{look.text}"' if look.text else ""
        return "several", " ".join(x for x in (" and ".join(quality), marked, text) if x)
    ((part, value),) = changes.items()
    table = {
        "colour": "term" if str(value).startswith("?") else "colour",
        "texture": "texture" if value == "plain" else "pattern",
        "mark": "mark" if value else "unmark",
    }.get(part, part)
    return table, colour(value) if part == "colour" else value


def _templates(op: Op, picture: bool) -> Sequence[str]:
    match op:
        case ops.Alter(_, look):
            return w.ALTERS[_wording_of_change(look)[0]]
        case ops.Turn(_, facing):
            return w.TURNS.get(facing, w.FACINGS)
        case ops.Light(tone):
            return (w.PICTURE_LIGHTS if picture else w.LIGHTS)[tone]
        case ops.Clean():
            return w.CLEANINGS
        case ops.Move():
            return w.MOVES
        case ops.Add(_, None) if picture:
            return w.PICTURE_WORDINGS[ops.Add][:1]
        case ops.Count(_, 1) if picture:
            return ("exactly {many}",)  # "one star" alone is a star, whatever else there is
    return (w.PICTURE_WORDINGS.get(type(op)) if picture else None) or w.WORDINGS[type(op)]


def phrase(op: Op, rng: np.random.Generator, picture: bool = False) -> str:
    """The op as a clause; `picture`: as part of a picture's description rather than as an order."""
    return _pick(_templates(op, picture), rng).format(**_slots(op))


def shortest_phrase(op: Op) -> str:
    """The op as the shortest of its clauses."""
    slots = _slots(op)
    return min((template.format(**slots) for template in _templates(op, picture=False)), key=len)


def photo(clauses: Sequence[Op]) -> str:
    """A new picture as GenEval words it: "a photo of three red circles", "a photo of a star left of a heart"."""
    match list(clauses):
        case [ops.Add(anchor, None), ops.Add(look, Near(direction, Selector(meant, None, None, False)))] if (
            meant == anchor
        ):
            way = {"left": "left of", "right": "right of"}.get(direction, _BESIDE[direction])
            return f"a photo of {a(noun(look))} {way} {a(noun(anchor))}"
    parts = []
    for op in clauses:
        if isinstance(op, ops.Add) and op.place is None:
            parts.append(a(noun(op.look)))
        elif isinstance(op, ops.Count):
            parts.append(("exactly " if op.number == 1 else "") + _many(op.look, op.number))
        else:
            raise ValueError(f"GenEval's forms have no words for {op.kind}")
    return f"a photo of {' and '.join(parts)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _join_list(clauses: Sequence[str], last: str) -> str:
    return clauses[0] if len(clauses) == 1 else ", ".join(clauses[:-1]) + last + clauses[-1]


def join(clauses: Sequence[str], rng: np.random.Generator, picture: bool = False) -> str:
    """The clauses as one instruction."""
    if picture:
        opening = _pick(w.OPENINGS, rng)
        return _sentence(f"{opening} {_join_list(clauses, _pick((', ', ' and ', ', and '), rng))}")
    way = int(rng.integers(5))
    if way == 0:
        return " ".join(_sentence(c) for c in clauses)
    if way == 1 and len(clauses) > 1:
        middle = [_sentence(f"{_pick(('next', 'then', 'after that'), rng)}, {c}") for c in clauses[1:-1]]
        return " ".join([_sentence(f"first, {clauses[0]}"), *middle, _sentence(f"finally, {clauses[-1]}")])
    if way == 2:
        return _sentence("; ".join(clauses))
    polite = _pick(("", "please "), rng)
    return _sentence(polite + _join_list(clauses, _pick((" and ", ", and ", ", then ", " and then "), rng)))
