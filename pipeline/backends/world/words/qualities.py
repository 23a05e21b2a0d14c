"""What words say of a look. In: words, and what the features after a noun are. Out: parts of a `Look`, or a look with more said."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pipeline.backends.world.scenes.ops import Look
from pipeline.backends.world.words import lexicon

TURNABLE = ("triangle", "heart", "arrow")
"""Shapes that can stand upside down."""


@cache
def heads() -> Mapping[str, tuple[str | None, bool]]:
    """Nouns: the shape that each names, None for a mere thing, and whether it is plural."""
    things = dict.fromkeys(lexicon.THINGS, (None, False)) | {lexicon.plural(w): (None, True) for w in lexicon.THINGS}
    return {**things, **lexicon.words()}


@cache
def adjectives() -> Mapping[str, tuple[str, Any]]:
    """Words before a noun: the part of the look that they speak of, and what they say."""
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("place", {**lexicon.CELL_WORDS, "central": "center"}),
        ("facing", {f"{w} {v}": f for w, f in lexicon.WAYS.items() for v in ("pointing", "facing")}),
        ("chipped", dict.fromkeys(lexicon.BROKEN, True) | dict.fromkeys(lexicon.WHOLE, False)),
        ("facing", {"upside down": "down"}),
    )
    return qualities() | {word: (part, value) for part, table in tables for word, value in table.items()}


@cache
def qualities() -> dict[str, tuple[str, Any]]:
    """Words that say how a thing looks, before a noun and after "make it"."""
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("colour", lexicon.COLOUR_WORDS),
        ("colour", {f"{c} {s}": v for c, v in lexicon.COLOUR_WORDS.items() for s in ("coloured", "colored")}),
        (
            "size",
            dict(lexicon.SIZE_WORDS) | {f"{s} sized": v for s, v in lexicon.SIZE_WORDS.items() if "sized" not in s},
        ),
        ("texture", lexicon.TEXTURE_WORDS),
        ("mark", dict.fromkeys(lexicon.UNMARKED, "")),
    )
    return {word: (part, value) for part, table in tables for word, value in table.items()}


def said(look: Look, part: str, value: Any) -> Look | None:
    """The look with one thing more said of it; None when that part was spoken of already."""
    return replace(look, **{part: value}) if getattr(look, part) is None else None


def tinted(tint: str | None, colour: str | None) -> bool:
    """Whether a mark on a thing of a colour may be called so: marks are white, and black on white and yellow."""
    return tint is None or tint == ("black" if colour in ("white", "yellow") else "white")


def featured(look: Look, key: str, bound: Mapping[str, Any]) -> Look | None:
    """The look with a feature; None when it contradicts what was said."""
    match key:
        case "mark":
            mark, tint = bound["mark"]
            return said(look, "mark", mark) if tinted(tint, look.colour) else None
        case "pattern":
            return said(look, "texture", bound["pattern"])
        case "way":
            return said(look, "facing", bound["way"])
        case "broken":
            return said(look, "chipped", True)
        case "down":
            return said(look, "facing", "down") if look.shape in TURNABLE else None
        case "term" | "colour":
            return said(look, "colour", bound.get("term") or bound["hue"])
        case _:
            return said(look, key, bound[key])
