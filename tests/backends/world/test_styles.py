"""A second renderer: the same content in another manner, which sight and truth read as before."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.drawing.draw import picture, pixels
from pipeline.backends.world.drawing.styles import PLAIN_STYLE, STYLES
from pipeline.backends.world.models.skill import skill
from pipeline.backends.world.options import identity, problems
from pipeline.backends.world.oracle.truth import Truth, is_right
from pipeline.backends.world.sight.vision import see
from pipeline.storage.image_store import ImageStore
from stages.protocols import ImageRequest, Message
from tests.backends.world.climber import tag
from tests.backends.world.random_scenes import near_misses, some_scene

OTHERS = [style for style in STYLES if style != PLAIN_STYLE]


@pytest.mark.parametrize("style", OTHERS)
def test_sight_reads_every_style(style):
    rng = np.random.default_rng(21)
    scenes = [some_scene(rng) for _ in range(60)]
    wrong = [s for s in scenes if see(picture(s, 256, 256, rng, style)).settled() != s.settled()]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("style", OTHERS)
def test_truth_reads_every_style(style):
    rng = np.random.default_rng(22)
    for _ in range(12):
        scene = some_scene(rng)
        truth = Truth(scene, (scene,), (), scene, exotic=False, cause="rendering_limit", loose=False)
        assert is_right(picture(scene, 256, 256, rng, style), truth)
        for what, miss in near_misses(scene, rng):
            assert not is_right(picture(miss, 256, 256, rng, style), truth), what


def spread(image):
    """How much neighbouring pixels differ: the mean of the smaller half of their differences, which leaves edges out."""
    steps = np.sort(np.abs(np.diff(pixels(image).astype(float), axis=1)), axis=None)
    return float(steps[: steps.size // 2].mean())


@pytest.mark.parametrize("style", OTHERS)
def test_a_style_shows_in_simple_statistics_of_one_scene(style):
    scene = some_scene(np.random.default_rng(23))
    plain, other = (
        [spread(picture(scene, 128, 128, np.random.default_rng(seed), s)) for seed in range(12)]
        for s in (PLAIN_STYLE, style)
    )
    assert abs(np.mean(plain) - np.mean(other)) > 0.2 * np.mean(plain)


def test_identity_names_a_style_only_where_it_is_not_the_plain_one():
    assert identity("world-generator", "1", {"style": "plain"}) == "world/world-generator@1"
    assert identity("world-generator", "1", {"style": "soft", "slip": 0.1}) == (
        "world/world-generator@1?slip=0.1&style=soft"
    )


@pytest.mark.parametrize("value", ["sofft", 1, 0.5, True, None])
def test_an_unknown_style_names_those_there_are(value):
    ((field, problem),) = problems("world-generator", {"style": value})
    assert field == "options.style"
    assert "plain, soft, grainy" in problem


@pytest.mark.parametrize("style", list(STYLES))
def test_a_model_draws_in_its_style(tmp_path: Path, style):
    words = (Message("user", tag("instruction", "a large red circle at the top") + tag("size", "96x96")),)
    with ThreadPoolExecutor(1) as pool:
        store = ImageStore(str(tmp_path))
        models = [WorldModel("world-generator", "1", {**o, "slip": 0.0}, store, pool) for o in ({}, {"style": style})]
        request = ImageRequest(words, (), 96, 96, "image", 1, 0)
        plain, styled = (asyncio.run(model.draw(request)).image.sha256 for model in models)
        assert (plain == styled) == (style == PLAIN_STYLE)
        assert see(store.get(plain)).settled() == see(store.get(styled)).settled()


def test_other_options_must_stay_numbers():
    with pytest.raises(ValueError, match="from 0 to 1"):
        skill("world-generator", {"slip": "soft"})
