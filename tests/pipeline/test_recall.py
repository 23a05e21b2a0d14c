"""What is written again of a lost journal reads as the answers did, whatever way the verdict came about."""

import asyncio
import json
from dataclasses import replace

import pytest

import prompts.catalogue
from pipeline.forecast.measured import calls_of
from pipeline.replay.recall import recall
from pipeline.views.story import call_keys
from stages import replies, scripted
from stages.calls import Models
from stages.errors import NothingWrong
from stages.ladder import climb_all
from stages.policy import Policy, Thresholds
from stages.records import AxisScore, Evaluation
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.stages.test_ladder import FAIL, ONCE, PASS, sample

NOTHING = json.dumps({"error_type": "none", "failure_analysis": "all is as asked", "improvement_plan": "leave it"})


def disputed() -> Trajectory:
    drawer, analyzer = scripted.ScriptedGenerator(), scripted.ScriptedAnalyzer([FAIL, NOTHING, PASS])
    models = Models(drawer, drawer, analyzer, prompts.catalogue.load(), 7)
    recipe = read_recipe(Policy.model_validate({"judging": ONCE}))
    return asyncio.run(climb_all(Trajectory(sample(), rank=1), recipe, models))


def test_the_call_that_saw_no_error_is_known_to_whoever_counts_calls_and_is_written_again():
    t = disputed()
    verdict = t.events[-1].payload
    assert isinstance(verdict, Evaluation)
    assert verdict.dispute is not None
    key = verdict.dispute.call_key
    assert key in call_keys(t.events[-1])
    assert ("analyzer", "reflection", key) in {call[:3] for call in calls_of(t.events)}
    (entry,) = (entry for entry in recall(t, 0.0) if entry.key == key)
    with pytest.raises(NothingWrong):
        replies.reflection(entry.text or "")


@pytest.mark.parametrize("reason", ["The cup is there.", ""])
def test_a_verdict_without_reasons_or_with_a_wrong_shape_reads_as_it_was_given(reason):
    t = disputed()
    event = t.events[-1]
    axes = ("instruction", "consistency", "quality", "knowledge")
    note = "(aspect ratio off by 25.0%)"
    scores = tuple(AxisScore(axis, 5, reason, True) for axis in axes if axis != "consistency")
    ruled = AxisScore("consistency", 5, f"{reason} {note}".strip(), False)
    verdict = Evaluation((scores[0], ruled, *scores[1:]), 0.25)
    entries = list(recall(replace(t, events=(*t.events[:-1], replace(event, payload=verdict))), 0.0))
    (entry,) = (entry for entry in entries if entry.key == event.call_key)
    read = replies.evaluation(entry.text or "", axes, Thresholds())
    assert [(a.axis, a.score, a.reason) for a in read.axes] == [(axis, 5, reason) for axis in axes]
