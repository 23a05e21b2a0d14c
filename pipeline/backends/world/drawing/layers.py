"""Split a thing into layers. In: a thing, and its position on a patch. Out: the cover, and the share of each paint per pixel.

A drawn pixel is the ground's colour and, as far as the thing covers it, the mixture of the thing's four paints times the light
on it. Both `draw`, which mixes, and `sight`, which compares, use these layers.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.backends.world.drawing.cloth import mark, texture
from pipeline.backends.world.drawing.letters import Stroke, strokes
from pipeline.backends.world.drawing.light import glare, shade
from pipeline.backends.world.drawing.outlines import Floats, Polygons, figure
from pipeline.backends.world.scenes.looks import COLOURS, PLAIN, SIZES
from pipeline.backends.world.scenes.scene import Thing

Pixels = npt.NDArray[np.uint8]
OVERSAMPLE = 4
PAINTS = ("first", "second", "ink", "glare")
DARK = 0.52
SECOND = {"black": (98, 98, 102), "white": (86, 98, 132)}
INK = {"white": "black", "yellow": "black"}
SHINE = {"black": (112, 112, 120)}


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch `width` x `height` in pixels, the thing's centre on it, and how many pixels the picture's shorter side has."""

    width: int
    height: int
    x: float
    y: float
    unit: float


@dataclass(frozen=True, slots=True)
class Layers:
    """`cover` 0..1 and `light` around 1, both (height, width); `mix`, the share of each paint, (height, width, 4)."""

    cover: Floats
    light: Floats
    mix: Floats


@cache
def paints(colour: str) -> Floats:
    """The four paints of a thing of this colour, (4, 3): its own, the second tone, that of marks and text, and of glare."""
    first = np.array(COLOURS[colour], np.float32)
    second = np.array(SECOND[colour], np.float32) if colour in SECOND else first * DARK
    glare = np.array(SHINE.get(colour, (255, 255, 255)))
    return np.stack([first, second, np.array(COLOURS[INK.get(colour, "white")]), glare]).astype(np.float32)


def _fixed(points: Floats, frame: Patch, radius: float) -> npt.NDArray[np.int32]:
    # Pixel centres of the fine grid lie at half-integers, hence the -0.5; four bits of sub-pixel precision.
    return np.round(((points * radius + (frame.x, frame.y)) * OVERSAMPLE - 0.5) * 16).astype(np.int32)


def coverage(solid: Polygons, frame: Patch, radius: float, holes: Polygons = ()) -> Floats:
    """How much of each pixel the polygons cover, 0..1. The polygons are in radii from the thing's centre."""
    fine: Pixels = np.zeros((frame.height * OVERSAMPLE, frame.width * OVERSAMPLE), np.uint8)
    for level, polygons in ((255, solid), (0, holes)):
        for polygon in polygons:
            cv2.fillPoly(fine, [_fixed(polygon, frame, radius)], level, shift=4)
    return _averaged(fine, frame)


def inked(lines: list[Stroke], frame: Patch, radius: float) -> Floats:
    """How much of each pixel the strokes cover, 0..1."""
    fine: Pixels = np.zeros((frame.height * OVERSAMPLE, frame.width * OVERSAMPLE), np.uint8)
    for line in lines:
        wide = max(1, round(line.width * radius * OVERSAMPLE))
        cv2.polylines(fine, [_fixed(line.points, frame, radius)], False, 255, wide, cv2.LINE_8, 4)
    return _averaged(fine, frame)


def _averaged(fine: Pixels, frame: Patch) -> Floats:
    return np.asarray(cv2.resize(fine, (frame.width, frame.height), interpolation=cv2.INTER_AREA), np.float32) / 255


def _grid(frame: Patch, radius: float) -> tuple[Floats, Floats]:
    u = ((np.arange(frame.width) + 0.5 - frame.x) / radius).astype(np.float32)
    v = ((np.arange(frame.height) + 0.5 - frame.y) / radius).astype(np.float32)
    return u[None, :], v[:, None]


def split(thing: Thing, frame: Patch) -> Layers:
    """The layers of a thing whose centre is the frame's."""
    radius = SIZES[thing.size] * frame.unit
    shape = figure(thing.shape, thing.facing, thing.chipped)
    cover = coverage((*shape.solid, *shape.detail), frame, radius, shape.holes)
    u, v = _grid(frame, radius)
    whole: tuple[int, ...] = (frame.height, frame.width)
    second = coverage(shape.detail, frame, radius, shape.inlay) if shape.detail else np.zeros(whole, np.float32)
    if thing.texture != PLAIN:
        size = SIZES[thing.size]
        second = np.broadcast_to(texture(thing.texture, u * size, v * size, 1 / frame.unit), whole)
    ink: Any = 0.0
    if thing.mark:
        ink = coverage(mark(thing.mark), frame, radius)
    if thing.text:
        ink = inked(list(strokes(thing.text)), frame, radius)
    shine = glare(thing.shape, *np.broadcast_arrays(u, v)) * (1 - ink) * (1 - 0.6 * second)
    rest = 1 - ink - shine
    mix = np.stack(np.broadcast_arrays(rest * (1 - second), rest * second, ink, shine), axis=-1).astype(np.float32)
    return Layers(cover, np.asarray(np.broadcast_to(shade(u, v), whole), np.float32), mix)
