"""Truth: what a sample's image should show, and whether an image shows it. In: image bytes and a `Truth`. Out: a bool.

The target scene is rendered without noise and compared cell by cell with the image. It knows nothing of the Analyzer
nor of its vision: a second, independent opinion.
"""

import json
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from pipeline.world.draw import Pixels, pixels, render
from pipeline.world.scene import BACKGROUNDS, PLACES, Scene, centre
from stages.records import Cause

SIDE = 256
TOLERANCE = 25
SHIFT = 0.03
LEAST_BAD = 0.0004


@dataclass(frozen=True, slots=True)
class Truth:
    """The target scene of a sample, how many clauses lead to it, and why a model that never gets there fails."""

    target: Scene
    clauses: int
    exotic: bool
    cause: Cause

    def dump(self) -> str:
        """As JSON; `load` reads it."""
        body = {"target": self.target.to_dict(), "clauses": self.clauses, "exotic": self.exotic, "cause": self.cause}
        return json.dumps(body)

    @classmethod
    def load(cls, text: str) -> Self:
        """The truth that `dump` wrote."""
        data = json.loads(text)
        return cls(Scene.from_dict(data["target"]), data["clauses"], data["exotic"], data["cause"])


def _fitted(rgb: Pixels) -> Pixels:
    """The pixels with the shorter side at the standard length, smoothed: averaging tames the sensor's noise."""
    h, w = rgb.shape[:2]
    scale = SIDE / min(w, h)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    sized = cv2.resize(rgb, (round(w * scale), round(h * scale)), interpolation=way) if scale != 1 else rgb
    return np.asarray(cv2.blur(sized, (3, 3)), np.uint8)


def _middle(cell: Pixels, ground: Pixels) -> tuple[float, float] | None:
    """The centroid of what differs from the background."""
    mask = (np.asarray(cv2.absdiff(cell, np.broadcast_to(ground, cell.shape))) > 2 * TOLERANCE).any(2).astype(np.uint8)
    moments = cv2.moments(np.asarray(mask), binaryImage=True)
    return (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]) if moments["m00"] else None


def _outside(image: Pixels, model: Pixels) -> int:
    """How many pixels of `image` lie outside what `model` shows within one pixel of them."""
    near, slack = np.ones((3, 3), np.uint8), np.full_like(model, TOLERANCE)
    low, high = cv2.subtract(cv2.erode(model, near), slack), cv2.add(cv2.dilate(model, near), slack)
    return int(np.count_nonzero(np.asarray(cv2.inRange(image, low, high)) == 0))


def _same(seen: Pixels, wanted: Pixels, ground: Pixels) -> bool:
    """Whether two cells show the same, up to a small shift."""
    one, two = _middle(seen, ground), _middle(wanted, ground)
    if one and two:
        limit = SHIFT * SIDE
        dx, dy = (round(float(np.clip(p - q, -limit, limit))) for p, q in zip(one, two, strict=True))
        frame = np.pad(wanted, ((9, 9), (9, 9), (0, 0)), mode="edge")
        h, w = wanted.shape[:2]
        wanted = np.ascontiguousarray(frame[9 - dy : 9 - dy + h, 9 - dx : 9 - dx + w])
    return _outside(seen, wanted) + _outside(wanted, seen) <= LEAST_BAD * SIDE * SIDE


def is_right(image: bytes, truth: Truth) -> bool:
    """Whether an image shows the target scene. Raises ValueError when it cannot be decoded."""
    cv2.setNumThreads(1)
    rgb = pixels(image)
    h, w = rgb.shape[:2]
    # The target goes through the same resizing as the image, so that edges stay comparable.
    seen, wanted = _fitted(rgb), _fitted(render(truth.target, w, h))
    ground: Pixels = np.array(BACKGROUNDS[truth.target.background], np.uint8)
    h, w = seen.shape[:2]
    half_w, half_h = w // 6, h // 6
    for place in PLACES:
        x, y = (int(v) for v in centre(place, w, h))
        box = np.s_[y - half_h : y + half_h, x - half_w : x + half_w]
        if not _same(np.ascontiguousarray(seen[box]), np.ascontiguousarray(wanted[box]), ground):
            return False
    return True
