"""Images judged more than once, on the ladder with scripted models: calls, seeds, keys, records."""

import asyncio
import json

import pytest

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.errors import Refused
from stages.ladder import climb_all
from stages.policy import Judging, Policy
from stages.records import Evaluation, ImageRef, payload_from, payload_json
from stages.rungs import read_recipe
from stages.trajectory import Trajectory, dump, load
from tests.stages.test_ladder import FAIL, GOOD, ONCE, PASS, ROUND, run, sample

CLEAR = scripted.scores({**GOOD, "instruction": 2}, "clearly not")
WIDE = ImageRef("c" * 64, 80, 64, "PNG")


def judged(replies, others=(), made=None, ladder=("direct",), **rules):
    judging = Judging.model_validate({"judgements": 1, "confirm": "both", "second": "off"} | rules)
    analyzer = scripted.ScriptedAnalyzer(replies)
    other = scripted.ScriptedAnalyzer(others, identity="scripted/other@2")
    baseline, drawer = scripted.ScriptedGenerator(identity="scripted/baseline@1"), scripted.ScriptedGenerator()
    asked = None if judging.second == "off" else other
    models = Models(baseline, drawer, analyzer, prompts.catalogue.load(), 7, asked)

    recipe = read_recipe(Policy(judging=judging, ladder=ladder))
    return asyncio.run(climb_all(Trajectory(made or sample(), rank=1), recipe, models)), analyzer, other


def test_one_judgement_is_the_evaluation_itself_with_the_seed_it_always_had():
    t, analyzer, _ = judged([PASS])
    same, before, *_ = run([PASS], policy=Policy(judging=ONCE, ladder=("direct",)))
    assert t == same
    assert t.current().verdict.judgements == ()
    assert (analyzer.requests[0].seed, analyzer.requests[0].ordinal) == (before.requests[0].seed, 1)


def test_the_majority_counts_and_every_judgement_is_kept_in_order():
    t, analyzer, _ = judged([PASS, CLEAR, CLEAR], judgements=3)
    found = t.current().verdict
    assert not found.passed
    assert [j.scores[0].score for j in found.judgements] == [5, 2, 2]
    assert (found.axes[0].score, found.axes[0].reason) == (2, "clearly not")
    assert [r.ordinal for r in analyzer.requests] == [1, 101, 201]
    assert len({r.seed for r in analyzer.requests}) == len({j.call_key for j in found.judgements}) == 3
    assert [j.seed for j in found.judgements] == [r.seed for r in analyzer.requests]
    event = t.last("evaluation")
    first = found.judgements[0]
    assert (event.seed, event.call_key, event.made_by) == (first.seed, first.call_key, first.made_by)
    assert load(dump(t)) == t
    assert payload_from(payload_json(found)) == found


def test_a_second_judge_decides_on_the_margin_with_its_own_reasons():
    t, analyzer, other = judged([FAIL], [scripted.scores(GOOD, "looked twice")], second="margin")
    found = t.current().verdict
    assert (t.mode, len(analyzer.requests), len(other.requests)) == ("direct", 1, 1)
    assert {a.reason for a in found.axes} == {"looked twice"}
    assert [j.judge for j in found.judgements] == ["analyzer", "second_analyzer"]
    assert t.last("evaluation").made_by == "second_analyzer:scripted/other@2" == found.judgements[1].made_by
    assert t.last("evaluation").call_key == found.judgements[1].call_key
    assert other.requests[0].seed != analyzer.requests[0].seed
    assert other.requests[0].messages == analyzer.requests[0].messages


def test_a_second_judge_asked_always_is_heeded_on_the_margin_only():
    t, _, other = judged([CLEAR], [PASS], second="always")
    assert not t.current().verdict.passed
    assert len(other.requests) == 1
    assert len(t.current().verdict.judgements) == 2
    assert t.last("evaluation").made_by == "analyzer:scripted/analyzer@1"
    _, _, other = judged([CLEAR], [], second="margin")
    assert other.requests == []


def test_a_malformed_judgement_is_asked_once_more_with_the_error_shown():
    t, analyzer, _ = judged([PASS, "no json", PASS], judgements=3)
    assert t.mode == "direct"
    assert [r.ordinal for r in analyzer.requests] == [1, 101, 101]
    assert t.current().verdict.judgements[1].seed == analyzer.requests[2].seed
    t, *_ = judged([PASS, "no json", "none"], judgements=3)
    assert (t.status, t.reason, len(t.events)) == ("failed", "malformed", 1)
    t, *_ = judged([FAIL], [Refused("not mine")], second="margin")
    assert (t.status, t.reason) == ("discarded", "refused")


def test_a_wrong_aspect_ratio_fails_whatever_the_judges_say():
    t, *_ = judged([PASS, PASS], made=sample(first=WIDE), judgements=3)
    found = t.current().verdict
    assert [a.axis for a in found.axes if not a.passed] == ["consistency"]
    assert all(s.passed for j in found.judgements for s in j.scores)
    assert found.aspect_error == pytest.approx(0.25)


def test_every_image_of_the_ladder_is_judged_by_the_rules():
    steps = [scripted.steps("one", "two"), *[PASS] * 3]
    replies = [*[FAIL] * 3, *[ROUND[0], *[FAIL] * 3] * 3, scripted.diagnosis("prompt_too_complex"), *steps]
    t, analyzer, _ = judged(replies, ladder=Policy().ladder, judgements=3, confirm="fail", stop_early=False)
    assert t.mode == "multistep"
    counts = [len(e.payload.judgements) for e in t.events if isinstance(e.payload, Evaluation)]
    assert counts == [3, 3, 3, 3, 0, 0, 0]
    assert len({r.seed for r in analyzer.requests}) == len(analyzer.requests) == 3 * 4 + 3 + 1 + 1 + 3


def test_an_evaluation_written_before_there_were_judgements_still_loads():
    t, *_ = judged([PASS])
    said = json.loads(payload_json(t.current().verdict))
    del said["judgements"]
    assert payload_from(json.dumps(said)) == t.current().verdict


def test_a_policy_that_asks_for_a_second_judge_needs_one():
    model, drawer = scripted.ScriptedAnalyzer([FAIL]), scripted.ScriptedGenerator()
    models = Models(drawer, drawer, model, prompts.catalogue.load(), 1)
    with pytest.raises(ValueError, match="there is none"):
        asyncio.run(
            climb_all(
                Trajectory(sample(), 1), read_recipe(Policy(judging=Judging(judgements=1, second="always"))), models
            )
        )
