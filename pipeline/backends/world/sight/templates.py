"""The templates of `vision`. In: nothing. Out: the bank of all silhouettes, and the dresses of each form.

All templates share one scale: patches of `PATCH` x `PATCH` pixels, at which a picture's shorter side has `UNIT` pixels.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.backends.world.drawing.layers import Layers, Patch, Pixels, paints, split
from pipeline.backends.world.drawing.outlines import Floats
from pipeline.backends.world.scenes.looks import (
    CLOTH,
    COLOURS,
    DIRECTED,
    EXOTIC_SHAPES,
    FACINGS,
    MARKS,
    PLAIN,
    SHAPES,
    SIZES,
    TEXTURES,
    misfit,
)
from pipeline.backends.world.scenes.scene import Thing

PATCH, UNIT = 64, 200.0
HOLE = 0.26
"""Holes smaller than this share of a silhouette are filled: marks and letters in the ground's colour look like holes."""
SEAM = 0.15
"""The same on grounds whose colour no ink has: there a larger hole can only be that of a ring."""


class Form(NamedTuple):
    """The attributes of a thing that its silhouette shows."""

    shape: str
    size: str
    facing: str
    chipped: bool


@dataclass(frozen=True, slots=True)
class Bank:
    """All silhouettes, one a row, and their energies. `offsets`: centroid to centre, in fractions of the shorter side."""

    forms: tuple[Form, ...]
    silhouettes: Floats
    energies: Floats
    offsets: Floats


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Every dress (texture, mark) of a form, as shares of paints on the pixels in the mask `inside`.

    `shares` is (dresses, paints, pixels), `overlaps` (dresses, paints, paints), `light` (pixels).
    """

    dresses: tuple[tuple[str, str], ...]
    inside: Pixels
    light: Floats
    shares: Floats
    overlaps: Floats

    def best(self, colours: Floats) -> tuple[str, str, str]:
        """Texture, mark and colour that explain (PATCH, PATCH, 3) colours with the least squared error."""
        values = colours[self.inside > 0] / self.light[:, None]
        table = _palette()
        # |values - shares x paints|^2 without |values|^2, which is the same for all.
        cross = np.einsum("hkn,nc->hkc", self.shares, values)
        error = np.einsum("hkl,pkl->hp", self.overlaps, np.einsum("pkc,plc->pkl", table, table))
        error = error - 2 * np.einsum("hkc,pkc->hp", cross, table)
        dress, colour = np.unravel_index(int(np.argmin(error)), error.shape)
        return (*self.dresses[int(dress)], list(COLOURS)[int(colour)])


@cache
def _palette() -> Floats:
    return np.stack([paints(colour) for colour in COLOURS])


def centroid(cover: Floats) -> tuple[float, float]:
    """The middle of what is covered: x, y in pixels."""
    total = float(cover.sum())
    h, w = cover.shape
    return float(cover.sum(0) @ (np.arange(w) + 0.5)) / total, float(cover.sum(1) @ (np.arange(h) + 0.5)) / total


def filled(mask: Pixels, largest: float = HOLE) -> Pixels:
    """A 0/1 mask without the holes that take less than `largest` of it."""
    outer, tree = cv2.findContours(np.pad(mask, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if tree is None:
        return mask
    whole = max(cv2.contourArea(c) for c in outer)
    canvas = np.pad(mask, 1)
    for contour, links in zip(outer, np.asarray(tree).reshape(-1, 4), strict=True):
        if links[3] >= 0 and cv2.contourArea(contour) < largest * whole:
            cv2.drawContours(canvas, [contour], -1, 1, cv2.FILLED)
    return np.ascontiguousarray(canvas[1:-1, 1:-1])


def _layers(form: Form, x: float, y: float, texture: str = PLAIN, mark: str = "") -> Layers:
    thing = Thing(form.shape, "red", form.size, "center", texture, mark, form.facing, form.chipped)
    return split(thing, Patch(PATCH, PATCH, x, y, UNIT))


def _silhouette(form: Form, x: float, y: float) -> Floats:
    cover = _layers(form, x, y).cover
    return np.asarray(np.maximum(cover, filled((cover > 0.5).astype(np.uint8))))


def _forms() -> tuple[Form, ...]:
    forms = []
    for shape in (*SHAPES, *EXOTIC_SHAPES):
        for size in SIZES:
            facings = FACINGS if shape in DIRECTED else ("up",)
            forms += [Form(shape, size, facing, False) for facing in facings]
            if shape in CLOTH and misfit(shape, size, chipped=True) is None:
                forms.append(Form(shape, size, "up", True))
    return tuple(form for form in forms if (form.shape, form.size) != ("sign", "small"))


@cache
def bank() -> Bank:
    """All silhouettes, each with its centroid in the middle of the patch."""
    forms, middle = _forms(), PATCH / 2
    rows, offsets = [], []
    for form in forms:
        cx, cy = centroid(_silhouette(form, middle, middle))
        offsets.append((middle - cx, middle - cy))
        rows.append(_silhouette(form, 2 * middle - cx, 2 * middle - cy).ravel())
    stack = np.stack(rows).astype(np.float32)
    return Bank(forms, stack, (stack**2).sum(1), np.array(offsets) / UNIT)


@cache
def wardrobe(form: Form) -> Wardrobe:
    """All dresses of a form whose centre is the patch's."""
    roomy = form.shape in CLOTH and form.size != "small"
    dresses = tuple(
        (t, m) for t in ((PLAIN, *TEXTURES) if roomy else (PLAIN,)) for m in (("", *MARKS) if roomy else ("",))
    )
    each = [_layers(form, PATCH / 2, PATCH / 2, *dress) for dress in dresses]
    # The edge is left out, because resampling mixes the ground into it.
    whole = (each[0].cover > 0.98).astype(np.uint8)
    inside = np.asarray(cv2.erode(whole, np.ones((3, 3), np.uint8), borderValue=0), np.uint8)
    if not inside.any():
        inside = whole
    shares = np.stack([layers.mix[inside > 0].T for layers in each])
    overlaps = np.einsum("hkn,hln->hkl", shares, shares)
    return Wardrobe(dresses, inside, each[0].light[inside > 0], shares, overlaps)
