"""Two renderers are told apart by their style, one renderer is not taken for two; content alone tells nothing."""

import io
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.backends.world.drawing.draw import render
from pipeline.backends.world.drawing.styles import STYLES
from pipeline.backends.world.tasks.scenes import start_scene
from pipeline.views.probe.probe import LEAST, probe
from pipeline.views.probe.statistics import STATISTICS, compare

SIZE = 256


@cache
def pairs(count: int, seed: int, style: str = "plain", change=lambda pixels: pixels):
    """Pictures by two makers: the second one lacks a thing, or has the same things, and is drawn in `style`."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        scene = start_scene([], 2, rng)
        other = replace(scene, things=scene.things[n % 2 :])
        one = render(scene, SIZE, SIZE, rng)
        made.append((one, change(render(other, SIZE, SIZE, rng, STYLES[style]))))
    return tuple(made)


def found(pictures):
    return probe(np.stack([d for one, other in pictures if (d := compare(one, other)) is not None]))


def jpeg(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return np.asarray(Image.open(io.BytesIO(out.getvalue())))


PLANTED = {
    "soft": {"style": "soft"},
    "grainy": {"style": "grainy"},
    "JPEG": {"change": jpeg},
    "a slight blur": {"change": lambda p: cv2.GaussianBlur(p, (0, 0), 0.6)},
    "a slight tint": {"change": lambda p: np.clip(p * np.array([1.0, 0.985, 0.96]), 0, 255).astype(np.uint8)},
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_second_renderer_is_found(planted):
    finding = found(pairs(40, 1, **PLANTED[planted]))
    assert finding.auc > 0.9
    assert finding.low > 0.8
    assert finding.is_leak
    assert set(finding.telling) <= set(STATISTICS)


def test_few_samples_that_are_all_told_apart_are_not_certain():
    finding = found(pairs(40, 1, "soft"))
    assert finding.auc > 0.99
    assert finding.low < 0.95


@pytest.mark.parametrize("seed", range(3))
def test_one_renderer_is_not_taken_for_two(seed):
    finding = found(pairs(40, seed))
    assert finding.low <= 0.5 <= finding.high
    assert not finding.is_leak


def test_the_same_pictures_always_give_the_same_finding():
    assert found(pairs(40, 3)) == found(pairs(40, 3))


def test_few_samples_say_nothing():
    assert found(pairs(LEAST - 1, 1)) is None


def test_pictures_of_different_things_are_not_compared():
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8) for _ in range(2)]
    smooth = [cv2.resize(cv2.resize(n, (8, 8)), (SIZE, SIZE)) for n in noise]
    assert compare(*smooth) is None
