"""Drawing: the same scene is the same pixels; every look shows; a file tells nothing but its pixels."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.backends.world.drawing.draw import picture, render
from pipeline.backends.world.drawing.light import field
from pipeline.backends.world.scenes.looks import EXOTIC_SHAPES, PLACES, SHAPES, SIZES, TONES
from pipeline.backends.world.scenes.scene import Scene, Thing, natural_facing
from tests.backends.world.random_scenes import near_misses, some_scene

EVERY = (*SHAPES, *EXOTIC_SHAPES)


def pixels_of(thing: Thing, background: str = "grey", side: int = 300) -> np.ndarray:
    return render(Scene.of(background, [thing]), side, side)


def plain(shape: str, size: str = "large", place: str = "center") -> Thing:
    return Thing(shape, "red", size, place, facing=natural_facing(shape), text="OK" if shape == "sign" else "")


def test_rendering_is_deterministic_with_and_without_noise():
    scene = some_scene(np.random.default_rng(3))
    assert (render(scene, 200, 130) == render(scene, 200, 130)).all()
    assert picture(scene, 99, 130, np.random.default_rng(9)) == picture(scene, 99, 130, np.random.default_rng(9))


def test_png_carries_pixels_only():
    image = picture(Scene("mint"), 128, 128, np.random.default_rng(1))
    chunks, at = set(), 8
    while at < len(image):
        chunks.add(image[at + 4 : at + 8])
        at += 12 + int.from_bytes(image[at : at + 4])
    assert chunks == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("shape", EVERY)
def test_a_thing_stays_within_its_cell_however_it_is_shifted(shape):
    empty = render(Scene("grey"), 300, 300).astype(int)
    for dx, dy in ((-2, -2), (2, 2)):
        off = abs(pixels_of(replace(plain(shape), dx=dx, dy=dy)).astype(int) - empty).max(2) > 60
        assert off.any()
        assert not off[:, :101].any()
        assert not off[:, 199:].any()
        assert not off[:101].any()
        assert not off[199:].any()


@pytest.mark.parametrize("shape", EVERY)
def test_each_size_is_larger_than_the_last(shape):
    sizes = [size for size in SIZES if (shape, size) != ("sign", "small")]
    areas = [(abs(pixels_of(plain(shape, s)).astype(int) - 184).max(2) > 60).sum() for s in sizes]
    assert all(one * 1.6 < other for one, other in pairwise(areas))


def test_every_single_change_shows():
    rng = np.random.default_rng(12)
    for _ in range(25):
        scene = some_scene(rng)
        before = render(scene, 192, 192).astype(int)
        for what, spoilt in near_misses(scene, rng):
            assert (abs(render(spoilt, 192, 192).astype(int) - before).max(2) > 20).sum() >= 4, (what, spoilt)


def test_light_falls_from_the_top_left_and_never_adds():
    light = field(120, 80)[..., 0]
    assert light.max() <= 1
    assert light.min() > 0.8
    assert light[20, 20] > light[20, -1] > light[-1, -1]


def test_tone_colours_everything_alike():
    thing = plain("circle")
    day = pixels_of(thing).astype(float)
    for tone, factors in TONES.items():
        toned = render(Scene.of("grey", [thing], (), tone), 300, 300).astype(float)
        assert abs(toned - day * np.array(factors)).max() <= 1.5


def test_a_file_is_as_large_whether_its_picture_is_streaked_or_not():
    rng = np.random.default_rng(7)
    scene = Scene.of("mint", [plain("star", place=p) for p in PLACES[:4]])
    clean, streaked = ([len(picture(s, 128, 128, rng)) for _ in range(12)] for s in (scene, scene.streaked("bottom")))
    assert max(min(clean), min(streaked)) < min(max(clean), max(streaked))
