"""From a model's words to records, or Malformed with the words kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import replies, scripted
from stages.errors import Malformed
from stages.policy import Policy, Thresholds

AXES = ("instruction", "quality")
BOTH = {"instruction": 5, "quality": 3}


@pytest.mark.parametrize(
    "text",
    [
        scripted.scores(BOTH),
        "```json\n" + scripted.scores(BOTH) + "\n```",
        "<think>maybe {this}?</think> Here it is: " + scripted.scores(BOTH) + " Done.",
        scripted.scores({**BOTH, "knowledge": 1}),
        json.dumps({"instruction": {"score": "5", "reason": "r"}, "quality": {"score": 3.0, "reason": "r"}}),
    ],
)
def test_an_evaluation_is_read_whatever_it_is_wrapped_in(text):
    found = replies.evaluation(text, AXES, Thresholds())
    assert [(a.axis, a.score, a.passed) for a in found.axes] == [("instruction", 5, True), ("quality", 3, True)]
    assert found.score("knowledge") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON object"),
        ("I think it is fine.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        (scripted.scores({"instruction": 5}), "quality: this axis applies"),
        ('{"instruction": null, "quality": {"score": 5, "reason": "r"}}', "instruction: this axis applies"),
        (scripted.scores({**BOTH, "quality": 6}), "quality.score"),
        (scripted.scores({**BOTH, "quality": 0}), "quality.score"),
        ('{"instruction": {"score": 4.5, "reason": "r"}}', "instruction.score"),
        ('{"instruction": {"score": 5, "reason": " "}}', "instruction.reason"),
        ('{"instruction": 6, "quality": 3}', "instruction"),
    ],
)
def test_a_malformed_evaluation_says_what_is_wrong_and_keeps_the_text(text, problem):
    with pytest.raises(Malformed, match=problem) as caught:
        replies.evaluation(text, AXES, Thresholds())
    assert caught.value.text == text


DRAFT = scripted.scores(BOTH)
WORST = scripted.scores(dict.fromkeys(BOTH, 1))


@pytest.mark.parametrize(
    "text",
    [
        f"<think>perhaps {DRAFT}</think>{WORST}",
        f"perhaps {DRAFT}</think>{WORST}",
        f"<think>a <think>b</think> {DRAFT}</think>{WORST}",
        f"<thinking>{DRAFT}</thinking></think>{WORST}",
    ],
)
def test_a_draft_inside_the_reasoning_is_no_verdict(text):
    assert [a.score for a in replies.evaluation(text, AXES, Thresholds()).axes] == [1, 1]


@pytest.mark.parametrize("text", [f"<think>perhaps {DRAFT} but no", f"x</think><think>{DRAFT}", f"<thinking>{DRAFT}"])
def test_reasoning_that_never_ends_is_malformed_never_a_pass(text):
    with pytest.raises(Malformed, match="not ended"):
        replies.evaluation(text, AXES, Thresholds())


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"instruction": {"score": True, "reason": "r"}, "quality": {"score": 5, "reason": "r"}}),
        '{"instruction": {"score": 5, "reason": "x \\ud83d"}, "quality": {"score": 5, "reason": "r"}}',
        '{"instruction": {"score": NaN, "reason": "r"}}',
        '{"instruction": {"score": ' + "9" * 5000 + "}}",
    ],
)
def test_what_cannot_be_counted_or_written_is_malformed(text):
    with pytest.raises(Malformed):
        replies.evaluation(text, AXES, Thresholds())


def test_thresholds_decide():
    found = replies.evaluation(scripted.scores({"instruction": 4, "quality": 3}), AXES, Policy().thresholds)
    assert [a.passed for a in found.axes] == [False, True]
    found = replies.evaluation(scripted.scores({"instruction": 5, "quality": 3}), AXES, Policy().step_thresholds)
    assert not found.passed


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_plan_has_the_steps_asked_for(count):
    with pytest.raises(Malformed, match=f"steps: {count} given, between 2 and 5"):
        replies.plan(scripted.steps(*["x"] * count), 2, 5)


def test_an_unknown_cause_or_error_type_is_malformed():
    with pytest.raises(Malformed, match="cause"):
        replies.diagnosis(scripted.diagnosis("bad luck"))
    with pytest.raises(Malformed, match="error_type"):
        replies.reflection(scripted.reflection(error_type="typo"))


@given(st.text())
def test_no_text_breaks_the_reader(text):
    for read in (replies.reflection, replies.diagnosis, lambda t: replies.plan(t, 2, 5)):
        with pytest.raises(Malformed):
            read(text)


def test_deeply_nested_text_is_malformed_not_a_crash():
    with pytest.raises(Malformed):
        replies.diagnosis('{"a":' * 100_000)
