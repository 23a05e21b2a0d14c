"""Eyes: what is drawn is read back, whatever the encoding; truth is a second opinion on the same pixels."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.world.draw import picture, render
from pipeline.world.scene import (
    BACKGROUNDS,
    COLOURS,
    EXOTIC_SHAPES,
    EXOTIC_TEXTURES,
    JITTER,
    PLACES,
    PLAIN,
    SHAPES,
    SIZES,
    Scene,
    Thing,
)
from pipeline.world.tasks import CLOTH_SHAPES, pick
from pipeline.world.truth import Truth, is_right
from pipeline.world.vision import see


def jpeg(image: bytes, size: tuple[int, int] | None = None) -> bytes:
    with Image.open(io.BytesIO(image)) as opened:
        rgb = opened.convert("RGB")
    buffer = io.BytesIO()
    (rgb if size is None else rgb.resize(size, Image.Resampling.BICUBIC)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def some_thing(place: str, rng: np.random.Generator) -> Thing:
    dx, dy = (int(v) for v in rng.integers(-JITTER, JITTER + 1, 2))
    kind = rng.random()
    if kind > 0.9:
        colour = pick([c for c in COLOURS if c != "black"], rng)
        return Thing(pick(CLOTH_SHAPES, rng), colour, "large", place, pick(EXOTIC_TEXTURES, rng), dx, dy)
    shape = pick(EXOTIC_SHAPES if kind < 0.1 else SHAPES, rng)
    return Thing(shape, pick(list(COLOURS), rng), pick(list(SIZES), rng), place, PLAIN, dx, dy)


def some_scene(rng: np.random.Generator) -> Scene:
    places = [PLACES[i] for i in rng.permutation(9)[: int(rng.integers(0, 9))]]
    scene = Scene.of(pick(list(BACKGROUNDS), rng), [some_thing(p, rng) for p in places])
    return scene.streaked(pick(scene.free(), rng)) if rng.random() < 0.3 else scene


def test_scenes_are_read_back_from_png_jpeg_and_moderate_resizing() -> None:
    rng, wrong, total = np.random.default_rng(17), [], 0
    for _ in range(120):
        scene = some_scene(rng)
        image = picture(scene, 256, 256, rng)
        assert see(image) == scene
        for copy in (jpeg(image), jpeg(image, (512, 512)), jpeg(image, (384, 384))):
            total += 1
            if see(copy).settled() != scene.settled():
                wrong.append(scene)
    assert len(wrong) <= 0.005 * total, wrong


@pytest.mark.parametrize(("width", "height"), [(96, 96), (128, 200), (384, 200), (512, 512), (700, 1100)])
def test_any_size_works(width: int, height: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(12):
        things = [t for t in some_scene(rng).things if t.texture == PLAIN]
        scene = Scene.of("cream", things)
        image = picture(scene, width, height, rng)
        assert see(image).settled() == scene.settled()
        assert is_right(image, Truth(scene, 1, False, "rendering_limit"))


def _spoilt(scene: Scene, rng: np.random.Generator) -> list[Scene]:
    thing, free = pick(scene.things, rng), scene.free()
    other = [
        replace(thing, colour=pick([c for c in COLOURS if c != thing.colour], rng)),
        replace(thing, size=pick([s for s in SIZES if s != thing.size], rng)),
        replace(thing, shape=pick([s for s in SHAPES if s != thing.shape], rng)),
    ]
    spoilt = [scene.put(t) for t in other] + [scene.drop(thing.place)]
    spoilt += [scene.drop(thing.place).put(thing.at(pick(free, rng))), scene.streaked(pick(free, rng))]
    spoilt += [scene.on(pick([b for b in BACKGROUNDS if b != scene.background], rng))]
    return spoilt


def test_truth_allows_small_shifts_and_nothing_else() -> None:
    rng = np.random.default_rng(23)
    for _ in range(30):
        scene = replace(some_scene(rng), artifacts=())
        truth = Truth(scene, 1, False, "rendering_limit")
        assert Truth.load(truth.dump()) == truth
        centred = picture(scene.settled(), 256, 256, rng)
        assert is_right(centred, truth)
        assert is_right(jpeg(centred), truth)
        for spoilt in _spoilt(scene, rng) if scene.things else []:
            assert not is_right(picture(spoilt, 256, 256, rng), truth), (scene, spoilt)


def test_png_carries_pixels_only_and_its_size_does_not_follow_the_scene() -> None:
    rng = np.random.default_rng(1)
    image = picture(Scene("mint"), 128, 128, rng)
    chunks, at = set(), 8
    while at < len(image):
        chunks.add(image[at + 4 : at + 8])
        at += 12 + int.from_bytes(image[at : at + 4])
    assert chunks == {b"IHDR", b"IDAT", b"IEND"}


def test_rendering_is_deterministic_with_and_without_noise() -> None:
    scene = some_scene(np.random.default_rng(3))
    assert (render(scene, 200, 130) == render(scene, 200, 130)).all()
    assert picture(scene, 99, 130, np.random.default_rng(9)) == picture(scene, 99, 130, np.random.default_rng(9))


def test_garbage_is_no_image() -> None:
    for data in (b"", b"\x89PNG\r\n\x1a\n", b"hello"):
        with pytest.raises(ValueError, match="not an image"):
            see(data)
