"""Read scenes from images. In: image bytes in any encoding. Out: the `Scene` they show.

The light is divided out. Background and tone are the pair that most pixels agree with. Things are connected blobs of pixels that
are not the ground, even in a shadow. A blob's soft silhouette is scaled to the standard size around its centroid and compared
with all silhouettes; then its pixels are compared with every dress in every colour. A blob that fits nothing is an artifact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.backends.world.drawing.draw import pixels
from pipeline.backends.world.drawing.layers import Pixels
from pipeline.backends.world.drawing.light import field, off_ground
from pipeline.backends.world.drawing.outlines import Floats
from pipeline.backends.world.scenes.looks import BACKGROUNDS, SIZES, TONES
from pipeline.backends.world.scenes.scene import JITTER, Scene, Thing, centre, place_of
from pipeline.backends.world.sight.spelling import HEIGHT, RADIUS, WIDTH, colour_of, text_of
from pipeline.backends.world.sight.templates import HOLE, PATCH, SEAM, UNIT, bank, centroid, filled, wardrobe

WORKING_SIDE = 256
CONTRAST = 34
AGREEMENT = 20
LEAST_AREA = 0.00025
LEAST_FIT = 0.80


@dataclass(frozen=True, slots=True)
class _View:
    """An image with light and tone divided out, the distance of each pixel from the ground, and the mask of what is not ground."""

    colours: Floats
    distance: Floats
    mask: Pixels
    background: str
    tone: str


@dataclass(frozen=True, slots=True)
class _Blob:
    """The cover, 0..1, of a blob on its patch, and the patch's left and top in the image."""

    cover: Floats
    left: int
    top: int


@cache
def _grounds() -> tuple[tuple[tuple[str, str], ...], Floats]:
    names = tuple((background, tone) for tone in TONES for background in BACKGROUNDS)
    table = np.array([np.array(BACKGROUNDS[b]) * TONES[t] for b, t in names], np.float32)
    return names, table


def _working(image: Pixels) -> Pixels:
    h, w = image.shape[:2]
    if min(w, h) <= 1.25 * WORKING_SIDE:
        return image
    scale = WORKING_SIDE / min(w, h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ground(lit: Floats) -> tuple[str, str]:
    """Background and tone: the pair whose ground most pixels of a sparse grid show."""
    step = max(1, min(lit.shape[:2]) // 48)
    names, table = _grounds()
    sample = lit[::step, ::step].reshape(-1, 1, 3)
    gaps = ((sample - table) ** 2).sum(2)
    votes = (gaps < AGREEMENT**2).sum(0)
    return names[int(votes.argmax())] if votes.any() else names[int(np.median(gaps, axis=0).argmin())]


def _view_of(image: bytes) -> _View:
    rgb = _working(pixels(image)).astype(np.float32)
    h, w = rgb.shape[:2]
    lit = rgb / field(w, h)
    background, tone = _ground(lit)
    colours = lit / np.array(TONES[tone], np.float32)
    ground = np.array(BACKGROUNDS[background], np.float32)
    distance = off_ground(colours, ground)
    calm = off_ground(np.asarray(cv2.blur(colours, (2, 2))), ground) if min(w, h) > 160 else distance
    # Where two tones of a thing meet, their mixture may be the ground's very colour: closing mends such seams.
    mask = cv2.morphologyEx((calm > CONTRAST).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return _View(colours, distance, np.asarray(mask, np.uint8), background, tone)


def _cover(whole: Pixels, distance: Floats) -> Floats:
    """How much of each pixel a blob covers: all inside; at the edge its distance from the ground over the largest nearby."""
    depth = np.asarray(cv2.distanceTransform(np.pad(whole, 1), cv2.DIST_L2, 3))[1:-1, 1:-1]
    near = np.asarray(cv2.dilate(whole, np.ones((3, 3), np.uint8)))
    strongest = np.asarray(cv2.dilate(distance * near, np.ones((5, 5), np.uint8)))
    return np.where(depth > 2, 1.0, near * distance / np.maximum(strongest, 1.0)).astype(np.float32)


def _patch(source: Floats, x: float, y: float, scale: float, width: int, height: int) -> Floats:
    """The surroundings of (x, y) at another scale."""
    move = np.array([[scale, 0, width / 2 - scale * x], [0, scale, height / 2 - scale * y]])
    # warpAffine counts pixel centres as integers, the world counts them as half-integers.
    move[:, 2] += (scale - 1) / 2
    return np.asarray(cv2.warpAffine(source, move, (width, height), flags=cv2.INTER_LINEAR))


def _jitter(value: float) -> int:
    return int(np.clip(round(value * 100), -JITTER, JITTER))


def _recognise(blob: _Blob, view: _View) -> tuple[str, Thing | None]:
    """The place of a blob, and the thing that it shows; None when it fits no template."""
    height, width = view.mask.shape
    unit = min(width, height)
    cx, cy = centroid(blob.cover)
    silhouette = _patch(blob.cover, cx, cy, UNIT / unit, PATCH, PATCH).ravel()
    templates = bank()
    fits = 2 * (templates.silhouettes @ silhouette) / (templates.energies + float(silhouette @ silhouette))
    best = int(np.argmax(fits))
    x, y = blob.left + cx, blob.top + cy
    if fits[best] < LEAST_FIT:
        return place_of(x, y, width, height), None
    form = templates.forms[best]
    x, y = x + templates.offsets[best][0] * unit, y + templates.offsets[best][1] * unit
    place = place_of(x, y, width, height)
    mx, my = centre(place, width, height)
    texture, mark, colour, text = *wardrobe(form).best(_patch(view.colours, x, y, UNIT / unit, PATCH, PATCH)), ""
    if form.shape == "sign":
        plate = _patch(view.colours, x, y, RADIUS / (SIZES[form.size] * unit), WIDTH, HEIGHT)
        colour = colour_of(plate)
        text = text_of(plate, colour)
    dx, dy = _jitter((x - mx) / unit), _jitter((y - my) / unit)
    return place, Thing(form.shape, colour, form.size, place, texture, mark, form.facing, form.chipped, text, dx, dy)


def _groups(view: _View) -> tuple[Floats, list[list[int]]]:
    """Labels of the mask's connected parts, and groups of parts that are close together in one cell, the largest first."""
    h, w = view.mask.shape
    count, labels, stats, middles = cv2.connectedComponentsWithStats(view.mask, connectivity=8)
    near = cv2.connectedComponents(np.asarray(cv2.morphologyEx(view.mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))))[
        1
    ]
    groups: dict[tuple[int, str], list[int]] = {}
    for index in sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA])):
        left, top, _, _, area = (int(v) for v in stats[index])
        if area >= LEAST_AREA * w * h:
            across = int(np.flatnonzero(labels[top, left:] == index)[0])
            key = int(near[top, left + across]), place_of(float(middles[index][0]), float(middles[index][1]), w, h)
            groups.setdefault(key, []).append(index)
    return labels, list(groups.values())


def _blobs(view: _View) -> Iterator[_Blob]:
    """All blobs but specks, the largest first. A part enclosed by a blob, such as the middle of a letter, belongs to it."""
    labels, groups = _groups(view)
    for group in groups:
        own = np.isin(labels, group).astype(np.uint8) if len(group) > 1 else (labels == group[0]).astype(np.uint8)
        left, top, bw, bh = cv2.boundingRect(own)
        if not bw:
            continue
        left, top, right, bottom = max(0, left - 2), max(0, top - 2), left + bw + 2, top + bh + 2
        whole = filled(np.ascontiguousarray(own[top:bottom, left:right]), HOLE if view.background == "white" else SEAM)
        labels[top:bottom, left:right][whole > 0] = group[0]
        yield _Blob(_cover(whole, view.distance[top:bottom, left:right]), left, top)


def see(image: bytes) -> Scene:
    """The scene that an image shows. Raises ValueError when the bytes are no image."""
    cv2.setNumThreads(1)
    view = _view_of(image)
    things: dict[str, Thing] = {}
    artifacts: set[str] = set()
    for blob in _blobs(view):
        place, thing = _recognise(blob, view)
        if thing is None or place in things:
            artifacts.add(place)
        else:
            things[place] = thing
    return Scene.of(view.background, things.values(), artifacts, view.tone)
