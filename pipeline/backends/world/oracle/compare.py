"""Compare an image with a scene, cell by cell. In: a flattened image, the scene it should show. Out: the places that differ.

The scene is first drawn with its things shifted to where the image has them, so that any remaining difference is one of looks.
A pixel differs when its colour lies outside the colours drawn within one pixel of it.
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
"""How far a thing may be shifted, in hundredths of the shorter side."""
TOLERANCE = np.array((18.0, 12.0, 26.0))
"""How far red, green and blue may differ by day. Encoders preserve green best and blue worst."""
LEAST_BAD, LEAST_BAD_SIGN = 48, 300
"""An encoder may spoil this many pixels of a thing, or of a sign. Strokes encode worst, so print has a test of its own."""
LEAST_PRINT, LEAST_BAD_PRINT = 0.25, 6
"""How much ink, as a share of its brightness, a right pixel of print may have too much or lack; how many wrong ones may be."""
BRIGHTNESS = np.array((0.299, 0.587, 0.114))


def _render_flat(scene: Scene, size: tuple[int, int]) -> Flat:
    # Drawn in the image's own size, then resized as the image was, so that edges stay comparable.
    return flatten(fitted(render(scene, *size)), scene.background, scene.tone)


def count_outside(image: Floats, model: Floats, tolerance: Floats) -> int:
    """How many pixels of `image` lie outside the range of colours that `model` has within one pixel of them."""
    near = np.ones((3, 3), np.uint8)
    low, high = np.asarray(cv2.erode(model, near)) - tolerance, np.asarray(cv2.dilate(model, near)) + tolerance
    return int(np.count_nonzero(((image < low) | (image > high)).any(2)))


def _count_misprints(shown: Flat, model: Flat, colour: str, tone: str) -> int:
    """How many pixels of a sign have ink and should not, or lack it. Brightness alone counts: encoders preserve it best."""
    first, _, ink, _ = paints(colour)
    weights = BRIGHTNESS * TONES[tone]
    excess = (shown.calm - model.calm) @ weights / float((ink - first) @ weights)
    return int(np.count_nonzero(abs(excess) > LEAST_PRINT))


def _shift_to_image(thing: Thing, shown: Flat, model: Flat) -> Thing:
    """The thing moved to where the image has it, by `SHIFT` at most."""
    one, two = shown.middle, model.middle
    if one is None or two is None:
        return thing
    dx, dy = (int(np.clip(round(100 * (p - q) / SIDE), -SHIFT, SHIFT)) for p, q in zip(one, two, strict=True))
    return replace(thing, dx=dx, dy=dy)


def _problem_of_empty_cell(streak: bool, shown: Flat) -> Difference | None:
    """The problem of a cell that should hold no thing, and a streak only if `streak`; None when there is none."""
    pixels = int(shown.mask.sum())
    if pixels < SPECK or (streak and shown.thin):
        return None
    return "streak" if shown.thin else "thing"


def _is_unlike(thing: Thing, shown: Flat, model: Flat, tone: str) -> bool:
    # Dividing by a dim light magnifies whatever an encoder did to the colours.
    tolerance = TOLERANCE / TONES[tone]
    bad = count_outside(shown.calm, model.calm, tolerance) + count_outside(model.calm, shown.calm, tolerance)
    if thing.text:
        return bad > LEAST_BAD_SIGN or _count_misprints(shown, model, thing.colour, tone) > LEAST_BAD_PRINT
    return bad > LEAST_BAD


def differences(image: Flat, expected: Scene, size: tuple[int, int]) -> Mapping[str, Difference]:
    """The places where a flattened image of this width and height does not show the scene, and the problem of each.

    The scene must have the image's own background and tone. A streak of the scene may have any form, or be gone.
    """
    scene = replace(expected.settled(), artifacts=())
    model = _render_flat(scene, size)
    placed = Scene.of(
        scene.background,
        (_shift_to_image(t, image.cell(t.place), model.cell(t.place)) for t in scene.things),
        (),
        scene.tone,
    )
    model = _render_flat(placed, size)
    problems: dict[str, Difference] = {}
    for place in PLACES:
        thing, image_cell, model_cell = placed.at(place), image.cell(place), model.cell(place)
        if thing is None:
            problem = _problem_of_empty_cell(place in expected.artifacts, image_cell)
            if problem:
                problems[place] = problem
        elif _is_unlike(thing, image_cell, model_cell, scene.tone):
            problems[place] = "thing"
    return problems
