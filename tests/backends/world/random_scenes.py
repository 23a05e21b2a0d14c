"""Random scenes of everything the world can draw, and their near misses."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import cv2
import numpy as np

from pipeline.backends.world.scenes.looks import (
    BACKGROUNDS,
    CLOTH,
    COLOURS,
    DIRECTED,
    EXOTIC_SHAPES,
    FACINGS,
    MARKS,
    PLACES,
    PLAIN,
    SHAPES,
    SIZES,
    TEXTURES,
    TONES,
)
from pipeline.backends.world.scenes.scene import JITTER, Scene, Thing

T = TypeVar("T")
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


def pick(options: Iterable[T], rng: np.random.Generator, but: T | None = None) -> T:
    others = [option for option in options if option != but]
    return others[int(rng.integers(len(others)))]


def some_text(rng: np.random.Generator) -> str:
    alphabet, longest = (LETTERS, 4) if rng.random() < 0.5 else (DIGITS, 3)
    return "".join(pick(alphabet, rng) for _ in range(int(rng.integers(1, longest + 1))))


def some_thing(place: str, rng: np.random.Generator) -> Thing:
    shape, size = pick((*SHAPES, *EXOTIC_SHAPES), rng), pick(SIZES, rng)
    if shape == "sign" and size == "small":
        size = "large"
    cloth = shape in CLOTH and size != "small"
    thing = Thing(
        shape,
        pick(COLOURS, rng),
        size,
        place,
        texture=pick(TEXTURES, rng) if cloth and rng.random() < 0.6 else PLAIN,
        mark=pick(MARKS, rng) if cloth and rng.random() < 0.5 else "",
        facing=pick(FACINGS, rng) if shape in DIRECTED else "up",
        chipped=cloth and shape != "heart" and rng.random() < 0.4,
        text=some_text(rng) if shape == "sign" else "",
    )
    assert thing.misfit is None
    return shifted(thing, rng)


def shifted(thing: Thing, rng: np.random.Generator) -> Thing:
    dx, dy = (int(v) for v in rng.integers(-JITTER, JITTER + 1, 2))
    return replace(thing, dx=dx, dy=dy)


def some_scene(rng: np.random.Generator, most: int = 8) -> Scene:
    while True:
        places = [PLACES[i] for i in rng.permutation(9)[: int(rng.integers(1, most + 1))]]
        scene = Scene.of(pick(BACKGROUNDS, rng), [some_thing(p, rng) for p in places], (), pick(TONES, rng))
        if scene.misfit is None:
            return scene


def near_misses(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[str, Scene]]:
    """What is wrong, and the scene with a single attribute of one thing, the ground or the light changed."""
    thing, free = pick(scene.things, rng), pick(scene.free(), rng)
    changes: dict[str, Any] = {
        "colour": pick(COLOURS, rng, thing.colour),
        "size": pick(SIZES, rng, thing.size),
        "texture": pick((PLAIN, *TEXTURES), rng, thing.texture),
        "mark": pick(("", *MARKS), rng, thing.mark),
        "chipped": not thing.chipped,
        "facing": pick(FACINGS, rng, thing.facing),
        "shape": pick((*SHAPES, *EXOTIC_SHAPES), rng, thing.shape),
    }
    if thing.text:
        at = int(rng.integers(len(thing.text)))
        other = pick(DIGITS if thing.text.isdigit() else LETTERS, rng, thing.text[at])
        changes["text"] = thing.text[:at] + other + thing.text[at + 1 :]
    for what, value in changes.items():
        spoilt = scene.put(replace(thing, **{what: value}))
        if spoilt.misfit is None:
            yield what, spoilt
    yield "gone", scene.drop(thing.place)
    yield "moved", scene.drop(thing.place).put(thing.at(free))
    yield "streak", scene.streaked(free)
    yield "tone", scene.lit(pick(TONES, rng, scene.tone))
    elsewhere = scene.on(pick(BACKGROUNDS, rng, scene.background))
    if elsewhere.misfit is None:
        yield "background", elsewhere


def recoded(image: bytes, ending: str, scale: float = 1.0) -> bytes:
    """The image as JPEG 95 or WebP 90, at another size."""
    rgb = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert rgb is not None
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = rgb if scale == 1 else cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=way)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if ending == ".jpg" else [cv2.IMWRITE_WEBP_QUALITY, 90]
    return cv2.imencode(ending, sized, quality)[1].tobytes()
