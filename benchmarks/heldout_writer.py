"""A second instruction writer, held out: it shares no wording with the world's own, so that truth can be checked on other words.

In: clauses, a random generator, whether they describe a new picture. Out: an instruction as a person might type it to an image
editor, which means these clauses alone. It is terse or polite, in commands or wishes, one sentence, several, or a list.
"""

import string
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks import heldout_words as words
from benchmarks.heldout_nouns import Person, capital
from benchmarks.heldout_picture import DESCRIBED, description
from benchmarks.heldout_wordings import ORDERS, WISHES
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.looks import FACINGS, PLAIN
from pipeline.backends.world.scenes.ops import Look, Op, Selector

Fields = dict[str, str]
RELATIVE = {"clockwise", "counterclockwise", "around"}


def write(clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
    """The clauses in the words of one person; `picture`: as the description of a new picture."""
    who = Person(rng)
    if picture and all(isinstance(op, DESCRIBED) for op in clauses):
        return who.spelt(description(who, clauses))
    return who.spelt(_orders(who, clauses))


def _orders(who: Person, clauses: Sequence[Op]) -> str:
    """Commands and wishes, joined in one of several ways."""
    shape = who.pick(("sentences", "sentences", "sentences", "chain", "chain", "list", "lower"))
    units = _units(who, clauses)
    if shape == "sentences":
        return " ".join(_sentence(who, unit, n) for n, unit in enumerate(units))
    orders = [unit(False) for unit in units]
    if shape == "list" and len(orders) > 1:
        marker = who.pick(("{n}. ", "{n}) ", "- "))
        return "\n".join(marker.format(n=n) + capital(text) for n, text in enumerate(orders, 1))
    if shape == "lower":
        return who.pick((", ", "; ", ", then ")).join(orders)
    courtesy = who.pick(words.COURTESIES)
    text = courtesy + _chain(who, orders)
    return capital(text) + ("?" if courtesy.startswith(("Can", "Could")) else ".")


def _chain(who: Person, orders: list[str]) -> str:
    if len(orders) == 1:
        return orders[0]
    joints = ((", ", " and "), (", ", ", and "), ("; ", "; then "), (", then ", ", and finally "))
    comma, last = who.pick(joints[: 3 if len(orders) == 2 else 4])
    return comma.join(orders[:-1]) + last + orders[-1]


def _sentence(who: Person, unit: Callable[[bool], str], n: int) -> str:
    if who.chance(0.35):
        text = unit(True)
        return capital(text) + ("" if text.endswith("?") else ".")
    before = who.pick(words.NEXT) if n else who.pick(("Please ", "", "", ""))
    return capital(before + unit(False)) + who.pick((".", ".", ".", "!"))


def _units(who: Person, clauses: Sequence[Op]) -> list[Callable[[bool], str]]:
    """For each clause a function that words it as a command (False) or a wish (True); two neighbours may share one verb."""
    units: list[Callable[[bool], str]] = []
    index = 0
    while index < len(clauses):
        one, two = clauses[index], clauses[index + 1] if index + 1 < len(clauses) else None
        shared = _shared(who, one, two) if two is not None and who.chance(0.4) else None
        if shared is not None:
            units.append(partial(_fixed_text, shared))
            index += 2
            continue
        units.append(partial(_word_op, who, one))
        index += 1
    return units


def _fixed_text(text: str, wish: bool) -> str:
    return text


def _shared(who: Person, one: Op, two: Op) -> str | None:
    """Two commands with one verb; None where the result could be misread."""
    match one, two:
        case ops.Remove(a), ops.Remove(b) if a.place or a.near or not (b.place or b.near):
            return f"{who.pick(('remove', 'delete', 'get rid of'))} {who.the(a)} and {who.the(b)}"
        case ops.Add(a, str(p)), ops.Add(b, str(q)):
            return f"{who.pick(('add', 'put', 'draw'))} {who.a(a)}{who.where(p)} and {who.a(b)}{who.where(q)}"
        case ops.Alter(a, x), ops.Alter(b, y) if {_wording_key(x), _wording_key(y)} <= {"colour"}:
            verb = who.pick(("paint", "make"))
            return f"{verb} {who.the(a)} {who.colour(x.colour or '')} and {who.the(b)} {who.colour(y.colour or '')}"
    return None


def _word_op(who: Person, op: Op, wish: bool) -> str:
    key, fields = _fields(who, op)
    table = WISHES if wish else ORDERS
    fitting = [w for w in table[key] if _names(w) <= fields.keys()] or [
        w for w in ORDERS[key] if _names(w) <= fields.keys()
    ]
    return who.pick(fitting).format(**fields)


def _names(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name}


def _fields(who: Person, op: Op) -> tuple[str, Fields]:
    """The key of the wordings that fit an op, and the texts of their fields."""
    match op:
        case ops.Add(look, place):
            return "add", {"a": who.a(look)} | _places(who, place)
        case ops.Remove(target):
            return "remove", _target(who, target)
        case ops.Replace(target, look):
            new = who.noun(look, plural=True) if target.every else who.a(look)
            return "replace", _target(who, target) | {"a": new}
        case ops.Complete(target):
            return "complete", _target(who, target) | {
                "the": who.the(target).replace("with a piece missing", "that is broken")
            }
        case ops.Count(look, number):
            many = f"{who.number(number)} {who.noun(look, number != 1)}"
            fields = {"n": many, "are": "is" if number == 1 else "are", "number": who.number(number)}
            return "count", fields | {"plural": who.noun(look, True)}
        case ops.MatchOthers(shape):
            return "match", {"shape": who.shape(shape), "plural": who.shape(shape, True)}
        case ops.Move(target, place):
            moved = _target(who, target) | _places(who, place) | {"to": who.towards(place)}
            return ("move" if place else "elsewhere"), moved
        case ops.Push(target, direction):
            return "push", _target(who, target) | {"way": who.pick(words.WAYS[direction])}
        case ops.Swap(target, other):
            placed = (other, target) if other.place and not target.place else (target, other)
            return "swap", {"the": who.the(placed[0]), "other": who.the(placed[1])}
        case ops.Alter():
            return _alteration(who, op)
        case _:
            return _other_fields(who, op)


def _other_fields(who: Person, op: Op) -> tuple[str, Fields]:
    match op:
        case ops.Turn(target, to):
            way = {"way": who.pick(words.WAYS[to])} if to in FACINGS else {}
            return (to if to in RELATIVE else "turn"), _target(who, target) | way
        case ops.Background(colour):
            return "background", {"new": colour}
        case ops.Light(tone):
            return "light", dict(zip(("what", "when", "light"), words.TONES[tone], strict=True))
        case ops.Clean(place):
            return "clean", {"at": who.where(place)}
        case ops.AddFrom(number, place):
            return "add_from", {"borrowed": who.borrowed(number)} | _places(who, place)
        case ops.ReplaceFrom(target, number):
            return "replace_from", _target(who, target) | {"borrowed": who.borrowed(number)}
        case ops.TransferFrom(target, number, what):
            return f"transfer {what}", _target(who, target) | {"borrowed": who.borrowed(number)}
        case ops.Later() | ops.Behind():
            return op.kind, {}
    raise ValueError(f"there are no words for {op.kind}")


def _places(who: Person, place: ops.Spot) -> Fields:
    at = who.where(place, exactly=True)
    fields = {"at": at}
    if at:
        fields["place"] = at
        fields["fronted"] = at.strip()
    if isinstance(place, str):
        fields["cell"] = at
    return fields


def _target(who: Person, target: Selector) -> Fields:
    """The fields of the target, and of the words that agree with it; `bare` only for a target without a place."""
    many = target.every
    fields = {"the": who.the(target), "it": "they" if many else "it", "them": "them" if many else "it"}
    fields |= {"is": "are" if many else "is", "has": "have" if many else "has"}
    fields |= {"s": "" if many else "s", "es": "" if many else "es"}
    return fields | ({} if target.place or target.near else {"bare": fields["the"]})


def _wording_key(look: Look) -> str:
    """The key of the wordings of an alteration; "look" when it changes several attributes at once."""
    names = [n for n in ("colour", "size", "texture", "mark", "text") if getattr(look, n) is not None]
    if len(names) != 1:
        return "look"
    if names == ["colour"] and (look.colour or "").startswith("?"):
        return "term"
    plain = {"texture": look.texture == PLAIN, "mark": look.mark == ""}.get(names[0], False)
    return {"texture": "plain", "mark": "unmark"}[names[0]] if plain else names[0]


def _alteration(who: Person, op: ops.Alter) -> tuple[str, Fields]:
    look, key = op.look, _wording_key(op.look)
    fields = _target(who, op.target)
    match key:
        case "colour" | "term":
            return key, fields | {"new": who.colour(look.colour or "")}
        case "size":
            return key, fields | {"new": who.size(look.size or "").replace("little", "small")}
        case "texture":
            new, stuff = words.TEXTURES[look.texture or ""]
            return key, fields | {"new": new, "stuff": stuff}
        case "mark":
            return key, fields | {"stuff": words.MARKS[look.mark or ""]}
        case "text":
            return key, fields | {"new": who.text(look.text or "")}
        case "look":
            return key, fields | {"new": _several(who, look)}
    return key, fields


def _several(who: Person, look: Look) -> str:
    qualities = [who.size(look.size)] if look.size else []
    qualities += [look.texture] if look.texture else []
    qualities += [who.colour(look.colour)] if look.colour else []
    have = [words.MARKS[look.mark]] if look.mark else []
    return " and ".join(qualities) + (f" with {have[0]}" if have else "")
