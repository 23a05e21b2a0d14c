"""Images brought to one scale and even light by day, for comparing. In: pixels. Out: `Flat`, its ground, its cells.

Only `truth` uses it. It shares the laws of light with the Analyzer's vision, and nothing else.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.backends.world.drawing.layers import Pixels
from pipeline.backends.world.drawing.light import field, off_ground
from pipeline.backends.world.drawing.outlines import Floats
from pipeline.backends.world.scenes.looks import BACKGROUNDS, TONES
from pipeline.backends.world.scenes.scene import centre

SIDE = 256
VISIBLE = 40
SPECK = 14
"""Fewer pixels than this that differ from the ground count as an empty cell."""
THIN = (3.5, 360)
"""A streak is nowhere deeper than this, in pixels, and covers fewer pixels than this."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A cell or a whole image: `sharp` colours, the same `calm` (3x3 averages), and where they are not the ground."""

    sharp: Floats
    calm: Floats
    mask: Pixels

    def cell(self, place: str) -> "Flat":
        """One cell of an image."""
        h, w = self.mask.shape
        x, y = (int(v) for v in centre(place, w, h))
        box = np.s_[y - h // 6 : y + h // 6, x - w // 6 : x + w // 6]
        return Flat(self.sharp[box], self.calm[box], np.ascontiguousarray(self.mask[box]))

    @property
    def middle(self) -> tuple[float, float] | None:
        """The centroid of what is not ground, in pixels; None where there is nothing."""
        moments: Any = cv2.moments(self.mask, binaryImage=True)
        if moments["m00"] < SPECK:
            return None
        return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5

    @property
    def thin(self) -> bool:
        """Whether the cell shows a streak: narrower everywhere than the narrowest thing, and smaller than the smallest."""
        depth = cv2.distanceTransform(np.pad(self.mask, 1), cv2.DIST_L2, 5)
        return float(np.asarray(depth).max()) < THIN[0] and int(self.mask.sum()) < THIN[1]


def fitted(rgb: Pixels) -> Floats:
    """The pixels with the shorter side at the standard length."""
    h, w = rgb.shape[:2]
    scale = SIDE / min(w, h)
    if scale == 1:
        return rgb.astype(np.float32)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (round(w * scale), round(h * scale)), interpolation=way), np.float32)


def ground_of(image: Floats) -> tuple[str, str]:
    """Background and tone of a fitted image: the pair nearest to the colour of its rim, where no thing ever lies."""
    h, w = image.shape[:2]
    lit = image / field(w, h)
    rim = np.concatenate(
        [lit[:2].reshape(-1, 3), lit[-2:].reshape(-1, 3), lit[:, :2].reshape(-1, 3), lit[:, -2:].reshape(-1, 3)]
    )
    rim_colour = np.median(rim, axis=0)
    pairs = [(background, tone) for background in BACKGROUNDS for tone in TONES]
    gaps = [float(np.linalg.norm(rim_colour - np.array(BACKGROUNDS[b]) * TONES[t])) for b, t in pairs]
    return pairs[int(np.argmin(gaps))]


def flatten(image: Floats, background: str, tone: str) -> Flat:
    """A fitted image without its light."""
    h, w = image.shape[:2]
    sharp = image / (field(w, h) * np.array(TONES[tone], np.float32))
    calm = np.asarray(cv2.blur(sharp, (3, 3)))
    away = off_ground(calm, np.array(BACKGROUNDS[background], np.float32))
    return Flat(sharp, calm, (away > VISIBLE).astype(np.uint8))
