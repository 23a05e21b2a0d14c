"""Truth's own reading of an image, for choices that words leave open. In: a flattened image, what may be on it. Out: a scene.

Each cell that is not empty shows the candidate that, drawn there, is most like it: any look that the words or the scenes
mention, in any colour and size. It is no general eye: it is only asked about things that a right image may show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from pipeline.backends.world.drawing.layers import Patch, paints, split
from pipeline.backends.world.drawing.outlines import Floats
from pipeline.backends.world.oracle.flat import SIDE, Flat
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, PLACES, PLAIN, SIZES
from pipeline.backends.world.scenes.ops import Look, Op
from pipeline.backends.world.scenes.scene import Scene, Thing, natural

PATCH, UNIT = 56, 160.0


@dataclass(frozen=True, slots=True)
class _Sample:
    """A look in all colours on no ground at all: `cover` (P, P, 1), `drawn` (colours, P, P, 3), the centroid of the cover."""

    cover: Floats
    drawn: Floats
    centroid: tuple[float, float]


@lru_cache(512)
def _sample(model: Thing) -> _Sample:
    layers = split(model, Patch(PATCH, PATCH, PATCH / 2, PATCH / 2, UNIT))
    painted = np.stack([layers.mix @ paints(colour) * layers.light[..., None] for colour in COLOURS])
    moments = cv2.moments((layers.cover > 0.5).astype(np.uint8), binaryImage=True)
    middle = moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5
    return _Sample(layers.cover[..., None], painted * layers.cover[..., None], middle)


def _looks(part: object) -> Iterator[Look]:
    """Every description in a clause, however deep."""
    if isinstance(part, Look):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from _looks(getattr(part, field.name))


def _said(look: Look) -> Thing | None:
    if look.shape is None:
        return None
    facing = look.facing or natural(look.shape)
    text, mark = look.text or "", look.mark or ""
    return Thing(look.shape, "red", "medium", "center", look.texture or PLAIN, mark, facing, bool(look.chipped), text)


def _models(scenes: Sequence[Scene], clauses: Sequence[Op]) -> list[Thing]:
    """All that may be on the image, in every size, in one colour, in the middle."""
    mentioned = [_said(look) for op in clauses for look in _looks(op)]
    things = [*(t for scene in scenes for t in scene.things), *(t for t in mentioned if t is not None)]
    bare = {replace(t, colour="red", size=size, place="center", dx=0, dy=0) for t in things for size in SIZES}
    return sorted((t for t in bare if t.misfit is None), key=repr)


def _likest(cell: Flat, middle: tuple[float, float], ground: Floats, models: Sequence[Thing]) -> Thing | None:
    best, least = None, np.inf
    scale = UNIT / SIDE
    for model in models:
        sample = _sample(model)
        # What is there is laid over the model, centroid on centroid.
        shift = [c - scale * m + (scale - 1) / 2 for c, m in zip(sample.centroid, middle, strict=True)]
        move = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        seen = cv2.warpAffine(cell.calm, move, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)
        gaps = np.asarray(seen) - (1 - sample.cover) * ground
        # |gaps - drawn|^2 for every colour at once.
        error = (gaps**2).sum() - 2 * np.einsum("cijk,ijk->c", sample.drawn, gaps) + (sample.drawn**2).sum((1, 2, 3))
        if float(error.min()) < least:
            least = float(error.min())
            best = replace(model, colour=list(COLOURS)[int(error.argmin())])
    return best


def glimpse(seen: Flat, background: str, tone: str, scenes: Sequence[Scene], clauses: Sequence[Op]) -> Scene:
    """What a flattened image shows, if it shows what these scenes and clauses speak of."""
    models = _models(scenes, clauses)
    ground = np.array(BACKGROUNDS[background], np.float32)
    things, streaks = [], []
    for place in PLACES:
        cell = seen.cell(place)
        middle = cell.middle
        if middle is None:
            continue
        thing = None if cell.thin else _likest(cell, middle, ground, models)
        if thing is None:
            streaks.append(place)
        else:
            things.append(replace(thing, place=place))
    return Scene.of(background, things, streaks, tone)
