"""Pixels to scenes. In: image bytes, any encoding. Out: the `Scene` they show, as far as eyes can tell.

Background = the median colour; things = connected blobs that differ from it. A blob's soft silhouette is brought to
a standard scale around its centroid and compared with the silhouette of every shape in every size at once.
What fits nothing well is an artifact.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.world.draw import Floats, Pixels, coverage, outline, pixels, texture
from pipeline.world.scene import (
    BACKGROUNDS,
    COLOURS,
    EXOTIC_SHAPES,
    EXOTIC_TEXTURES,
    JITTER,
    PLAIN,
    SHAPES,
    SIZES,
    Scene,
    Thing,
    centre,
    place_of,
)

PATCH = 56
PATCH_UNIT = 25 / SIZES["large"]
WORKING_SIDE = 256
CONTRAST = 36
LEAST_AREA = 0.00025
LEAST_FIT = 0.80
LEAST_TEXTURE = 10.0
LEAST_CLOTH = 150
LEAST_LIKENESS = 0.5


@dataclass(frozen=True, slots=True)
class _Templates:
    names: tuple[tuple[str, str], ...]
    silhouettes: Floats
    energies: Floats
    offsets: Floats


def _centroid(alpha: Floats) -> tuple[float, float]:
    total = float(alpha.sum())
    h, w = alpha.shape
    return float(alpha.sum(0) @ (np.arange(w) + 0.5)) / total, float(alpha.sum(1) @ (np.arange(h) + 0.5)) / total


@cache
def _templates() -> _Templates:
    names = tuple((shape, size) for shape in (*SHAPES, *EXOTIC_SHAPES) for size in SIZES)
    middle = PATCH / 2
    silhouettes, offsets = [], []
    for shape, size in names:
        polygons = tuple(p * SIZES[size] * PATCH_UNIT for p in outline(shape))
        cx, cy = _centroid(coverage(polygons, middle, middle, PATCH, PATCH))
        offsets.append((middle - cx, middle - cy))
        silhouettes.append(coverage(polygons, 2 * middle - cx, 2 * middle - cy, PATCH, PATCH).ravel())
    stack = np.stack(silhouettes).astype(np.float32)
    return _Templates(names, stack, (stack**2).sum(1), np.array(offsets) / PATCH_UNIT)


@cache
def _weaves(shape: str, size: str) -> tuple[Floats, Floats]:
    """The inside of a shape in the standard patch, and the textures there, each as zero-mean unit vectors."""
    bank = _templates()
    index = bank.names.index((shape, size))
    ox, oy = bank.offsets[index]
    whole = (bank.silhouettes[index].reshape(PATCH, PATCH) > 0.95).astype(np.uint8)
    # Away from the edge, where resampling lets the background in.
    inside = np.asarray(cv2.erode(whole, np.ones((5, 5), np.uint8), borderValue=0)) > 0
    if int(inside.sum()) < LEAST_CLOTH:
        return inside, np.zeros((0, 0))
    axis = (np.arange(PATCH) + 0.5 - PATCH / 2) / PATCH_UNIT
    gx, gy = np.meshgrid(axis - ox, axis - oy)
    rows = np.stack([texture(kind, gx, gy)[inside].astype(np.float64) for kind in EXOTIC_TEXTURES])
    rows -= rows.mean(1, keepdims=True)
    return inside, rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)


def nearest(colour: Floats, palette: dict[str, tuple[int, int, int]]) -> str:
    """The palette's name for a colour."""
    table = np.array(list(palette.values()), np.float32)
    return list(palette)[int(np.argmin(((table - colour) ** 2).sum(1)))]


def _working(image: Pixels) -> Pixels:
    h, w = image.shape[:2]
    if min(w, h) <= 1.25 * WORKING_SIDE:
        return image
    scale = WORKING_SIDE / min(w, h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ground(image: Pixels) -> Floats:
    """The median colour over a sparse grid: things never cover half the canvas."""
    step = max(1, min(image.shape[:2]) // 64)
    return np.asarray(np.median(image[::step, ::step].reshape(-1, 3), axis=0), np.float32)


def _standard(patch: Floats, x: float, y: float, scale: float) -> Floats:
    """The surroundings of (x, y) in a patch of standard size and scale."""
    move = np.array([[scale, 0, PATCH / 2 - scale * x], [0, scale, PATCH / 2 - scale * y]])
    # warpAffine counts pixel centres as integers, the world counts them as half-integers.
    move[:, 2] += (scale - 1) / 2
    return np.asarray(cv2.warpAffine(patch, move, (PATCH, PATCH), flags=cv2.INTER_LINEAR))


def _texture(grey: Floats, shape: str, size: str) -> str:
    inside, weaves = _weaves(shape, size)
    if not weaves.size:
        return PLAIN
    values = grey[inside].astype(np.float64)
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    if length < LEAST_TEXTURE * values.size**0.5:
        return PLAIN
    likeness = np.abs(weaves @ values) / length
    return EXOTIC_TEXTURES[int(np.argmax(likeness))] if likeness.max() > LEAST_LIKENESS else PLAIN


def _jitter(value: float) -> int:
    return int(np.clip(round(value * 100), -JITTER, JITTER))


@dataclass(frozen=True, slots=True)
class _Blob:
    """A blob's pixels, their distance from the background, and which are its own; `left`, `top` in the image."""

    rgb: Pixels
    distance: Floats
    own: Pixels
    left: int
    top: int


def _recognise(blob: _Blob, width: int, height: int) -> tuple[str, Thing | None]:
    """The place of a blob and the thing it is, or None when it is no known thing."""
    depth = np.asarray(cv2.distanceTransform(blob.own, cv2.DIST_L2, 3))
    core = depth >= 0.55 * float(depth.max())
    solid = max(1.0, float(np.percentile(blob.distance[core], 20)))
    alpha = np.clip(blob.distance / solid, 0, 1) * np.asarray(cv2.dilate(blob.own, np.ones((3, 3), np.uint8)))
    cx, cy = _centroid(alpha)
    place = place_of(blob.left + cx, blob.top + cy, width, height)
    unit = min(width, height)
    scale = PATCH_UNIT / unit
    silhouette = _standard(alpha.astype(np.float32), cx, cy, scale).ravel()
    bank = _templates()
    fits = 2 * (bank.silhouettes @ silhouette) / (bank.energies + float(silhouette @ silhouette))
    best = int(np.argmax(fits))
    if fits[best] < LEAST_FIT:
        return place, None
    shape, size = bank.names[best]
    weave = _texture(_standard(blob.rgb.mean(2).astype(np.float32), cx, cy, scale), shape, size)
    tone = np.median(blob.rgb[core], axis=0) if weave == PLAIN else np.percentile(blob.rgb[core], 85, axis=0)
    ox, oy = bank.offsets[best]
    x, y = centre(place, width, height)
    dx, dy = (blob.left + cx - x) / unit + ox, (blob.top + cy - y) / unit + oy
    return place, Thing(shape, nearest(tone, COLOURS), size, place, weave, _jitter(dx), _jitter(dy))


def see(image: bytes) -> Scene:
    """The scene that an image shows. Raises ValueError when the bytes are no image."""
    cv2.setNumThreads(1)
    rgb = _working(pixels(image))
    h, w = rgb.shape[:2]
    ground = _ground(rgb)
    calm = np.asarray(cv2.blur(rgb, (2, 2)) if min(w, h) > 160 else rgb, np.float32) - ground
    sharp = rgb.astype(np.float32) - ground
    distance = np.sqrt(np.einsum("ijk,ijk->ij", sharp, sharp))
    mask = (np.einsum("ijk,ijk->ij", calm, calm) > CONTRAST**2).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    things: dict[str, Thing] = {}
    artifacts: set[str] = set()
    order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    for index in order:
        left, top, bw, bh, area = (int(v) for v in stats[index])
        if area < LEAST_AREA * w * h:
            break
        box = np.s_[max(0, top - 2) : top + bh + 2, max(0, left - 2) : left + bw + 2]
        own = (labels[box] == index).astype(np.uint8)
        blob = _Blob(rgb[box], distance[box], own, max(0, left - 2), max(0, top - 2))
        place, thing = _recognise(blob, w, h)
        if thing is None or place in things:
            artifacts.add(place)
        else:
            things[place] = thing
    return Scene.of(nearest(ground, BACKGROUNDS), things.values(), artifacts)
