"""Reading the world's English. In: a text. Out: the ops it asks for (`parse`, the exact inverse of `phrase` and `join`).

Case, spacing and courtesies do not matter. What is no clause is refused by `parse` and passed over by `glean`.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pipeline.world import ops
from pipeline.world.language import NUMBERS, OPENINGS, PICTURE_WORDINGS, WORDINGS
from pipeline.world.ops import Look, Op, Selector
from pipeline.world.scene import BACKGROUNDS, COLOURS, EXOTIC_SHAPES, EXOTIC_TEXTURES, PLACES, SHAPES, SIZES

COURTESIES = (
    "please",
    "everything",
    "could you",
    "can you",
    "would you",
    "kindly",
    "thanks",
    "thank you",
    "i want you to",
    "now",
    "i would like you to",
    "for me",
    "hello",
    "hi",
    "to finish",
    "after that",
    "in addition",
)
GROUNDS = ("a {ground} background", "a plain {ground} background")


class NotUnderstood(ValueError):
    """A piece of text that is no clause of this language; `piece` holds it."""

    def __init__(self, piece: str) -> None:
        super().__init__(f"I do not understand {piece!r}")
        self.piece = piece


def _either(words: Sequence[str]) -> str:
    return "(?:" + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)) + ")"


_LOOK = (
    rf"(?:(?P<%s_size>{_either(list(SIZES))}) )?(?:(?P<%s_colour>{_either(list(COLOURS))}) )?"
    rf"(?:(?P<%s_texture>{_either(EXOTIC_TEXTURES)}) )?(?P<%s_shape>{_either((*SHAPES, *EXOTIC_SHAPES, 'thing'))})"
)
_PLACE = rf"(?:the )?(?P<%s_place>{_either((*PLACES, 'middle', 'centre'))})(?: corner| side| edge)?"
_AT = rf"(?:at|in|on|to) {_PLACE}"
_NUMBER = rf"(?P<number>{_either(NUMBERS)}|[0-9])"
_PATTERNS = {
    "look": rf"(?:an?|one) {_LOOK}",
    "sel": rf"the {_LOOK}(?: {_AT})?",
    "other": rf"the {_LOOK}(?: {_AT})?",
    "at": _AT,
    "to": _PLACE,
    "many": rf"{_NUMBER} {_LOOK}(?:e?s)?",
    "plural": rf"{_LOOK}(?:e?s)?",
    "number": _NUMBER,
    "colour": rf"(?P<colour>{_either(list(COLOURS))})",
    "size": rf"(?P<size>{_either(list(SIZES))})",
    "ground": rf"(?P<ground>{_either(list(BACKGROUNDS))})",
}


def _pattern(wording: str) -> re.Pattern[str]:
    def slot(match: re.Match[str]) -> str:
        return _PATTERNS[match[1]].replace("%s", match[1])

    return re.compile(re.sub(r"\{(\w+)\}", slot, wording))


@cache
def _readers() -> tuple[tuple[type[Op], re.Pattern[str]], ...]:
    tables = (*WORDINGS.items(), *PICTURE_WORDINGS.items(), (ops.Background, GROUNDS))
    return tuple((kind, _pattern(wording)) for kind, wordings in tables for wording in wordings)


def _look(found: dict[str, str | None], slot: str) -> Look:
    shape = found[f"{slot}_shape"]
    said = (found[f"{slot}_{part}"] for part in ("colour", "size", "texture"))
    return Look(None if shape == "thing" else shape, *said)


def _place(found: dict[str, str | None], slot: str) -> str:
    place = found[f"{slot}_place"] or ""
    return "center" if place in ("middle", "centre") else place


def _selector(found: dict[str, str | None], slot: str) -> Selector:
    return Selector(_look(found, slot), _place(found, slot) or None)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word)


_BUILD: dict[type[Op], Callable[[dict[str, Any]], Op]] = {
    ops.Add: lambda f: ops.Add(_look(f, "look"), _place(f, "at")),
    ops.Remove: lambda f: ops.Remove(_selector(f, "sel")),
    ops.Replace: lambda f: ops.Replace(_selector(f, "sel"), _look(f, "look")),
    ops.Recolour: lambda f: ops.Recolour(_selector(f, "sel"), f["colour"]),
    ops.Resize: lambda f: ops.Resize(_selector(f, "sel"), f["size"]),
    ops.Count: lambda f: ops.Count(_look(f, "many" if "many_shape" in f else "plural"), _number(f["number"])),
    ops.Move: lambda f: ops.Move(_selector(f, "sel"), _place(f, "to")),
    ops.Swap: lambda f: ops.Swap(_selector(f, "sel"), _selector(f, "other")),
    ops.Background: lambda f: ops.Background(f["ground"]),
    ops.Clean: lambda f: ops.Clean(_place(f, "at")),
}
_BREAKS = re.compile(
    r"[.;,:!?\n]|\b(?:and|then|next|first|finally|also|lastly)\b|(?=\b(?:on|against|with) a (?:plain )?\w+ background)"
)
_KEPT = re.compile(r"(?:leave|keep) (?:everything else|all else|the rest) (?:as it is|unchanged|as is)")
_COURTESY = rf"(?:{_either((*COURTESIES, *OPENINGS[1:]))})"
_FRAME = re.compile(rf"^(?:{_COURTESY}(?:\s+|$))+|(?:\s+{_COURTESY})+$")


def _clause(piece: str) -> Op:
    # "draw" opens a picture's description and is an order too: read as it stands, then without it.
    for text in (piece, piece.removeprefix("draw ")):
        for kind, pattern in _readers():
            if match := pattern.fullmatch(text):
                return _BUILD[kind](match.groupdict())
    raise NotUnderstood(piece)


def pieces(text: str) -> list[str]:
    """The text cut into clauses, without courtesies and without "leave everything else as it is"."""
    cut = (" ".join(p.split()) for p in _BREAKS.split(text.lower()))
    bare = (_FRAME.sub("", p).strip() for p in cut)
    return [p for p in bare if p not in ("", "draw") and not _KEPT.fullmatch(p)]


def parse(text: str) -> list[Op]:
    """The ops that a text asks for. Raises NotUnderstood for a piece that is no clause, or when there is none."""
    found = [_clause(p) for p in pieces(text)]
    if not found:
        raise NotUnderstood(text)
    return found


def glean(text: str) -> list[Op]:
    """The ops in a text that may hold other words too; those are passed over."""
    found: list[Op] = []
    for piece in pieces(text):
        try:
            found.append(_clause(piece))
        except NotUnderstood:
            continue
    return found
