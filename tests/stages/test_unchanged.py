"""An image that shows nothing new fails without a judge; a reflection that sees no error has the image judged anew."""

import asyncio
import json
from dataclasses import dataclass, field, replace

import pytest

import prompts.catalogue
from pipeline.output.record_checks import flaws
from stages import scripted
from stages.calls import Models
from stages.dialects import render
from stages.ladder import climb_all
from stages.likeness import RULE, asks_for_no_change
from stages.policy import Policy
from stages.prune import prune
from stages.records import Evaluation, ImageRef
from stages.rungs import read_recipe
from stages.segments import segments
from stages.trajectory import Trajectory, dump, load
from tests.stages.test_ladder import COMPLEX, FAIL, ONCE, PASS, REF, ROUND, sample, shape

NOTHING = json.dumps({"error_type": "none", "failure_analysis": "all is as asked", "improvement_plan": "leave it"})
OTHER = ImageRef("c" * 64, 64, 64, "PNG")


@dataclass
class Distances:
    """Knows the distances of some pairs; any other pair is far apart."""

    known: dict[tuple[str, str], float] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def distance(self, image: str, other: str) -> float:
        self.asked.append((image, other))
        return self.known.get((image, other), 1.0)


def climbed(replies, baseline=None, images=None, comparer=None, made=None, **policy):
    recipe = read_recipe(Policy.model_validate({"judging": ONCE} | policy))
    analyzer = scripted.ScriptedAnalyzer(replies)
    drawers = scripted.ScriptedGenerator(baseline, "scripted/baseline@1"), scripted.ScriptedGenerator(images)
    models = Models(*drawers, analyzer, prompts.catalogue.load(), 7, comparer=comparer or Distances())
    t = prune(asyncio.run(climb_all(Trajectory(made or sample(), rank=1), recipe, models)), recipe)
    assert not list(flaws(t, recipe))
    assert load(dump(t)) == t
    return t, analyzer, recipe


def verdicts(t: Trajectory) -> list[Evaluation]:
    return [e.payload for e in t.events if isinstance(e.payload, Evaluation)]


def test_a_reference_given_back_fails_without_a_judge():
    t, analyzer, recipe = climbed([scripted.reflection(), PASS], baseline=[REF])
    assert (t.status, t.mode, shape(t)) == ("accepted", "reflection", "G1 E1 R1 G2 E2")
    assert [r.schema for r in analyzer.requests] == ["reflection", "evaluation"]
    event = t.events[1]
    assert (event.made_by, event.call_key, event.seed, event.prompt) == (RULE, None, None, None)
    (first, _) = verdicts(t)
    assert [(a.axis, a.score, a.passed) for a in first.axes] == [("instruction", 1, False)]
    assert (first.unchanged.sha256, first.unchanged.distance) == (REF.sha256, 0.0)
    shown = next(s for s in segments(t, "paper", recipe) if s.kind == "evaluation")
    assert shown.text == render(first, "paper", 1)
    assert "Nothing was changed" in shown.text


@pytest.mark.parametrize(("distance", "asked"), [(0.03, 0), (0.0301, 1)])
def test_the_threshold_decides_what_is_unchanged(distance, asked):
    made = ImageRef("d" * 64, 64, 64, "JPEG")
    near = Distances({(made.sha256, REF.sha256): distance})
    t, analyzer, _ = climbed([PASS] * asked, baseline=[made], comparer=near, ladder=["direct"])
    assert len(analyzer.requests) == asked
    assert t.status == ("accepted" if asked else "discarded")


def test_a_redraw_that_gives_the_rejected_image_back_fails_too():
    rejected = ImageRef("d" * 64, 64, 64, "PNG")
    t, analyzer, _ = climbed([FAIL, scripted.reflection(), scripted.reflection(), PASS], [rejected], [rejected, OTHER])
    assert (t.mode, shape(t)) == ("reflection", "G1 E1 R1 G2 E2 R2 G3 E3")
    assert verdicts(t)[1].unchanged.sha256 == rejected.sha256
    assert [r.schema for r in analyzer.requests] == ["evaluation", "reflection", "reflection", "evaluation"]


def test_a_redraw_that_gives_a_reference_back_fails_too():
    t, *_ = climbed([FAIL, scripted.reflection(), scripted.reflection(), PASS], None, [REF, OTHER])
    assert verdicts(t)[1].unchanged.sha256 == REF.sha256


def test_a_step_that_gives_its_canvas_back_fails_and_is_drawn_again():
    first, second = ImageRef("e" * 64, 64, 64, "PNG"), ImageRef("f" * 64, 64, 64, "PNG")
    rounds = [ImageRef(f"{n:064x}", 64, 64, "PNG") for n in (1, 2, 3)]
    replies = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS, PASS, PASS]
    t, *_ = climbed(replies, None, [*rounds, first, first, second])
    assert (t.status, t.mode, shape(t)) == ("accepted", "multistep", "G1 E1 P1 S2 G2 E2 S3 G3 E3")
    assert [v.unchanged.sha256 for v in verdicts(t) if v.unchanged] == [first.sha256]


def test_a_composition_is_compared_with_each_of_its_references():
    made = sample(references=(REF, OTHER), task="compose")
    t, analyzer, _ = climbed([], baseline=[OTHER], made=made, ladder=["direct"])
    assert verdicts(t)[0].unchanged.sha256 == OTHER.sha256
    assert not analyzer.requests


def test_a_picture_without_references_is_compared_with_nothing():
    comparer = Distances()
    axes = ("instruction", "quality", "knowledge")
    t, *_ = climbed([PASS], comparer=comparer, made=sample(references=(), task="t2i", applicable_axes=axes))
    assert (t.mode, comparer.asked) == ("direct", [])


@pytest.mark.parametrize(
    "instruction", ["Do not change anything.", "keep the image unchanged", "保持图片不变。", "No changes, please"]
)
def test_a_task_that_asks_for_no_change_is_judged(instruction):
    t, analyzer, _ = climbed([PASS], baseline=[REF], made=sample(instruction=instruction))
    assert (t.mode, len(analyzer.requests)) == ("direct", 1)


def test_nothing_is_compared_where_the_policy_says_so():
    t, analyzer, _ = climbed([PASS], baseline=[REF], unchanged_within=None)
    assert (t.mode, len(analyzer.requests)) == ("direct", 1)


@pytest.mark.parametrize(
    "instruction",
    [
        "Keep the background unchanged and make the cat blue", "Change the sign to 'do not change anything'",
        "leave the room", "make no changes to the cup but remove the plate", "copy the image of the cat to the left", "nothing",
    ],
)  # fmt: skip
def test_an_instruction_that_asks_for_something_asks_for_a_change(instruction):
    assert not asks_for_no_change(instruction)


def test_a_doctored_rule_is_found():
    t, _, recipe = climbed([scripted.reflection(), PASS], baseline=[REF])
    first = t.events[1]
    for event in (
        replace(first, made_by="analyzer:scripted/analyzer@1"),
        replace(first, payload=replace(first.payload, unchanged=replace(first.payload.unchanged, sha256="0" * 64))),
        replace(first, payload=replace(first.payload, unchanged=replace(first.payload.unchanged, distance=0.5))),
        replace(first, payload=replace(first.payload, unchanged=None)),
        replace(first, payload=replace(first.payload, axes=(replace(first.payload.axes[0], score=2),))),
    ):
        assert list(flaws(replace(t, events=(t.events[0], event, *t.events[2:])), recipe))


def test_an_image_in_which_no_error_is_seen_is_judged_anew_and_may_pass():
    t, analyzer, recipe = climbed([FAIL, NOTHING, PASS])
    assert (t.status, t.mode, shape(t), t.entered) == ("accepted", "direct", "G1 E1", ("direct",))
    assert [r.schema for r in analyzer.requests] == ["evaluation", "reflection", "evaluation"]
    assert len({r.seed for r in analyzer.requests}) == 3
    old, new = verdicts(t)
    assert (old.passed, old.dispute, new.passed) == (False, None, True)
    assert new.dispute.seed == analyzer.requests[1].seed
    assert [e.pruned for e in t.events] == [False, True, False]
    assert [s.kind for s in segments(t, "paper", recipe)] == ["reference", "instruction", "generation", "evaluation"]


def test_an_image_that_fails_again_is_reflected_on_once_more():
    t, analyzer, _ = climbed([FAIL, NOTHING, FAIL, scripted.reflection("mend it"), PASS])
    assert (t.mode, shape(t)) == ("reflection", "G1 E1 R1 G2 E2")
    assert [e.pruned for e in t.events] == [False, True, False, False, False, False]
    assert len({r.seed for r in analyzer.requests}) == 5


def test_a_judge_that_fails_twice_what_it_sees_no_error_in_is_malformed():
    t, *_ = climbed([FAIL, NOTHING, FAIL, NOTHING, NOTHING])
    assert (t.status, t.reason) == ("failed", "malformed")


def test_a_later_round_that_passes_after_all_ends_where_its_image_was_made():
    t, *_ = climbed([FAIL, *ROUND, NOTHING, PASS])
    assert (t.mode, shape(t), t.entered) == ("reflection", "G1 E1 R1 G2 E2", ("direct", "reflect 1"))


def test_the_best_of_several_may_pass_after_all():
    t, *_ = climbed([FAIL, FAIL, FAIL, NOTHING, PASS], ladder=["best_of", "reflect"], best_of={"tries": 3})
    assert (t.mode, shape(t), t.entered) == ("best_of", "G1 E1", ("best_of",))


def test_a_final_check_may_be_disputed():
    replies = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS, PASS, FAIL, NOTHING, PASS]
    t, *_ = climbed(replies)
    assert (t.mode, shape(t)) == ("multistep", "G1 E1 P1 S2 G2 E2 S3 G3 E3")
    assert verdicts(t)[-1].dispute is not None
