"""Textures and marks. In: a kind and the points of a grid. Out: how much of each point it takes, 0..1.

A texture is measured in fractions of the picture's shorter side, so that it is equally fine on things of any size; a mark is
measured in radii of its thing.
"""

import numpy as np

from pipeline.backends.world.drawing.outlines import Floats, Polygons, oval

PERIOD = 0.05
DOT = 0.55


def texture(kind: str, x: Floats, y: Floats, pixel: float) -> Floats:
    """How much of each point the second tone covers, 0..1. Raises ValueError for an unknown kind.

    `x` and `y`, from the thing's centre, and the side of a `pixel` are fractions of the shorter side.
    """
    sharp = PERIOD / (2 * np.pi * pixel)
    u, v = np.sin(2 * np.pi * x / PERIOD), np.sin(2 * np.pi * y / PERIOD)
    if kind == "striped":
        return np.clip(0.5 + sharp * v, 0, 1)
    if kind == "checkered":
        across, down = np.clip(0.5 + sharp * u, 0, 1), np.clip(0.5 + sharp * v, 0, 1)
        return np.asarray(across * down + (1 - across) * (1 - down))
    if kind == "dotted":
        hill = np.cos(2 * np.pi * x / PERIOD) + np.cos(2 * np.pi * y / PERIOD)
        return np.clip(0.5 + sharp * (hill - DOT), 0, 1)
    raise ValueError(f"no texture named {kind!r}")


def mark(kind: str) -> Polygons:
    """The polygons of a mark, in radii of its thing. Raises ValueError for an unknown kind."""
    if kind == "spot":
        return (oval(0, 0, 0.30, 0.30),)
    if kind == "band":
        return (np.array([(-0.47, -0.16), (0.47, -0.16), (0.47, 0.16), (-0.47, 0.16)]),)
    raise ValueError(f"no mark named {kind!r}")
