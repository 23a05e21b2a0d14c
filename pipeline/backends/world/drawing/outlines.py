"""The outline of every shape. In: shape, facing, chipped. Out: a `Figure` of polygons around (0, 0), about within the unit circle.

x runs to the right and y downwards, both in radii of the thing. Nothing reaches farther than `REACH`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.backends.world.scenes.looks import DIRECTED, FACINGS

Floats = npt.NDArray[Any]
Polygons = tuple[Floats, ...]
REACH = 1.1
CHIPS = {"circle": (0.64, -0.64, 0.42), "square": (0.80, -0.80, 0.52), "diamond": (0.44, -0.58, 0.36)}
"""The bite out of a chipped thing: x, y, radius."""
PLATE = (1.08, 0.62)
"""Half the width and half the height of a sign."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`solid` without `holes` is covered in the first tone, `detail` in the second; `inlay` is a part of `detail` in the first."""

    solid: Polygons
    holes: Polygons = ()
    detail: Polygons = ()
    inlay: Polygons = ()

    def turned(self, matrix: Floats) -> "Figure":
        """The same figure with every point multiplied by a 2x2 matrix."""
        parts = (self.solid, self.holes, self.detail, self.inlay)
        return Figure(*(tuple(p @ matrix.T for p in part) for part in parts))


def _points(*pairs: tuple[float, float]) -> Floats:
    return np.array(pairs, np.float64)


def _polar(radii: tuple[float, ...], turn: float = -90.0) -> Floats:
    angles = np.radians(turn + 360.0 * np.arange(len(radii)) / len(radii))
    points: Floats = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]
    return points


def oval(x: float, y: float, half_width: float, half_height: float, turn: float = 0.0) -> Floats:
    """An ellipse around (x, y), turned clockwise by so many degrees."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points = _polar((1.0,) * 72) * (half_width, half_height) @ np.array([[c, s], [-s, c]])
    return np.asarray(points + np.array([x, y]))


def _slab(left: float, top: float, right: float, bottom: float, radius: float) -> Floats:
    """A rectangle with round corners."""
    quarter = np.radians(np.arange(0, 91, 15))
    corners = ((right, bottom, 0), (left, bottom, 1), (left, top, 2), (right, top, 3))
    arcs = []
    for x, y, turn in corners:
        angle = quarter + turn * np.pi / 2
        inner = (x - np.copysign(radius, x - (left + right) / 2), y - np.copysign(radius, y - (top + bottom) / 2))
        arcs.append(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + inner)
    return np.concatenate(arcs)


def _heart() -> Floats:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x / 17, y / 17 - 0.08], axis=1)


def _crescent() -> Floats:
    outer = np.radians(np.linspace(50, 310, 48))
    inner = np.radians(np.linspace(292, 68, 40))
    rim = np.stack([np.cos(outer), np.sin(outer)], axis=1)
    bite = np.stack([0.40 + 0.74 * np.cos(inner), 0.82 * np.sin(inner)], axis=1)
    return np.concatenate([rim, bite])


def _flame(height: float, width: float, foot: float) -> Floats:
    """A drop with its tip up, standing on `foot`."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = width * np.sin(t) * np.sin(t / 2) ** 1.6
    return np.stack([x, foot - height / 2 * (1 + np.cos(t))], axis=1)


def _plain_figure(shape: str) -> Figure | None:
    arm = 0.3
    right_half = [(arm, -1.0), (arm, -arm), (1.0, -arm), (1.0, arm), (arm, arm), (arm, 1.0)]
    left_half = [(-x, -y) for x, y in right_half]
    figures = {
        "circle": Figure((oval(0, 0, 0.92, 0.92),)),
        "square": Figure((_slab(-0.82, -0.82, 0.82, 0.82, 0.05),)),
        "triangle": Figure((_points((0, -1.0), (0.98, 0.8), (-0.98, 0.8)),)),
        "diamond": Figure((_points((0, -1.02), (0.78, 0), (0, 1.02), (-0.78, 0)),)),
        "star": Figure((_polar((1.05, 0.42) * 5),)),
        "cross": Figure((_points(*right_half, *left_half),)),
        "ring": Figure((oval(0, 0, 0.98, 0.98),), (oval(0, 0, 0.60, 0.60),)),
        "heart": Figure((_heart(),)),
        "gear": Figure((_polar((1.0, 1.0, 0.62, 0.62) * 6),), (oval(0, 0, 0.28, 0.28),)),
        "crescent": Figure((_crescent(),)),
        "hourglass": Figure((_points((-0.8, -1), (0.8, -1), (0.16, 0), (0.8, 1), (-0.8, 1), (-0.16, 0)),)),
        "bolt": Figure((_points((0.25, -1), (-0.6, 0.15), (-0.08, 0.15), (-0.25, 1), (0.6, -0.2), (0.1, -0.2)),)),
    }
    return figures.get(shape)


def _living_figure(shape: str) -> Figure:
    half = [(0.82, -0.12), (0.34, -0.12), (0.34, 0.98)]
    tail = _points((0.40, 0), (1.0, -0.56), (0.86, 0), (1.0, 0.56))
    figures = {
        "arrow": Figure((_points((0, -1.0), *half, *((-x, y) for x, y in half[::-1])),)),
        "fish": Figure(
            (oval(-0.22, 0, 0.80, 0.52), tail),
            detail=(oval(-0.64, -0.13, 0.11, 0.11), _points((-0.12, -0.06), (0.26, 0.02), (0.02, 0.24), (0.06, 0.06))),
        ),
        "candle": Figure(
            (_slab(-0.28, -0.22, 0.28, 0.96, 0.06),),
            detail=(_flame(0.82, 0.26, -0.15), _slab(-0.6, 0.82, 0.6, 1.0, 0.08)),
            inlay=(_flame(0.42, 0.12, -0.28),),
        ),
        "balloon": Figure(
            (oval(0, -0.28, 0.66, 0.76),),
            detail=(
                _points((0, 0.42), (0.15, 0.63), (-0.15, 0.63)),
                _points(
                    (-0.05, 0.6), (0.05, 0.6), (0.09, 0.72), (0.01, 0.88), (0.07, 1.04), (-0.05, 1.04), (-0.09, 0.86)
                ),
            ),
        ),
        "plant": Figure(
            (oval(0, -0.40, 0.23, 0.62), oval(-0.50, -0.14, 0.19, 0.60, -52), oval(0.50, -0.14, 0.19, 0.60, 52)),
            detail=(_points((-0.44, 0.4), (0.44, 0.4), (0.32, 1.0), (-0.32, 1.0)), _slab(-0.54, 0.2, 0.54, 0.44, 0.05)),
        ),
        "sign": Figure((_slab(-PLATE[0], -PLATE[1], PLATE[0], PLATE[1], 0.12),)),
    }
    return figures[shape]


def _pose(shape: str, facing: str) -> Floats:
    turns = (FACINGS.index(facing) - FACINGS.index(DIRECTED[shape])) % 4
    if shape == "fish" and facing == "right":
        return np.array([[-1, 0], [0, 1]])  # a fish turns round; it does not swim on its back
    return np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turns)


@cache
def figure(shape: str, facing: str = "up", chipped: bool = False) -> Figure:
    """The figure of a shape. Raises KeyError for a shape that does not exist."""
    outline = _plain_figure(shape) or _living_figure(shape)
    if shape in DIRECTED:
        outline = outline.turned(_pose(shape, facing))
    if chipped:
        x, y, radius = CHIPS[shape]
        outline = Figure(outline.solid, (*outline.holes, oval(x, y, radius, radius)), outline.detail)
    return outline
