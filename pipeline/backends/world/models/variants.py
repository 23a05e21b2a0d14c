"""Things that look otherwise. In: a thing, and a random generator. Out: a thing that differs in one respect and can be drawn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from pipeline.backends.world.scenes.looks import COLOURS, FACINGS, MARKS, PLAIN, SHAPES, SIZES, TEXTURES
from pipeline.backends.world.scenes.scene import Scene, Thing, natural

T = TypeVar("T")
GUESSES = tuple(s for s in SHAPES if s != "sign")
"""What is drawn in place of a shape that is not known; a sign would need words."""


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def pigments(scene: Scene) -> list[str]:
    """The colours that can be seen on the scene's background."""
    return [c for c in COLOURS if c != scene.background]


def _values(thing: Thing, scene: Scene) -> dict[str, list[object]]:
    """All values of each attribute that lead to another thing that can be drawn."""
    all_of: dict[str, Sequence[object]] = {
        "colour": pigments(scene),
        "size": list(SIZES),
        "shape": GUESSES,
        "texture": (PLAIN, *TEXTURES),
        "mark": ("", *MARKS),
        "facing": FACINGS,
        "chipped": (True, False),
    }
    found = {}
    for name, values in all_of.items():
        if name == "shape" and (thing.text or thing.facing != natural(thing.shape)):
            continue
        others = [v for v in values if v != getattr(thing, name) and not _changed(thing, name, v).misfit]
        if others:
            found[name] = others
    return found


def _changed(thing: Thing, name: str, value: object) -> Thing:
    new = replace(thing, **{name: value})  # type: ignore[arg-type]
    return replace(new, facing=natural(new.shape)) if name == "shape" else new


def other_look(thing: Thing, scene: Scene, rng: np.random.Generator, among: Sequence[str]) -> Thing | None:
    """The thing with one of the attributes changed; None where none of them can be."""
    values = _values(thing, scene)
    if not (names := [n for n in among if n in values]):
        return None
    name = pick(names, rng)
    return _changed(thing, name, pick(values[name], rng))


def misspelt(text: str, rng: np.random.Generator) -> str:
    """The text with one character gone, doubled, or another; still letters or digits throughout."""
    letters = "0123456789" if text.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    n, most = int(rng.integers(len(text))), 3 if text.isdigit() else 4
    wrong = text[:n] + pick([c for c in letters if c != text[n]], rng) + text[n + 1 :]
    ways = [wrong]
    if len(text) > 1:
        ways.append(text[:n] + text[n + 1 :])
    if len(text) < most:
        ways.append(text[:n] + text[n] + text[n:])
    return pick(ways, rng)
