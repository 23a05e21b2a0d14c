"""Vary things. In: a thing, and a random generator. Out: a thing that differs in one attribute and can be drawn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from pipeline.backends.world.scenes.looks import COLOURS, FACINGS, MARKS, PLAIN, SHAPES, SIZES, TEXTURES
from pipeline.backends.world.scenes.scene import Scene, Thing, natural_facing

T = TypeVar("T")
GUESSES = tuple(s for s in SHAPES if s != "sign")
"""The shapes that may replace an unknown one; a sign is not among them, because it needs a text."""


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def pigments(scene: Scene) -> list[str]:
    """The colours that can be seen on the scene's background."""
    return [c for c in COLOURS if c != scene.background]


def _values(thing: Thing, scene: Scene) -> dict[str, list[object]]:
    """For each attribute the values that make another thing that can be drawn."""
    candidates: dict[str, Sequence[object]] = {
        "colour": pigments(scene),
        "size": list(SIZES),
        "shape": GUESSES,
        "texture": (PLAIN, *TEXTURES),
        "mark": ("", *MARKS),
        "facing": FACINGS,
        "chipped": (True, False),
    }
    options = {}
    for name, values in candidates.items():
        if name == "shape" and (thing.text or thing.facing != natural_facing(thing.shape)):
            continue
        others = [v for v in values if v != getattr(thing, name) and not _with(thing, name, v).misfit]
        if others:
            options[name] = others
    return options


def _with(thing: Thing, name: str, value: object) -> Thing:
    new = replace(thing, **{name: value})  # type: ignore[arg-type]
    return replace(new, facing=natural_facing(new.shape)) if name == "shape" else new


def other_look(thing: Thing, scene: Scene, rng: np.random.Generator, among: Sequence[str]) -> Thing | None:
    """The thing with one of the attributes in `among` changed; None when none of them can change."""
    values = _values(thing, scene)
    if not (names := [n for n in among if n in values]):
        return None
    name = pick(names, rng)
    return _with(thing, name, pick(values[name], rng))


def misspell(text: str, rng: np.random.Generator) -> str:
    """The text with one character removed, doubled or replaced; it stays all letters or all digits."""
    letters = "0123456789" if text.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    n, most = int(rng.integers(len(text))), 3 if text.isdigit() else 4
    wrong = text[:n] + pick([c for c in letters if c != text[n]], rng) + text[n + 1 :]
    ways = [wrong]
    if len(text) > 1:
        ways.append(text[:n] + text[n + 1 :])
    if len(text) < most:
        ways.append(text[:n] + text[n] + text[n:])
    return pick(ways, rng)
