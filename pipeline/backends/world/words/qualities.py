"""Read qualities. In: words, and the features after a noun. Out: attributes of a `Look`, or a look with one more attribute."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pipeline.backends.world.scenes.ops import Look
from pipeline.backends.world.words import lexicon

TURNABLE = ("triangle", "heart", "arrow")
"""Shapes for which "upside down" has a meaning."""


@cache
def heads() -> Mapping[str, tuple[str | None, bool]]:
    """From each noun to its shape (None when it leaves the shape open) and whether it is plural."""
    things = dict.fromkeys(lexicon.THINGS, (None, False)) | {lexicon.plural(w): (None, True) for w in lexicon.THINGS}
    return {**things, **lexicon.words()}


@cache
def adjectives() -> Mapping[str, tuple[str, Any]]:
    """From words before a noun to an attribute of a look, or the place, and its value."""
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("place", {**lexicon.CELL_WORDS, "central": "center"}),
        ("facing", {f"{w} {v}": f for w, f in lexicon.WAYS.items() for v in ("pointing", "facing")}),
        ("chipped", dict.fromkeys(lexicon.BROKEN, True) | dict.fromkeys(lexicon.WHOLE, False)),
        ("facing", {"upside down": "down"}),
    )
    return qualities() | {word: (part, value) for part, table in tables for word, value in table.items()}


@cache
def qualities() -> dict[str, tuple[str, Any]]:
    """From words that stand both before a noun and after "make it" to an attribute of a look and its value."""
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


def with_quality(look: Look, part: str, value: Any) -> Look | None:
    """The look with one more attribute; None when it has that attribute already."""
    return replace(look, **{part: value}) if getattr(look, part) is None else None


def tint_fits(tint: str | None, colour: str | None) -> bool:
    """Whether a mark on a thing of a colour has that tint: marks are black on white and yellow, white on all others."""
    return tint is None or tint == ("black" if colour in ("white", "yellow") else "white")


def with_feature(look: Look, key: str, bound: Mapping[str, Any]) -> Look | None:
    """The look with a feature after the noun; None when the feature contradicts the look."""
    match key:
        case "mark":
            mark, tint = bound["mark"]
            return with_quality(look, "mark", mark) if tint_fits(tint, look.colour) else None
        case "pattern":
            return with_quality(look, "texture", bound["pattern"])
        case "way":
            return with_quality(look, "facing", bound["way"])
        case "broken":
            return with_quality(look, "chipped", True)
        case "down":
            return with_quality(look, "facing", "down") if look.shape in TURNABLE else None
        case "term" | "colour":
            return with_quality(look, "colour", bound.get("term") or bound["hue"])
        case _:
            return with_quality(look, key, bound[key])
