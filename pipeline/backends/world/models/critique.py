"""What a judge says. In: faults, or the lack of them. Out: sentences that name the thing, the place and what is wrong or right.

A place is always said as `language.at` says it; the background and the light are "the background" and "the light".
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


def _of(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def tell(fault: Fault, rng: np.random.Generator) -> str:
    """The fault in words: what is wrong, and where."""
    match fault.sort:
        case "background" | "light" | "impossible":
            return _of(_general(fault), rng)
        case "streak":
            where = at(fault.place or "center")
            return _of(
                (
                    f"a stray streak runs across the empty area {where}",
                    f"there is a stray streak {where}",
                    f"a thin stray mark disturbs the area {where}",
                ),
                rng,
            )
    return _of(_of_things(fault), rng)


def _general(fault: Fault) -> tuple[str, ...]:
    wanted, seen = fault.grounds
    if fault.sort == "background":
        return (
            f"the background is {seen} where it should be {wanted}",
            f"the background should be {wanted}, yet it is {seen}",
        )
    if fault.sort == "light":
        wanted, seen = _LIGHTS[wanted], _LIGHTS[seen]
        return (f"the light is wrong: {seen} instead of {wanted}", f"the light should be {wanted}, yet it is {seen}")
    return (
        f"the part that asks to {wanted} something cannot be followed: {seen}",
        f"one clause ({wanted}) does not fit the picture it starts from: {seen}",
    )


def _of_things(fault: Fault) -> tuple[str, ...]:
    where = at(fault.place or "center")
    wanted, got = fault.wanted, fault.got
    if got is None:
        w = name(wanted) if wanted else "thing"
        return (
            f"the {w} that belongs {where} is missing",
            f"there is no {w} {where}",
            f"nothing was drawn {where}, where {a(w)} should be",
        )
    g = name(got)
    if wanted is None:
        return (
            f"there is {a(g)} {where} that should not be there",
            f"the {g} {where} is one too many",
            f"{a(g)} stands {where} although that place should be empty",
        )
    w = name(wanted)
    if fault.sort == "moved":
        return (f"the {w} belongs {where} but stands {at(got.place)}", f"the {w} is {at(got.place)} instead of {where}")
    words = (
        f"{where} there is {a(g)} instead of {a(w)}",
        f"the {g} {where} should be {a(w)}",
        f"the {_RESPECTS[fault.sort]} of what stands {where} is wrong: {a(g)}, not {a(w)}",
    )
    taken = f"what was taken from picture {fault.taken} is not itself {where}: {a(g)}, not {a(w)}"
    return words if fault.taken is None else (taken, *words[:2])


def praise(axis: str, before: Scene, wanted: Scene, clauses: int, rng: np.random.Generator) -> str:
    """What is good about a picture on an axis."""

    def same(thing: Thing) -> bool:
        old = before.at(thing.place)
        return old is not None and old.look == thing.look

    changed = [f"{a(name(t))} {at(t.place)}" for t in wanted.things if not same(t)]
    kept = sum(same(t) for t in wanted.things)
    untouched = (
        f"{kept} more thing{'' if kept == 1 else 's'} kept as before" if kept else "there was nothing else to keep"
    )
    gone = [f"the {name(t)} {at(t.place)}" for t in before.things if wanted.at(t.place) is None]
    asked = ", ".join(changed) or ("no trace of " + ", ".join(gone) if gone else "nothing more to add")
    options = {
        "instruction": (
            f"everything that was asked for is there: {asked}, on {a(wanted.background)} background",
            f"{'the requested change is' if clauses == 1 else 'all requested changes are'} done; I see {asked}",
            f"the picture does what the words say, with {asked} on {wanted.background}",
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
    return sentence(_of(options, rng))
