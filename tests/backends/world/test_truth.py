"""Truth: right pictures are right however they are encoded, near misses never, and what is wrong counts on the right axis."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.oracle.truth import Truth, inspect, is_right
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.ops import Look, Op, Selector
from pipeline.backends.world.scenes.perform import apply
from pipeline.backends.world.scenes.scene import Scene, Thing, empty
from tests.backends.world.random_scenes import near_misses, recoded, shifted, some_scene

RED_CIRCLE = Thing("circle", "red", "large", "top left")
BLUE_STAR = Thing("star", "blue", "medium", "center")
GEAR = Thing("gear", "green", "large", "bottom")
START = Scene.of("cream", [RED_CIRCLE, BLUE_STAR])


def truth_of(target: Scene) -> Truth:
    return Truth(empty(), (), (), target, False, "rendering_limit", False)


def edit(*clauses: Op, start: Scene = START, loose: bool = False) -> Truth:
    target = apply(start, clauses, Context(pictures=(start,)))
    return Truth(start, (start,), clauses, target, any(t.exotic for t in target.things), "rendering_limit", loose)


def wrong(scene: Scene, truth: Truth) -> dict[str, set[str]]:
    finding = inspect(picture(scene, 256, 256, np.random.default_rng(1)), truth)
    return {axis: set(places) for axis, places in finding.wrong.items()}


def again(scene: Scene, rng: np.random.Generator) -> Scene:
    return Scene.of(scene.background, [shifted(t, rng) for t in scene.things], (), scene.tone)


def test_another_rendering_is_right_and_a_near_miss_is_not():
    rng = np.random.default_rng(23)
    for _ in range(14):
        scene = some_scene(rng)
        image = picture(again(scene, rng), 256, 256, rng)
        assert is_right(image, truth_of(scene))
        assert is_right(recoded(image, ".jpg"), truth_of(scene))
        for what, spoilt in near_misses(scene, rng):
            assert not is_right(
                picture(again(spoilt, rng) if what != "streak" else spoilt, 256, 256, rng), truth_of(scene)
            ), what


@pytest.mark.parametrize(("width", "height"), [(192, 192), (384, 216), (512, 512)])
def test_any_size_works(width, height):
    rng = np.random.default_rng(24)
    for _ in range(10):
        scene = some_scene(rng)
        assert is_right(picture(again(scene, rng), width, height, rng), truth_of(scene))
        assert not is_right(picture(scene.drop(scene.things[0].place), width, height, rng), truth_of(scene))


def test_one_letter_makes_the_difference():
    rng = np.random.default_rng(25)
    for right, other in (("OPEN", "QPEN"), ("CAFE", "CAFF"), ("RIB", "PIB"), ("808", "908"), ("17", "77"), ("O", "Q")):
        scene = Scene.of("mint", [Thing("sign", "pink", "medium", "left", text=right)], (), "night")
        spoilt = scene.put(replace(scene.things[0], text=other))
        assert is_right(picture(scene, 256, 256, rng), truth_of(scene))
        assert not is_right(picture(spoilt, 256, 256, rng), truth_of(scene))


def test_what_was_asked_counts_as_instruction_and_what_was_not_as_consistency():
    truth = edit(ops.Alter(Selector(Look("circle")), Look(colour="green")))
    assert wrong(truth.target, truth) == {}
    assert wrong(START, truth) == {"instruction": {"top left"}}
    assert wrong(truth.target.drop("center"), truth) == {"consistency": {"center"}}
    assert wrong(truth.target.put(GEAR), truth) == {"consistency": {"bottom"}}
    assert wrong(truth.target.on("mint"), truth) == {"consistency": {"background"}}
    assert wrong(truth.target.streaked("right"), truth) == {"quality": {"right"}}
    assert wrong(START.drop("center"), truth) == {"instruction": {"top left"}, "consistency": {"center"}}


def test_a_streak_counts_as_quality_wherever_it_points():
    rng = np.random.default_rng(26)
    truth = truth_of(START)
    for _ in range(30):
        finding = inspect(picture(START.streaked("bottom"), 256, 256, rng), truth)
        assert dict(finding.wrong) == {"quality": {"bottom"}}


def test_ground_and_light_are_places_of_their_own():
    truth = edit(ops.Background("azure"), ops.Light("night"))
    assert wrong(truth.target, truth) == {}
    assert wrong(START, truth) == {"instruction": {"background", "light"}}
    assert wrong(START.lit("night"), truth) == {"instruction": {"background"}}


def test_what_needs_knowledge_counts_on_it():
    truth = edit(ops.Add(Look("gear", "green", "large"), "bottom"))
    assert wrong(START, truth) == {"instruction": {"bottom"}, "knowledge": {"bottom"}}


def test_a_picture_from_nothing_keeps_nothing():
    truth = truth_of(START)
    assert wrong(START.drop("center"), truth) == {"instruction": {"center"}}
    composed = replace(truth, pictures=(Scene.of("mint", [RED_CIRCLE]),))
    assert wrong(START.put(GEAR), composed) == {"instruction": {"bottom"}}


def test_any_choice_that_the_words_leave_open_is_right():
    rng = np.random.default_rng(31)
    truth = edit(ops.Add(Look("fish")), loose=True)
    for place in START.free():
        for size in ("small", "large"):
            fish = Thing("fish", "brown", size, place, facing="left")
            assert is_right(picture(START.put(fish), 256, 256, rng), truth), fish
            assert not is_right(picture(START.put(replace(fish, facing="up")), 256, 256, rng), truth)
    two = START.put(Thing("fish", "red", "medium", "left", facing="left")).put(
        Thing("fish", "red", "medium", "right", facing="left")
    )
    assert not is_right(picture(two, 256, 256, rng), truth)
    assert not is_right(picture(START, 256, 256, rng), truth)


def test_any_of_several_may_go_and_none_may_change():
    rng = np.random.default_rng(32)
    three = START.put(RED_CIRCLE.at("right")).put(RED_CIRCLE.at("bottom"))
    truth = edit(ops.Count(Look("circle"), 2), start=three, loose=True)
    for place in ("top left", "right", "bottom"):
        assert is_right(picture(three.drop(place), 256, 256, rng), truth)
        assert not is_right(picture(three.drop(place).drop("center"), 256, 256, rng), truth)
    assert not is_right(picture(three, 256, 256, rng), truth)


def test_a_new_picture_may_have_any_ground_that_nobody_mentioned():
    clauses = (ops.Add(Look("heart", "white")),)
    truth = Truth(
        empty(),
        (),
        clauses,
        Scene.of("grey", [Thing("heart", "white", "medium", "center")]),
        False,
        "rendering_limit",
        True,
    )
    for background in ("mint", "grey", "cream"):
        scene = Scene.of(background, [Thing("heart", "white", "large", "left")])
        assert is_right(picture(scene, 256, 256, np.random.default_rng(33)), truth)


def test_truth_survives_its_json():
    rng = np.random.default_rng(34)
    for loose in (True, False):
        truth = edit(ops.Add(Look("plant"), "right"), ops.Later(), start=some_scene(rng).drop("right"), loose=loose)
        assert Truth.load(truth.dump()) == truth
        assert truth.count == 2
