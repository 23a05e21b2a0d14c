"""The rungs, pure and fast, with scripted models."""

import asyncio
from dataclasses import replace

import pytest

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.errors import EngineDead, RateLimited, Refused, TooLong, Transient
from stages.ladder import climb
from stages.policy import Judging, Policy
from stages.prune import prune
from stages.records import Checker, Evaluation, ImageRef, Sample
from stages.rungs import read_recipe
from stages.trajectory import Trajectory, dump, load

REF = ImageRef("a" * 64, 64, 64, "PNG")
ONCE = Judging(judgements=1, second="off")
GOOD = {"instruction": 5, "consistency": 4, "quality": 4, "knowledge": 3}
BAD = {**GOOD, "instruction": 4}
PASS, FAIL = scripted.scores(GOOD), scripted.scores(BAD)
ROUND = [scripted.reflection(), FAIL]
COMPLEX = scripted.diagnosis("prompt_too_complex")


def sample(**changes) -> Sample:
    made = Sample(
        id="s1", source="test", row_id="1", instruction="do <this> & that", explanation=None, references=(REF,),
        first=None, applicable_axes=("instruction", "consistency", "quality", "knowledge"), task="edit",
        category="addition", width=64, height=64, licence="CC0-1.0", leak_group="g", split="train", climb="full",
        checker=Checker(),
    )  # fmt: skip
    return replace(made, **changes)


def run(replies, images=None, policy=None, made=None, kits=None):
    analyzer, generator = scripted.ScriptedAnalyzer(replies), scripted.ScriptedGenerator(images)
    baseline = scripted.ScriptedGenerator(identity="scripted/baseline@1")
    kits = kits or {}
    models = Models(baseline, generator, analyzer, prompts.catalogue.load(kits=kits.values()), seed=7, kits=kits)

    async def all_rungs() -> Trajectory:
        t = Trajectory(made or sample(), rank=1)
        recipe = read_recipe(policy or Policy(judging=ONCE))
        for rung in recipe.rungs:
            t = await climb(t, rung, recipe, models)
        return t

    return asyncio.run(all_rungs()), analyzer, generator, baseline


def shape(t: Trajectory) -> str:
    letters = {
        "generation": "G",
        "evaluation": "E",
        "reflection": "R",
        "decomposition": "P",
        "subtask": "S",
        "diagnosis": "D",
    }
    return " ".join(f"{letters[e.kind]}{e.index}" for e in t.events if not e.pruned)


def pruned(t: Trajectory) -> Trajectory:
    return prune(t, read_recipe(Policy()))


def test_direct_pass():
    t, _, generator, baseline = run([PASS])
    assert (t.status, t.mode, shape(t)) == ("accepted", "direct", "G1 E1")
    assert len(baseline.requests) == 1
    assert not generator.requests
    assert t.events[0].made_by == "baseline:scripted/baseline@1"


def test_a_first_image_brought_along_is_judged_not_made():
    t, _, _, baseline = run([PASS], made=sample(first=ImageRef("b" * 64, 64, 64, "JPEG")))
    assert not baseline.requests
    assert t.events[0].image.sha256 == "b" * 64
    assert t.events[0].call_key is None


def test_reflection_in_the_second_round_sees_what_the_method_says():
    t, analyzer, generator, _ = run([FAIL, *ROUND, scripted.reflection("add the star"), PASS])
    assert (t.mode, shape(t)) == ("reflection", "G1 E1 R1 G2 E2 R2 G3 E3")
    g2 = t.events[3].image
    redraw = generator.requests[1]
    assert redraw.images == (REF, g2)
    assert "add the star" in redraw.messages[0].content
    assert "do <this> & that" in redraw.messages[0].content
    assert analyzer.requests[3].images == (REF, g2)  # R2 looks at the references and the rejected G2


@pytest.mark.parametrize("cause", ["missing_knowledge", "ambiguous_instruction", "rendering_limit"])
def test_only_complexity_escalates(cause):
    t, analyzer, *_ = run([FAIL, *ROUND * 3, scripted.diagnosis(cause), PASS])
    assert (t.status, t.reason) == ("discarded", cause)
    assert len(analyzer.requests) == 8


def test_multistep_starts_from_the_references_and_ends_with_the_original_instruction():
    replies = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS, PASS, PASS]
    t, analyzer, generator, _ = run(replies)
    assert (t.status, t.mode) == ("accepted", "multistep")
    assert shape(pruned(t)) == "G1 E1 P1 S2 G2 E2 S3 G3 E3"
    assert generator.requests[3].images == (REF,)
    assert generator.requests[4].images == (generator_image(t, 2),)
    kept = [e for e in pruned(t).events if not e.pruned and e.kind == "evaluation"]
    assert [e.against for e in kept] == ["original", "subtask", "original"]
    decompose = next(r for r in analyzer.requests if r.schema == "plan")
    assert decompose.images == (REF, t.events[0].image)  # nothing that pruning removes


def generator_image(t, index):
    after = [e for e in t.events if e.prompt == "step" and e.index == index]
    return after[-1].image


def test_multistep_from_the_failed_try_when_the_policy_says_so():
    replies = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS, PASS, PASS]
    t, _, generator, _ = run(replies, policy=Policy(judging=ONCE, multistep_from="failed"))
    assert generator.requests[3].images == (REF, t.events[0].image)


def test_failed_attempts_of_a_step_are_pruned_and_an_exhausted_step_discards():
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two")]
    t, *_ = run([*head, FAIL, PASS, PASS, PASS])
    assert shape(pruned(t)) == "G1 E1 P1 S2 G2 E2 S3 G3 E3"
    assert [e.attempt for e in pruned(t).events if not e.pruned and e.index == 2 and e.kind == "generation"] == [2]
    t, *_ = run([*head, FAIL, FAIL, FAIL])
    assert (t.status, t.reason) == ("discarded", "step_failed")


BLIND = Policy(judging=ONCE, step_retry="redraw")


def test_final_check_uses_the_attempts_of_the_last_step():
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS]
    t, *_ = run([*head, PASS, FAIL, PASS, PASS], policy=BLIND)
    assert (t.mode, shape(pruned(t))) == ("multistep", "G1 E1 P1 S2 G2 E2 S3 G3 E3")
    t, *_ = run([*head, *[PASS, FAIL] * 3], policy=BLIND)
    assert (t.status, t.reason) == ("discarded", "final_check")
    assert t.detail.startswith("the final check against the original instruction did not pass in 3 attempts")
    t, *_ = run([*head, PASS], policy=Policy(judging=ONCE, final_check=False))
    assert t.mode == "multistep"
    assert t.events[-1].against == "subtask"


def test_a_failed_step_is_drawn_again_knowing_why_it_failed():
    why = scripted.scores(BAD, "the star is <blue>")
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two")]
    t, _, generator, _ = run([*head, why, PASS, PASS, PASS])
    assert t.mode == "multistep"
    first, again = generator.requests[3:5]
    assert "failure" not in first.messages[0].content
    assert '<failure axis="instruction">the star is <blue></failure>' in again.messages[0].content
    assert "consistency" not in again.messages[0].content  # what passed is no reason
    assert (again.images, again.seed != first.seed) == (first.images, True)
    t, _, generator, _ = run([*head, why, PASS, PASS, PASS], policy=BLIND)
    assert generator.requests[3].messages == generator.requests[4].messages


def test_a_failed_final_check_is_reflected_on_as_a_whole_before_the_last_step_is_done_again():
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS]
    look = scripted.reflection("put the star back")
    t, analyzer, generator, _ = run([*head, PASS, FAIL, look, PASS, PASS])
    assert (t.mode, shape(pruned(t))) == ("multistep", "G1 E1 P1 S2 G2 E2 S3 G3 E3")
    thought = [e for e in t.events if e.kind == "reflection"][-1]
    assert (thought.rung, thought.index, thought.attempt, thought.prompt) == ("multistep", 3, 1, "reflect")
    assert thought.inputs == (REF.sha256, t.tries()[thought.from_try - 1].image.sha256)
    asked = analyzer.requests[-3].messages[0].content
    assert "do <this> & that" in asked
    redo = generator.requests[-1]
    assert "<subtask>two</subtask>" in redo.messages[0].content
    assert "put the star back" in redo.messages[0].content
    assert redo.images == generator.requests[-2].images
    t, *_ = run([*head, *[PASS, FAIL, look] * 2, PASS, FAIL])
    assert (t.status, t.reason, t.events[-1].kind) == ("discarded", "final_check", "evaluation")


def test_steps_have_their_own_quality_threshold():
    three = scripted.scores({**GOOD, "quality": 3})
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two")]
    t, *_ = run([*head, three, three, three])
    assert t.reason == "step_failed"
    t, *_ = run([three])
    assert t.mode == "direct"


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_fewer_reflection_rounds(rounds):
    t, *_ = run(
        [FAIL, *ROUND * rounds, scripted.diagnosis("missing_knowledge")],
        policy=Policy(judging=ONCE, reflection_rounds=rounds),
    )
    assert t.reason == "missing_knowledge"
    assert sum(e.kind == "reflection" for e in t.events) == rounds


def test_malformed_is_asked_once_more_with_the_error_shown_then_fails_with_its_text():
    missing = scripted.scores({"instruction": 5, "quality": 5, "knowledge": 5})
    t, analyzer, *_ = run([missing, PASS])
    assert t.mode == "direct"
    again = analyzer.requests[1].messages
    assert [m.role for m in again] == ["user", "assistant", "user"]
    assert again[1].content == missing
    assert "consistency" in again[2].content
    t, *_ = run([missing, "no json at all"])
    assert (t.status, t.reason) == ("failed", "malformed")
    assert "no json at all" in t.detail
    assert shape(t) == "G1"  # what happened before is kept


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (Refused("I would rather not"), "discarded", "refused"),
        (TooLong("9000 tokens"), "failed", "too_long"),
        (Transient("503"), "failed", "transport"),
        (RateLimited("429", 3.0), "failed", "transport"),
    ],
)
def test_errors_become_outcomes_with_their_words(error, status, reason):
    t, *_ = run([FAIL, error])
    assert (t.status, t.reason) == (status, reason)
    assert error.text in t.detail
    assert shape(t) == "G1 E1"


def test_words_that_no_file_can_hold_are_kept_as_far_as_they_can_be():
    t, *_ = run([FAIL, Refused("no \ud83d")])
    assert t.detail == "no ?"
    assert load(dump(t)) == t


def test_a_dead_engine_stops_the_run():
    with pytest.raises(EngineDead):
        run([])


def test_wrong_aspect_ratio_fails_consistency_with_a_reference_and_quality_without():
    wide = ImageRef("c" * 64, 80, 64, "PNG")
    for made, axis in (
        (sample(), "consistency"),
        (sample(references=(), task="t2i", applicable_axes=("instruction", "quality", "knowledge")), "quality"),
    ):
        t, *_ = run([PASS], made=replace(made, first=wide), policy=Policy(judging=ONCE, ladder=("direct",)))
        judged = t.current().verdict
        assert [a.axis for a in judged.axes if not a.passed] == [axis]
        assert judged.aspect_error == pytest.approx(0.25)


def test_rl_prompts_take_the_direct_rung_once_or_not_at_all():
    t, analyzer, *_ = run([FAIL], made=sample(split="rl", climb="direct"))
    assert (t.status, t.mode, len(analyzer.requests)) == ("accepted", None, 1)
    t, analyzer, *_ = run([PASS], made=sample(split="rl", climb="direct"))
    assert t.mode == "direct"
    t, analyzer, *_ = run([], made=sample(split="rl", climb="none"))
    assert (t.status, t.events, analyzer.requests) == ("accepted", (), [])


def test_seeds_differ_between_calls_and_do_not_depend_on_the_model():
    head = [FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), FAIL, PASS, PASS, PASS]
    t, analyzer, generator, baseline = run(head)
    seeds = [r.seed for r in (*analyzer.requests, *generator.requests, *baseline.requests)]
    assert len(set(seeds)) == len(seeds)
    keys = [e.call_key for e in t.events if e.call_key]
    assert len(set(keys)) == len(keys)
    assert load(dump(t)) == t
    assert all(isinstance(e.payload, Evaluation) for e in t.events if e.kind == "evaluation")


def test_an_image_model_is_asked_in_the_words_of_its_kit_and_keeps_its_seed():
    plain, _, _, _ = run([FAIL, scripted.reflection(), PASS])
    t, _, generator, baseline = run([FAIL, scripted.reflection(), PASS], kits={"generator": "editor"})
    made, before = ([e for e in x.events if e.kind == "generation"] for x in (t, plain))
    assert [e.prompt for e in made] == ["generate", "editor/redraw"]
    assert [e.seed for e in made] == [e.seed for e in before]
    assert made[1].prompt_sha256 != before[1].prompt_sha256
    assert "<instruction>" in baseline.requests[0].messages[0].content
    assert "<" not in generator.requests[0].messages[0].content.replace("<this>", "")


def test_the_facts_of_a_sample_reach_the_image_model():
    _, _, generator, baseline = run(
        [FAIL, scripted.reflection(), PASS], made=sample(explanation="stars have five points")
    )
    for drawer in (baseline, generator):
        assert "<explanation>stars have five points</explanation>" in drawer.requests[0].messages[0].content


def test_a_plan_of_one_step_is_carried_out_where_the_policy_allows_it():
    policy = Policy(judging=ONCE, reflection_rounds=0, steps_min=1)
    t, analyzer, _, _ = run([FAIL, COMPLEX, scripted.steps("only this"), PASS, PASS], policy=policy)
    assert (t.status, t.mode, shape(t)) == ("accepted", "multistep", "G1 E1 D1 P1 S2 G2 E2 E2")
    planned = next(request for request in analyzer.requests if request.schema == "plan")
    assert planned.steps == (1, policy.steps_max)
    assert "at least 1 and at most 5 steps" in planned.messages[0].content


def test_the_final_check_is_judged_by_the_words_of_the_sub_category_and_a_step_is_not():
    _, analyzer, _, _ = run(
        [FAIL, COMPLEX, scripted.steps("one", "two"), PASS, PASS, PASS],
        policy=Policy(judging=ONCE, reflection_rounds=0),
    )
    told = ["This one is about" in r.messages[0].content for r in analyzer.requests if r.schema == "evaluation"]
    assert told == [True, False, False, True]
