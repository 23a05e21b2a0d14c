"""Whether anything was done: an image that is the same as what it was made from fails without a judge's question.

In: images by hash, a `Comparer` that knows their pixels, and what was asked for. Out: `Unchanged`, or None. Pure: the shell brings
the comparer along (`pipeline.storage.likeness`).
"""

import re
from collections.abc import Sequence
from typing import Protocol

from stages.records import Axis, AxisScore, Evaluation, Unchanged

RULE = "rule:unchanged"
"""Who made an evaluation that no judge was asked for."""
AXIS: Axis = "instruction"
REASON = "Nothing was changed: what can be seen is the same as in the picture that this one was made from."

_OBJECT = r"(?:it|this|anything|everything|(?:the|this|that) (?:\w+ )?(?:image|picture|photo|photograph|scene))"
_SAME = r"(?:as it is|as is|as they are|the same|unchanged|untouched|unaltered)"
_PHRASES = (
    rf"(?:do not|don't|dont|never) (?:change|edit|modify|alter|touch) {_OBJECT}",
    rf"(?:leave|keep|preserve|maintain) {_OBJECT} (?:exactly |completely )?{_SAME}",
    r"(?:make )?no (?:changes?|edits?|modifications?)",
    r"(?:do|change|edit|modify|alter) nothing",
    rf"(?:return|reproduce|reconstruct|copy|give back) {_OBJECT}(?: unchanged| as it is| exactly)?",
    r"保持(?:原图|图片|图像|画面)?不变",
    r"不(?:要|需要|做)(?:做)?(?:任何)?(?:改变|修改|改动|更改|编辑)",
)
_NO_CHANGE = re.compile(rf"(?:please )?(?:{'|'.join(_PHRASES)})(?: at all| please| needed| are needed)*")


class Comparer(Protocol):
    """Says how far apart two stored images are."""

    async def distance(self, image: str, other: str) -> float:
        """From 0 (the same pixels) to 1, of two images by their sha256. Raises OSError where one cannot be read."""
        ...


class ByHash:
    """Compares by name alone, for models that make no pixels: 0 for the same image, 1 for any other."""

    async def distance(self, image: str, other: str) -> float:
        """0 or 1."""
        return float(image != other)


def asks_for_no_change(instruction: str) -> bool:
    """True where an instruction asks for nothing but that all stays as it is. What it says besides makes it False."""
    words = re.sub(r"[\s.,!;:。，！]+", " ", instruction.casefold().replace("’", "'")).strip()
    return _NO_CHANGE.fullmatch(words) is not None


async def find_unchanged(
    comparer: Comparer, image: str, made_from: Sequence[str], instruction: str, limit: float | None
) -> Unchanged | None:
    """The nearest of the images `made_from` where it is at most `limit` away from `image`; None where there is none.

    Nothing is compared where `limit` is None, or where the instruction asks for no change.
    """
    if limit is None or not made_from or asks_for_no_change(instruction):
        return None
    if image in made_from:
        return Unchanged(image, 0.0)
    # one after the other: mostly there is but one
    distances = [(await comparer.distance(image, other), other) for other in dict.fromkeys(made_from)]
    distance, nearest = min(distances)
    return Unchanged(nearest, round(distance, 4)) if distance <= limit else None


def verdict_of(unchanged: Unchanged) -> Evaluation:
    """The verdict on an unchanged image. It holds the one axis that the rule knows of: nobody looked at the others."""
    return Evaluation((AxisScore(AXIS, 1, REASON, False),), 0.0, unchanged=unchanged)
