"""Word a judge's reasons. In: faults, or none. Out: sentences that name the thing, its place, and what is wrong or right.

Places are worded by `language.at`; the background and the light are "the background" and "the light". `reflection` reads
these words back, so both must change together.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.words.language import a, at, name

_RESPECTS: Mapping[str, str] = MappingProxyType(
    {
        "shape": "shape",
        "colour": "colour",
        "size": "size",
        "texture": "pattern",
        "mark": "mark",
        "facing": "direction",
        "chipped": "outline",
        "text": "lettering",
    }
)
_LIGHTS = {"day": "daylight", "evening": "evening light", "night": "night"}


def sentence(text: str) -> str:
    """The text as a sentence."""
    return text[:1].upper() + text[1:] + "."


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def tell(fault: Fault, rng: np.random.Generator) -> str:
    """Word a fault: what is wrong, and where."""
    match fault.sort:
        case "background" | "light" | "impossible":
            return _pick(_scene_wordings(fault), rng)
        case "streak":
            where = at(fault.place or "center")
            return _pick(
                (
                    f"a stray streak runs across the empty area {where}",
                    f"there is a stray streak {where}",
                    f"a thin stray mark disturbs the area {where}",
                ),
                rng,
            )
    return _pick(_thing_wordings(fault), rng)


def _scene_wordings(fault: Fault) -> tuple[str, ...]:
    expected, shown = fault.grounds
    if fault.sort == "background":
        return (
            f"the background is {shown} where it should be {expected}",
            f"the background should be {expected}, yet it is {shown}",
        )
    if fault.sort == "light":
        expected, shown = _LIGHTS[expected], _LIGHTS[shown]
        return (
            f"the light is wrong: {shown} instead of {expected}",
            f"the light should be {expected}, yet it is {shown}",
        )
    return (
        f"the part that asks to {expected} something cannot be followed: {shown}",
        f"one clause ({expected}) does not fit the picture it starts from: {shown}",
    )


def _thing_wordings(fault: Fault) -> tuple[str, ...]:
    where = at(fault.place or "center")
    expected, got = fault.expected, fault.got
    if got is None:
        w = name(expected) if expected else "thing"
        return (
            f"the {w} that belongs {where} is missing",
            f"there is no {w} {where}",
            f"nothing was drawn {where}, where {a(w)} should be",
        )
    g = name(got)
    if expected is None:
        return (
            f"there is {a(g)} {where} that should not be there",
            f"the {g} {where} is one too many",
            f"{a(g)} stands {where} although that place should be empty",
        )
    w = name(expected)
    if fault.sort == "moved":
        return (f"the {w} belongs {where} but stands {at(got.place)}", f"the {w} is {at(got.place)} instead of {where}")
    words = (
        f"{where} there is {a(g)} instead of {a(w)}",
        f"the {g} {where} should be {a(w)}",
        f"the {_RESPECTS[fault.sort]} of what stands {where} is wrong: {a(g)}, not {a(w)}",
    )
    not_itself = f"what was taken from picture {fault.borrowed_from} is not itself {where}: {a(g)}, not {a(w)}"
    return words if fault.borrowed_from is None else (not_itself, *words[:2])


def praise(axis: str, before: Scene, target: Scene, clauses: int, rng: np.random.Generator) -> str:
    """Word what is good about a picture on an axis."""

    def is_unchanged(thing: Thing) -> bool:
        old = before.at(thing.place)
        return old is not None and old.look == thing.look

    changed = [f"{a(name(t))} {at(t.place)}" for t in target.things if not is_unchanged(t)]
    unchanged = sum(is_unchanged(t) for t in target.things)
    untouched = (
        f"{unchanged} more thing{'' if unchanged == 1 else 's'} kept as before"
        if unchanged
        else "there was nothing else to keep"
    )
    gone = [f"the {name(t)} {at(t.place)}" for t in before.things if target.at(t.place) is None]
    changes = ", ".join(changed) or ("no trace of " + ", ".join(gone) if gone else "nothing more to add")
    options = {
        "instruction": (
            f"everything that was asked for is there: {changes}, on {a(target.background)} background",
            f"{'the requested change is' if clauses == 1 else 'all requested changes are'} done; I see {changes}",
            f"the picture does what the words say, with {changes} on {target.background}",
        ),
        "consistency": (
            f"what the words do not name is untouched: {untouched}",
            f"nothing besides what was asked for has moved or changed; {untouched}",
            f"places, colours and sizes of all that was not mentioned are the same; {untouched}",
        ),
        "quality": (
            "edges are clean, fills are even, and there are no stray marks",
            "crisp outlines and an even background without artifacts",
            "a tidy image: no streaks, no broken outlines",
        ),
        "knowledge": (
            "shapes and proportions are what their names mean",
            "nothing contradicts what is known about these things",
            "everything is and behaves as its name says",
        ),
    }[axis]
    return sentence(_pick(options, rng))
