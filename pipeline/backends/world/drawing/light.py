"""The light. In: points of a picture or of a thing. Out: factors by which colours are multiplied, and the glare.

The light comes from the top left and is the same in every picture, so that `sight` can divide it out.
"""

from functools import lru_cache

import numpy as np

from pipeline.backends.world.drawing.outlines import Floats

SHADOW = 0.25
"""The share of the light that a shadow takes away at most."""
SHADOW_OFFSET, SHADOW_SOFTNESS = (0.012, 0.017), 0.011
"""In fractions of the picture's shorter side."""
GLARE = 0.42
GLARES = {"circle": (-0.34, -0.38), "balloon": (-0.26, -0.56), "heart": (-0.40, -0.36)}
"""Where round things shine, in radii."""


@lru_cache(16)
def field(width: int, height: int) -> Floats:
    """The light on the ground, (height, width, 1) in 0.86..1: full at the top left, less towards the other corners."""
    x, y = (np.arange(width) + 0.5) / width, ((np.arange(height) + 0.5) / height)[:, None]
    light = 1 - 0.045 * x - 0.075 * y - 0.08 * ((x - 0.42) ** 2 + (y - 0.38) ** 2)
    return np.asarray(light[..., None], np.float32)


def shade(u: Floats, v: Floats) -> Floats:
    """The light on a thing; `u`, `v` in radii from its centre."""
    return np.clip(1 - 0.055 * u - 0.075 * v, 0.9, 1.1)


def glare(shape: str, u: Floats, v: Floats) -> Floats:
    """How much of the light a round thing reflects as glare, 0..1; `u`, `v` in radii from its centre."""
    if shape not in GLARES:
        return np.zeros_like(u)
    x, y = GLARES[shape]
    return np.asarray(GLARE * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * 0.17**2)))


def off_ground(colours: Floats, ground: Floats) -> Floats:
    """The distance of each of (height, width, 3) colours from the ground's colour in the most similar shadow."""
    shadow = np.clip(colours @ (ground / float(ground @ ground)), 1 - SHADOW - 0.02, 1.0)
    off = colours - shadow[..., None] * ground
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", off, off)))
