"""Replies that take back, or say of the whole, the opposite of their scores; and the many ways to say that nothing is wrong."""

import json

import pytest

from stages.errors import Malformed, NothingWrong
from stages.policy import Thresholds
from stages.replies import evaluation, reflection

AXES = ("instruction", "quality")


def verdict(instruction, quality, **more):
    scores = {"instruction": instruction, "quality": quality}
    return json.dumps({**{axis: {"score": n, "reason": "A red cup."} for axis, n in scores.items()}, **more})


def read(text):
    return [axis.score for axis in evaluation(text, AXES, Thresholds()).axes]


@pytest.mark.parametrize(
    "flag",
    [
        {"passed": False},
        {"pass": "no"},
        {"verdict": "FAIL"},
        {"overall": 1},
        {"overall_score": 2},
        {"decision": "rejected."},
    ],
)
def test_a_whole_that_fails_beside_scores_that_pass_is_no_verdict(flag):
    with pytest.raises(Malformed, match="contradict"):
        read(verdict(5, 4, **flag))
    assert read(verdict(2, 4, **flag)) == [2, 4]


@pytest.mark.parametrize("flag", [{"passed": True}, {"verdict": "pass"}, {"overall": 5}, {"final_verdict": "accepted"}])
def test_a_whole_that_passes_beside_the_worst_score_is_no_verdict(flag):
    with pytest.raises(Malformed, match="contradict"):
        read(verdict(5, 1, **flag))
    assert read(verdict(5, 4, **flag)) == [5, 4]


@pytest.mark.parametrize("note", [{"pass_threshold": 1}, {"overall_impression": "fail-safe"}, {"verdict": "see above"}])
def test_other_words_beside_the_scores_say_nothing_of_them(note):
    assert read(verdict(5, 4, **note)) == [5, 4]


@pytest.mark.parametrize(
    "words",
    [
        "Wait, the cup is blue: 1.",
        "Actually the instruction is not met.",
        "Final score: 1/5",
        "Correction: quality is 2",
    ],
)
def test_words_that_take_a_verdict_back_are_no_verdict(words):
    with pytest.raises(Malformed, match="take it back"):
        read(f"```json\n{verdict(5, 5)}\n```\n{words}")
    assert read(f"{words}\n{verdict(5, 5)}\nI hope that this helps.") == [5, 5]


@pytest.mark.parametrize(
    "kind",
    [
        "None.",
        "No error",
        "no errors found",
        "N/A",
        "No visible issues detected",
        ["none"],
        "none - all is well",
        "nothing wrong",
    ],
)
def test_a_reflection_may_say_in_many_ways_that_nothing_is_wrong(kind):
    with pytest.raises(NothingWrong):
        reflection(json.dumps({"error_type": kind, "failure_analysis": "", "improvement_plan": None}))
