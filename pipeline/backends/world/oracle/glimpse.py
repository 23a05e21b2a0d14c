"""Read an image for the choices that words leave open. In: a flattened image, what may be on it. Out: a scene.

Each cell that is not empty is read as the candidate that is most like it when drawn there. Candidates are the looks that the
words or the scenes mention, in any colour and size. So this reads only things that a right image may show; `sight` reads any.
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
from pipeline.backends.world.scenes.scene import Scene, Thing, natural_facing

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


def _looks_in(part: object) -> Iterator[Look]:
    """Every description in a clause, however deep."""
    if isinstance(part, Look):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from _looks_in(getattr(part, field.name))


def _described_thing(look: Look) -> Thing | None:
    if look.shape is None:
        return None
    facing = look.facing or natural_facing(look.shape)
    text, mark = look.text or "", look.mark or ""
    return Thing(look.shape, "red", "medium", "center", look.texture or PLAIN, mark, facing, bool(look.chipped), text)


def _models(scenes: Sequence[Scene], clauses: Sequence[Op]) -> list[Thing]:
    """The candidates: every thing that may be on the image, in every size, all of them red and in the middle."""
    mentioned = [_described_thing(look) for op in clauses for look in _looks_in(op)]
    things = [*(t for scene in scenes for t in scene.things), *(t for t in mentioned if t is not None)]
    bare = {replace(t, colour="red", size=size, place="center", dx=0, dy=0) for t in things for size in SIZES}
    return sorted((t for t in bare if t.misfit is None), key=repr)


def _most_alike(cell: Flat, middle: tuple[float, float], ground: Floats, models: Sequence[Thing]) -> Thing | None:
    best, least = None, np.inf
    scale = UNIT / SIDE
    for model in models:
        sample = _sample(model)
        # The cell is laid over the model with the centroids on each other, because the thing may be shifted.
        shift = [c - scale * m + (scale - 1) / 2 for c, m in zip(sample.centroid, middle, strict=True)]
        move = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        scaled = cv2.warpAffine(cell.calm, move, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)
        gaps = np.asarray(scaled) - (1 - sample.cover) * ground
        # |gaps - drawn|^2 for every colour at once.
        error = (gaps**2).sum() - 2 * np.einsum("cijk,ijk->c", sample.drawn, gaps) + (sample.drawn**2).sum((1, 2, 3))
        if float(error.min()) < least:
            least = float(error.min())
            best = replace(model, colour=list(COLOURS)[int(error.argmin())])
    return best


def glimpse(image: Flat, background: str, tone: str, scenes: Sequence[Scene], clauses: Sequence[Op]) -> Scene:
    """The scene that a flattened image shows, if it shows nothing that these scenes and clauses do not mention."""
    models = _models(scenes, clauses)
    ground = np.array(BACKGROUNDS[background], np.float32)
    things, streaks = [], []
    for place in PLACES:
        cell = image.cell(place)
        middle = cell.middle
        if middle is None:
            continue
        thing = None if cell.thin else _most_alike(cell, middle, ground, models)
        if thing is None:
            streaks.append(place)
        else:
            things.append(replace(thing, place=place))
    return Scene.of(background, things, streaks, tone)
