"""Textures and marks. In: a kind and the points of a grid. Out: how much of each point it takes, 0..1.

A texture is counted in fractions of the picture's shorter side, so that it is as fine on a large thing as on a small one;
a mark is counted in radii of its thing.
"""

import numpy as np

from pipeline.backends.world.drawing.outlines import Floats, Polygons, oval

PERIOD = 0.05
DOT = 0.55


def texture(kind: str, x: Floats, y: Floats, pixel: float) -> Floats:
    """Where the second tone of a texture lies; `x`, `y` from the thing's centre and `pixel`, the side of a pixel, in fractions."""
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
    """The polygons of a mark, in radii of its thing."""
    if kind == "spot":
        return (oval(0, 0, 0.30, 0.30),)
    if kind == "band":
        return (np.array([(-0.47, -0.16), (0.47, -0.16), (0.47, 0.16), (-0.47, 0.16)]),)
    raise ValueError(f"no mark named {kind!r}")
