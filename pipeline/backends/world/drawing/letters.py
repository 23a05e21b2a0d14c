"""Capitals and digits as strokes. In: a sign's text. Out: polylines and the width of their strokes, in radii of the sign.

A glyph is drawn on a grid 4 wide and 6 high: each pair of digits is a point x, y; a blank starts a new stroke.
Its slot on the sign depends on the number of characters alone, so that each character can be read by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.backends.world.drawing.outlines import PLATE, Floats

LETTERS = {
    "A": "0602204246 0444",
    "B": "003041423303 334445360600",
    "C": "4130100105163645",
    "D": "00204244260600",
    "E": "40000646 0333",
    "F": "400006 0333",
    "G": "41301001051636454323",
    "H": "0006 4046 0343",
    "I": "1030 2026 1636",
    "J": "104045361605",
    "K": "0006 400346",
    "L": "000646",
    "M": "0600234046",
    "N": "06004640",
    "O": "103041453616050110",
    "P": "06003041423303",
    "Q": "103041453616050110 2447",
    "R": "06003041423303 2346",
    "S": "413010010213334445361605",
    "T": "0040 2026",
    "U": "000516364540",
    "V": "002640",
    "W": "0016233640",
    "X": "0046 4006",
    "Y": "002340 2326",
    "Z": "00400646",
}
DIGITS = {
    "0": "103041453616050110 2224",
    "1": "022026 0646",
    "2": "0110304142240646",
    "3": "01103041423313334445361605",
    "4": "36300444",
    "5": "400003334445361605",
    "6": "30100105163645443303",
    "7": "004016",
    "8": "103041423313020110 130405163645443313",
    "9": "163645413010010213334342",
}
GLYPHS = {**LETTERS, **DIGITS}
LINE, TALL = 0.80, 0.82
"""The most of the plate's width for the line, and of its height for a capital with its stroke, as fractions."""
STROKE = 1.05
"""Width of a stroke, in grid steps across."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One polyline and its width, in radii of the sign."""

    points: Floats
    width: float


def steps(count: int) -> tuple[float, float, float]:
    """For a line of `count` characters, in radii: one grid step across, one down, and from one slot to the next."""
    down = 2 * PLATE[1] * TALL / 7.6
    across = min(2 * PLATE[0] * LINE / (6.1 * count - 1), 0.95 * down)
    return across, down, 6.1 * across


def glyph(character: str, slot: int, count: int) -> Iterator[Stroke]:
    """The strokes of one character in its slot of a line of `count`."""
    across, down, advance = steps(count)
    x = (slot - (count - 1) / 2) * advance
    for line in GLYPHS[character].split():
        grid = np.array([(int(a), int(b)) for a, b in zip(line[::2], line[1::2], strict=True)], float)
        yield Stroke((grid - (2, 3)) * (across, down) + (x, 0), STROKE * across)


def strokes(text: str) -> Iterator[Stroke]:
    """All strokes of a text in the middle of a sign."""
    for slot, character in enumerate(text):
        yield from glyph(character, slot, len(text))
