"""The words of the held-out writer for things and places, as people who never saw the world's own words might choose them.

In: nothing. Out: tables. One of several words is drawn at random; a word that is listed twice is drawn twice as often.
"""

from collections.abc import Mapping

Wordings = tuple[str, ...]

SHAPES: Mapping[str, Wordings] = {
    "circle": ("circle", "circle", "circle", "ball", "disc"),
    "diamond": ("diamond", "diamond", "diamond", "rhombus"),
    "cross": ("cross", "cross", "cross", "plus sign"),
    "ring": ("ring", "ring", "ring", "doughnut"),
    "plant": ("plant", "plant", "potted plant"),
}
"""Other shapes have their own name only."""
PLURALS: Mapping[str, str] = {"cross": "crosses", "fish": "fish", "rhombus": "rhombuses", "hourglass": "hourglasses"}
SIZES: Mapping[str, Wordings] = {
    "small": ("small", "small", "little", "tiny"),
    "medium": ("medium", "medium-sized", "mid-sized"),
    "large": ("large", "big", "large", "huge"),
}
TEXTURES: Mapping[str, tuple[str, str]] = {
    "striped": ("striped", "stripes"),
    "checkered": ("checkered", "a checkered pattern"),
    "dotted": ("dotted", "dots"),
}
MARKS: Mapping[str, str] = {"spot": "a spot", "band": "a band"}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ORDINALS = ("", "first", "second", "third", "fourth")
THINGS = ("thing", "object", "item")
COURTESIES = ("Please ", "Could you please ", "Can you ", "I'd like you to ", "I want you to ", "Kindly ", "")
NEXT = ("Then ", "After that, ", "Also, ", "Next, ", "")

ABOUT: Mapping[str, Wordings] = {
    "top left": ("at the top left", "in the top left corner", "in the upper left corner", "on the upper left"),
    "top": ("at the top",),
    "top right": ("at the top right", "in the top right corner", "in the upper right corner", "on the upper right"),
    "left": ("on the left", "on the left side", "on the left-hand side"),
    "center": ("in the center", "in the middle", "at the center"),
    "right": ("on the right", "on the right side", "on the right-hand side"),
    "bottom left": ("at the bottom left", "in the bottom left corner", "in the lower left corner", "on the lower left"),
    "bottom": ("at the bottom",),
    "bottom right": ("at the bottom right", "in the bottom right corner", "in the lower right corner"),
}
"""Places of things. Sides have no more exact wording here, because people also use them for things in a corner."""
CELLS: Mapping[str, Wordings] = {
    "top": ("in the top center", "at the top center"),
    "left": ("in the middle of the left side", "in the middle left"),
    "right": ("in the middle of the right side", "in the middle right"),
    "bottom": ("in the bottom center", "at the bottom center"),
}
"""More exact places of new things."""
TOWARDS: Mapping[str, Wordings] = {
    "top left": ("to the top left", "into the upper left corner", "to the top left corner"),
    "top": ("to the top", "to the top center"),
    "top right": ("to the top right", "into the upper right corner", "to the top right corner"),
    "left": ("to the left side", "to the middle left"),
    "center": ("to the center", "to the middle", "into the middle"),
    "right": ("to the right side", "to the middle right"),
    "bottom left": ("to the bottom left", "into the lower left corner", "to the bottom left corner"),
    "bottom": ("to the bottom", "to the bottom center"),
    "bottom right": ("to the bottom right", "into the lower right corner", "to the bottom right corner"),
}
NEAR: Mapping[str, Wordings] = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "above": ("above",),
    "below": ("below", "underneath", "under"),
    "beside": ("next to", "beside"),
}
WAYS: Mapping[str, Wordings] = {
    "up": ("up", "upwards"),
    "down": ("down", "downwards"),
    "left": ("left", "to the left"),
    "right": ("right", "to the right"),
}
TONES: Mapping[str, tuple[str, str, str]] = {
    "day": ("daytime", "by day", "daylight"),
    "evening": ("evening", "in the evening", "evening light"),
    "night": ("night", "at night", "night light"),
}
"""For each tone a noun, a time, and a light."""

BORROWED = (
    "the {thing} from {picture}",
    "the {thing} in {picture}",
    "the {thing} shown in {picture}",
    "what is in {picture}",
    "the one {thing} of {picture}",
)
PICTURES = ("picture {n}", "image {n}", "the {nth} picture", "the {nth} image", "picture number {n}")
OPENERS = (
    "a picture of {all}",
    "a photo of {all}",
    "an image with {all}",
    "draw {all}",
    "create a picture of {all}",
    "please generate an image showing {all}",
    "I need a picture with {all}",
    "{all}",
    "show me {all}",
    "make a picture that has {all}",
)
