"""The vocabulary of the world: what a thing may look like, and which looks go together.

In: nothing. Out: the palettes, and `misfit`, which gives the reason why a look cannot be drawn recognisably.

`CLOTH` shapes are broad enough to carry a texture, a mark or a chip, from medium size on. `DIRECTED` shapes have a pose. Only a
`sign` bears text. The Generator has no primitive for the `EXOTIC_SHAPES`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

PLACES = ("top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right")
PLAIN_SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross", "ring", "heart")
LIVING_SHAPES = ("arrow", "fish", "candle", "balloon", "plant", "sign")
SHAPES = (*PLAIN_SHAPES, *LIVING_SHAPES)
EXOTIC_SHAPES = ("gear", "crescent", "hourglass", "bolt")
CLOTH = ("circle", "square", "diamond", "heart")
DIRECTED: Mapping[str, str] = MappingProxyType({"triangle": "up", "heart": "up", "arrow": "up", "fish": "left"})
"""Shapes with a pose, and the pose they have by default."""
FACINGS = ("up", "right", "down", "left")
TEXTURES = ("striped", "checkered", "dotted")
PLAIN = "plain"
MARKS = ("spot", "band")
SIZES: Mapping[str, float] = MappingProxyType({"small": 0.062, "medium": 0.088, "large": 0.125})
"""Radius as a fraction of the picture's shorter side."""
DEFAULT_SIZE = "medium"
COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "red": (215, 35, 40),
        "orange": (245, 130, 20),
        "yellow": (238, 205, 0),
        "green": (35, 145, 60),
        "blue": (35, 75, 210),
        "purple": (125, 45, 165),
        "pink": (245, 85, 165),
        "brown": (120, 72, 38),
        "black": (28, 28, 30),
        "white": (252, 252, 252),
    }
)
BACKGROUNDS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "white": (249, 249, 249),
        "mint": (165, 240, 195),
        "cream": (250, 232, 180),
        "lavender": (205, 182, 250),
        "grey": (184, 184, 186),
        "azure": (145, 205, 250),
    }
)
TONES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"day": (1.0, 1.0, 1.0), "evening": (1.0, 0.80, 0.56), "night": (0.46, 0.52, 0.74)}
)
"""The light of a scene: every colour is multiplied by it."""
SHORTEST_SIDE, LONGEST_SIDE, MOST_PIXELS = 16, 4096, 2048 * 2048
"""Of a picture, in pixels: larger ones take minutes and gigabytes to draw, and show no more."""
TEXT = re.compile(r"[A-Z]{1,4}|[0-9]{1,3}")
"""What a sign may say."""


def misfit(
    shape: str,
    size: str,
    texture: str = PLAIN,
    mark: str = "",
    facing: str = "up",
    chipped: bool = False,
    text: str = "",
) -> str | None:
    """The reason why such a thing cannot be drawn recognisably; None when it can."""
    if (texture != PLAIN or mark or chipped) and (shape not in CLOTH or size == "small"):
        what = "texture" if texture != PLAIN else "mark" if mark else "chip"
        return f"a {size} {shape} is not broad enough to show a {what}"
    if chipped and shape == "heart":
        return "a heart does not show a chip"
    if shape not in DIRECTED and facing != "up":
        return f"a {shape} does not point anywhere"
    if text and shape != "sign":
        return f"a {shape} bears no text"
    if shape == "sign" and (size == "small" or not TEXT.fullmatch(text)):
        return "a sign is medium or large, and says one to four letters or one to three digits"
    return None
