"""The truth figures on real scenes of the world: every way to be wrong counts, in each direction."""

from dataclasses import replace
from typing import get_args

import pytest

from pipeline.backends.world.oracle.truth import GROUND, LIGHT, Finding
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.language import at
from pipeline.output import record
from pipeline.output.cut import Fate
from pipeline.output.frame import Unit
from pipeline.output.share import Share
from pipeline.output.truth_figures import Counting, TruthFigures, judged_images, names_a_defect, thinking_modes
from pipeline.output.truth_rows import look
from pipeline.storage.image_store import ImageStore
from stages.policy import Policy
from stages.prune import prune
from stages.records import AXES, Axis, Diagnosis, Event, Plan, Step
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.output.factory import RECIPE, verdict
from tests.output.scenes import MOVED, RIGHT, STREAKED, TRUTH, UNDONE, Scenes, add_reflection

MISSED: dict[Axis, str] = {"instruction": f"the circle {at('left')} is still red"}


@pytest.fixture
def scenes(tmp_path):
    return Scenes(ImageStore(str(tmp_path / "store")), size=(64, 64))


def measure(scenes: Scenes, *ended: tuple[Trajectory, Fate], recipe: Recipe = RECIPE) -> TruthFigures:
    counting = Counting(recipe)
    for t, fate in ended:
        row = record.read_row(record.row(Unit(t.sample.id, prune(t, recipe), fate)))
        counting.add(row, look(scenes.store, (TRUTH.dump(), judged_images(row))))
    return counting.figures()


def is_empty(share: Share) -> bool:
    return share.of == 0


def test_a_right_image_that_passes_counts_against_nobody(scenes):
    figures = measure(scenes, (scenes.try_scene(scenes.start(0), 1, RIGHT, {}).accept("direct"), "kept"))
    assert figures.accepted == Share(1, 1)
    assert figures.accepted_by_mode["direct"] == Share(1, 1)
    assert is_empty(figures.accepted_by_mode["reflection"])
    assert all(is_empty(s) for s in figures.false_pass.values())
    assert all(s == Share(0, 1) for s in figures.false_fail.values())
    assert is_empty(figures.needless["all"])
    assert is_empty(figures.critiques)


@pytest.mark.parametrize(
    ("scene", "axis"), [(UNDONE, "instruction"), (MOVED, "consistency"), (STREAKED, "quality")], ids=str
)
def test_a_wrong_image_that_passes_is_a_false_pass_on_its_axis(scenes, scene, axis):
    figures = measure(scenes, (scenes.try_scene(scenes.start(0), 1, scene, {}).accept("direct"), "surplus"))
    assert figures.accepted == Share(0, 1)
    assert figures.false_pass[axis] == figures.false_pass["verdict"] == Share(1, 1)
    assert is_empty(figures.false_fail["verdict"])
    for other in set(AXES) - {axis}:
        assert is_empty(figures.false_pass[other])
        assert figures.false_fail[other] == Share(0, 1)


def test_a_wrong_image_that_fails_is_no_error(scenes):
    t = scenes.try_scene(scenes.start(0), 1, UNDONE, MISSED).discard("rendering_limit")
    figures = measure(scenes, (t, "discarded"))
    assert figures.false_pass["verdict"] == figures.false_pass["instruction"] == Share(0, 1)
    assert is_empty(figures.false_fail["verdict"])
    assert is_empty(figures.accepted)


def test_a_right_image_that_fails_is_a_false_fail_and_what_follows_is_needless(scenes):
    t = scenes.try_scene(scenes.start(0), 1, RIGHT, MISSED)
    t = scenes.try_scene(add_reflection(t, 1, MISSED["instruction"]), 2, RIGHT, {}).accept("reflection")
    figures = measure(scenes, (t, "kept"))
    assert figures.false_fail["verdict"] == figures.false_fail["instruction"] == Share(1, 2)
    assert figures.false_fail["quality"] == Share(0, 2)
    assert figures.needless == {"reflection": Share(1, 1), "multistep": Share(0, 0), "all": Share(1, 1)}
    assert figures.critiques == Share(0, 2)


def test_needed_reflection_has_critiques_that_name_the_defect(scenes):
    t = scenes.try_scene(scenes.start(0), 1, UNDONE, MISSED)
    t = scenes.try_scene(add_reflection(t, 1, f"the square {at('top right')} is missing"), 2, RIGHT, {})
    figures = measure(scenes, (t.accept("reflection"), "kept"))
    assert figures.needless["all"] == Share(0, 1)
    assert figures.critiques == Share(1, 2), "E1 names the place, R1 another"


def test_only_trained_critiques_count(scenes):
    t = scenes.try_scene(scenes.start(0), 1, UNDONE, MISSED)
    t = scenes.try_scene(add_reflection(t, 1, "nonsense"), 2, UNDONE, MISSED)
    t = scenes.try_scene(add_reflection(t, 2, MISSED["instruction"]), 3, RIGHT, {}).accept("reflection")
    assert measure(scenes, (t, "kept")).critiques == Share(2, 2), "E2 and R2; E1 and R1 are context"
    rl = scenes.try_scene(scenes.start(1, split="rl"), 1, UNDONE, MISSED)
    rl = scenes.try_scene(add_reflection(rl, 1, MISSED["instruction"]), 2, RIGHT, {}).accept("reflection")
    figures = measure(scenes, (rl, "kept"))
    assert is_empty(figures.critiques)
    assert figures.accepted == Share(1, 1)


def test_an_image_that_comes_back_is_the_last_one_all_the_same(scenes):
    t = scenes.try_scene(scenes.start(0), 1, UNDONE, MISSED)
    t = scenes.try_scene(add_reflection(t, 1, "x"), 2, RIGHT, {"quality": "grainy"})
    first = t.events[0].image
    t = add_reflection(t, 2, "x")
    t = t.add(Event("generation", 3, image=first, inputs=(t.current().image.sha256,)))
    t = t.add(replace(t.events[1], index=3, payload=verdict(True)))
    figures = measure(scenes, (t.accept("reflection"), "kept"))
    assert figures.accepted == Share(0, 1)
    assert figures.needless["reflection"] == Share(1, 1)


def make_multistep(scenes: Scenes, first_step_right: bool) -> Trajectory:
    t = scenes.try_scene(scenes.start(0), 1, UNDONE, MISSED)
    t = scenes.diagnose(t, Diagnosis("prompt_too_complex", "too much")).enter("multistep")
    t = t.add(Event("decomposition", 1, payload=Plan("one by one", ("a", "b")), inputs=(t.root().image.sha256,)))
    for index, scene in ((2, RIGHT if first_step_right else MOVED), (3, RIGHT)):
        t = t.add(Event("subtask", index, payload=Step("do it")))
        t = scenes.try_scene(t, index, scene, {}, against="subtask")
    return t.add(replace(t.events[-1], against="original")).accept("multistep")


@pytest.mark.parametrize("early", [True, False])
def test_steps_after_a_right_image_are_needless_and_their_own_verdicts_are_nobodys_truth(scenes, early):
    figures = measure(scenes, (make_multistep(scenes, early), "kept"))
    assert figures.needless["multistep"] == Share(int(early), 1)
    assert figures.false_pass["verdict"] == Share(0, 1), "of the verdicts on the steps none is counted: E1 alone"
    assert figures.false_fail["verdict"] == Share(0, 1)
    assert figures.critiques == Share(1, 1)


def make_best_of(scenes: Scenes, *shown: Scene) -> Trajectory:
    """Direct tries, of which the first that is `RIGHT` passes and is chosen."""
    t = scenes.start(0).enter("best_of")
    for attempt, scene in enumerate(shown, start=1):
        t = scenes.try_scene(t, 1, scene, {} if scene == RIGHT else MISSED, attempt)
    return t.choose(shown.index(RIGHT) + 1)


def test_the_accepted_image_is_the_chosen_one_and_one_image_is_no_thinking(scenes):
    recipe = read_recipe(Policy(ladder=("best_of",)))
    figures = measure(scenes, (make_best_of(scenes, UNDONE, RIGHT, MOVED).accept("best_of"), "kept"), recipe=recipe)
    assert figures.accepted == Share(1, 1), "the second image, not the newest"
    assert figures.accepted_by_mode == {"best_of": Share(1, 1)}
    assert figures.needless == {}
    assert is_empty(figures.critiques)
    assert figures.false_fail["verdict"] == Share(0, 1)


def test_modes_think_whose_rows_hold_several_images():
    assert thinking_modes(RECIPE) == ("reflection", "multistep")
    assert thinking_modes(read_recipe(Policy(ladder=("direct", "best_of")))) == ()


def test_a_later_try_that_was_not_chosen_makes_no_thinking_needless(scenes):
    recipe = read_recipe(Policy(ladder=("best_of", "reflect")))
    t = scenes.start(0).enter("best_of")
    for attempt in (1, 2):
        t = scenes.try_scene(t, 1, UNDONE, MISSED, attempt)
    t = t.choose(1)
    t = scenes.try_scene(add_reflection(t, 1, MISSED["instruction"]), 2, RIGHT, {})
    figures = measure(scenes, (t.accept("reflection"), "kept"), recipe=recipe)
    assert figures.needless == {"reflection": Share(0, 1), "all": Share(0, 1)}
    assert figures.critiques == Share(2, 2)


def test_only_samples_with_a_fate_that_accepts_count_as_accepted(scenes):
    for fate in get_args(Fate):
        t = scenes.try_scene(scenes.start(0), 1, RIGHT, {}).accept("direct")
        assert measure(scenes, (t, fate)).accepted.of == (fate in ("kept", "surplus")), fate


@pytest.mark.parametrize("place", PLACES)
def test_a_critique_names_a_place_only_by_its_own_name(place):
    for other in PLACES:
        finding = Finding({"instruction": frozenset({other})})
        assert names_a_defect(f"A thing is wrong {at(place)}.", finding) == (place == other), other
    assert not names_a_defect(f"A thing is wrong {at(place)}.", Finding({}))


def test_background_and_light_are_named_as_words():
    for place, critique in ((GROUND, "The background is grey."), (LIGHT, "The light is that of an evening.")):
        assert names_a_defect(critique, Finding({"instruction": frozenset({place})}))
        assert not names_a_defect("The lighthouse stands on backgrounds.", Finding({"instruction": frozenset({place})}))
