"""Whether two images show the same, cell by cell. In: a flattened image, the scene it should show. Out: where it does not.

The scene is drawn with its things where the image has them, up to a small shift, so that what still differs is a difference
in looks. A pixel counts as different where nothing that is drawn within a pixel of it has its colour.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from pipeline.backends.world.drawing.draw import render
from pipeline.backends.world.drawing.layers import paints
from pipeline.backends.world.drawing.outlines import Floats
from pipeline.backends.world.oracle.flat import SIDE, SPECK, Flat, fitted, flatten
from pipeline.backends.world.scenes.looks import PLACES, TONES
from pipeline.backends.world.scenes.scene import Scene, Thing

Difference = Literal["thing", "streak"]
SHIFT = 3
"""By how many hundredths of the shorter side a thing may be off."""
TOLERANCE = np.array((18.0, 12.0, 26.0))
"""By how much red, green and blue may be off, by day: encoders keep green best, and blue worst."""
LEAST_BAD, LEAST_BAD_SIGN = 48, 300
"""More pixels than this are not the encoder's doing. Its strokes make a sign the hardest to encode, so its print is read apart."""
LEAST_PRINT, LEAST_BAD_PRINT = 0.25, 6
"""How much more or less of the ink's brightness a pixel of print must have to count, and how many such pixels are too many."""
BRIGHTNESS = np.array((0.299, 0.587, 0.114))


def _drawn(scene: Scene, size: tuple[int, int]) -> Flat:
    # Drawn in the image's own size, then resized as the image was, so that edges stay comparable.
    return flatten(fitted(render(scene, *size)), scene.background, scene.tone)


def outside(image: Floats, model: Floats, tolerance: Floats) -> int:
    """How many pixels of `image` lie outside what `model` shows within one pixel of them."""
    near = np.ones((3, 3), np.uint8)
    low, high = np.asarray(cv2.erode(model, near)) - tolerance, np.asarray(cv2.dilate(model, near)) + tolerance
    return int(np.count_nonzero(((image < low) | (image > high)).any(2)))


def _misprinted(seen: Flat, wanted: Flat, colour: str, tone: str) -> int:
    """How many pixels of a sign are inked that should not be, or the other way round. Encoders keep brightness best."""
    first, _, ink, _ = paints(colour)
    weights = BRIGHTNESS * TONES[tone]
    off = (seen.calm - wanted.calm) @ weights / float((ink - first) @ weights)
    return int(np.count_nonzero(abs(off) > LEAST_PRINT))


def _moved(thing: Thing, seen: Flat, wanted: Flat) -> Thing:
    """The thing where the image has it, as far as a small shift may take it."""
    one, two = seen.middle, wanted.middle
    if one is None or two is None:
        return thing
    dx, dy = (int(np.clip(round(100 * (p - q) / SIDE), -SHIFT, SHIFT)) for p, q in zip(one, two, strict=True))
    return replace(thing, dx=dx, dy=dy)


def _clutter(streak: bool, seen: Flat) -> Difference | None:
    """What is amiss with a cell that should be empty but for a streak, perhaps."""
    there = int(seen.mask.sum())
    if there < SPECK or (streak and seen.thin):
        return None
    return "streak" if seen.thin else "thing"


def _unlike(thing: Thing, seen: Flat, wanted: Flat, tone: str) -> bool:
    # Dividing by a dim light magnifies whatever an encoder did to the colours.
    tolerance = TOLERANCE / TONES[tone]
    bad = outside(seen.calm, wanted.calm, tolerance) + outside(wanted.calm, seen.calm, tolerance)
    if thing.text:
        return bad > LEAST_BAD_SIGN or _misprinted(seen, wanted, thing.colour, tone) > LEAST_BAD_PRINT
    return bad > LEAST_BAD


def differences(seen: Flat, wanted: Scene, size: tuple[int, int]) -> Mapping[str, Difference]:
    """The places where a flattened image of this width and height does not show what the scene has there, and what is amiss.

    The scene has the image's own ground. A streak that the scene has may look any way, or be gone.
    """
    scene = replace(wanted.settled(), artifacts=())
    model = _drawn(scene, size)
    placed = Scene.of(
        scene.background,
        (_moved(t, seen.cell(t.place), model.cell(t.place)) for t in scene.things),
        (),
        scene.tone,
    )
    model = _drawn(placed, size)
    found: dict[str, Difference] = {}
    for place in PLACES:
        thing, there, model_there = placed.at(place), seen.cell(place), model.cell(place)
        if thing is None:
            amiss = _clutter(place in wanted.artifacts, there)
            if amiss:
                found[place] = amiss
        elif _unlike(thing, there, model_there, scene.tone):
            found[place] = "thing"
    return found
