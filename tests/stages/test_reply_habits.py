"""Replies in the habits of models whose servers enforce no schema: good ones are read at once, bad ones never as anything.

`reply_texts/` holds 200 good and some 60 bad replies, written by somebody who had not read the reader.
"""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import replies
from stages.errors import Malformed, NothingWrong
from stages.json_objects import Unreadable, objects
from stages.policy import Thresholds
from stages.records import Demand

FOLDER = Path(__file__).parent / "reply_texts"
GOOD, BAD = (
    [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    for name in ("good", "bad")
)
OTHERS = (("instruction", 5), ("consistency", 4), ("quality", 3), ("knowledge", 2))
WHOLE = {axis: {"score": score, "reason": f"seen at {axis}"} for axis, score in OTHERS}


def read(kind, axes, text):
    if kind == "evaluation":
        return replies.evaluation(text, tuple(axes), Thresholds())
    return replies.plan(text, 2, 5) if kind == "plan" else getattr(replies, kind)(text)


def judged(text):
    return replies.evaluation(text, tuple(WHOLE), Thresholds())


def test_nearly_all_good_replies_are_read_at_once_and_as_they_were_meant():
    missed = []
    for case in GOOD:
        try:
            reply = read(case["kind"], case["axes"], case["text"])
        except Malformed as error:
            missed.append((case["habit"], str(error)))
            continue
        if case["kind"] == "evaluation":
            assert {a.axis: a.score for a in reply.axes} == case["expected"], case["text"]
        elif case["kind"] == "plan":
            assert len(reply.steps) == len(case["expected"]["steps"])
        else:
            name = {"reflection": "error_type", "diagnosis": "cause"}[case["kind"]]
            assert getattr(reply, name) == case["expected"][name]
    assert len(GOOD) == 200
    assert len(missed) <= len(GOOD) * 0.05, missed


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["why"])
def test_a_bad_reply_is_malformed(case):
    with pytest.raises(Malformed):
        read(case["kind"], case["axes"], case["text"])


@given(st.sampled_from(GOOD), st.data())
def test_a_reply_that_is_cut_off_is_malformed_or_was_whole_before_the_cut(case, data):
    text = case["text"]
    whole = read(case["kind"], case["axes"], text)
    try:
        cut = read(case["kind"], case["axes"], text[: data.draw(st.integers(0, len(text)))])
    except Malformed:
        return
    assert cut == whole


@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_reply_is_read_or_malformed(case, data):
    text = case["text"]
    place = data.draw(st.integers(0, len(text)))
    noise = data.draw(st.text(st.sampled_from("{}[]\"':,\\“”//*#0tn\n") | st.characters(), max_size=6))
    with suppress(Malformed):
        read(case["kind"], case["axes"], text[:place] + noise + text[place + data.draw(st.integers(0, 3)) :])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({axis.upper(): {"Score": 5 - n, "Reason": "r"} for n, axis in enumerate(WHOLE)}),
        json.dumps({"scores": {axis: 5 - n for n, axis in enumerate(WHOLE)}, "reasons": dict.fromkeys(WHOLE, "r")}),
        json.dumps({f"{axis}_score": 5 - n for n, axis in enumerate(WHOLE)} | {f"{a}_reason": "r" for a in WHOLE}),
        json.dumps([{"axis": axis, "score": f"{5 - n}/5", "comment": "r"} for n, axis in enumerate(WHOLE)]),
        json.dumps({"evaluation": {"axes": [{"name": a.title(), "rating": 5.0 - n, "why": "r"} for n, a in enumerate(WHOLE)]}}),
        "\n".join(json.dumps({axis: {"score": 5 - n, "reason": "r"}}) for n, axis in enumerate(WHOLE)),
        json.dumps({axis: [5 - n, "r"] for n, axis in enumerate(WHOLE)}),
        json.dumps({axis: f"{5 - n} - r" for n, axis in enumerate(WHOLE)}),
        json.dumps({axis: f"Score: {5 - n} out of 5. r" for n, axis in enumerate(WHOLE)}),
        json.dumps({axis: {"score": 5 - n, "out_of": 5, "reason": ["r"]} for n, axis in enumerate(WHOLE)}),
        json.dumps({axis: 5 - n for n, axis in enumerate(WHOLE)} | {"explanation": "r"}),
        json.dumps(json.dumps({axis: {"score": 5 - n, "reason": "r"} for n, axis in enumerate(WHOLE)})),
        json.dumps(json.dumps({axis: {"score": 5 - n, "reason": "r"} for n, axis in enumerate(WHOLE)}))[1:-1],
        str({axis: {"score": 5 - n, "reason": "r"} for n, axis in enumerate(WHOLE)}).replace(":", "：").replace(", ", "，"),
        'I will answer {"axis": {"score": 1 to 5, "reason": "..."}}: '
        + json.dumps({a: {"score": 5 - n, "reason": "r"} for n, a in enumerate(WHOLE)}),
        "Form: {axis: {score, reason}, ...}\n" + json.dumps({a: {"score": 5 - n, "reason": "r"} for n, a in enumerate(WHOLE)}),
        "\ufeff" + json.dumps({axis: {"score": 5 - n, "reason": "r"} for n, axis in enumerate(WHOLE)}),
        "<|channel|>analysis<|message|>{hm<|end|><|start|>assistant<|channel|>final<|message|>"
        + str({axis: {"score": 5 - n, "reason": "r"} for n, axis in enumerate(WHOLE)}),
    ],
)  # fmt: skip
def test_every_arrangement_says_the_same(text):
    reply = judged(text)
    assert [a.score for a in reply.axes] == [5, 4, 3, 2]
    assert {a.reason.rstrip(".") for a in reply.axes} == {"r"}


def test_a_bare_score_has_no_reason():
    assert {a.reason for a in judged(json.dumps(dict.fromkeys(WHOLE, 4))).axes} == {""}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Quality": {"score": 3, "reason": "r"}}, "'quality' is given twice|'Quality' is given twice"),
        ({"quality_score": 3, "quality": 4}, "quality: it is given twice"),
        ({"scores": {"quality": 3}}, "quality: it is given twice"),
        ({"quality": {"score": 3, "rating": 5}}, "quality.score: 3 and 5 are both given"),
        ({"quality": {"score": 5, "max": 10}}, "quality.score: it is out of 10"),
        ({"quality": "5/10"}, "quality: '5/10' is no whole number"),
        ({"quality": "4-5"}, "quality: '4-5' is no whole number"),
        ({"demands": [{"demand": "a cup", "met": False}]}, "listed as not met: a cup"),
        ({"demands": [{"demand": "a cup", "met": "partly"}]}, "listed as not met: a cup"),
        ({"demands": [{"demand": "a cup", "met": "perhaps"}]}, "does not say whether it is met"),
        ({"demands": [{"demand": "a cup"}]}, "does not say what is demanded"),
        ({"demands": "all met"}, "they are no list"),
        ({"quality": {"score": 5, "passed": False}}, "quality.score: 5 and passed: False contradict"),
        ({"demands": [], "checklist": []}, "demands: they are given twice"),
    ],
)
def test_what_contradicts_itself_is_malformed(change, problem):
    with pytest.raises(Malformed, match=problem):
        judged(json.dumps(WHOLE | change))


def test_two_objects_that_differ_are_malformed_and_two_that_do_not_are_one():
    text, other = json.dumps(WHOLE), json.dumps(WHOLE | {"quality": {"score": 1, "reason": "r"}})
    assert judged(f"{text}\n{text}") == judged(text)
    with pytest.raises(Malformed, match="given twice"):
        judged(f"{text}\n{other}")
    one, true = '{"instruction": {"score": 1, "reason": "r"}}', '{"instruction": {"score": true, "reason": "r"}}'
    with pytest.raises(Malformed, match="given twice"):
        replies.evaluation(one + true, ("instruction",), Thresholds())


@pytest.mark.parametrize(
    "demands", [[["a cup", True]], [{"demand": "a cup", "met": True}], [{"Requirement": "a cup", "Met": "yes"}]]
)
def test_demands_are_kept(demands):
    if isinstance(demands[0], list):
        demands = dict(demands)
    assert judged(json.dumps(WHOLE | {"demands": demands})).demands == (Demand("a cup", True),)


def test_demands_may_stand_beside_the_scores():
    text = '```json\n[{"demand": "a cup", "met": true}, {"demand": "a hat", "met": 0}]\n```\n' + json.dumps(WHOLE)
    with pytest.raises(Malformed, match="listed as not met: a hat"):
        judged(text)
    assert judged(text.replace('"met": 0', '"met": 1')).demands == (Demand("a cup", True), Demand("a hat", True))


def test_a_draft_or_an_example_is_no_verdict():
    for key in ("draft_evaluation", "example_answer", "previous_scores"):
        with pytest.raises(Malformed, match="not scored"):
            judged(json.dumps({key: WHOLE}))


@pytest.mark.parametrize("kind", ["none", "None", "NONE", "no error", "no_issues"])
def test_a_reflection_that_finds_nothing_wrong_says_so(kind):
    with pytest.raises(NothingWrong):
        replies.reflection(json.dumps({"error_type": kind, "failure_analysis": "", "improvement_plan": ""}))


@pytest.mark.parametrize(
    "steps",
    [
        ["Remove the lamp.", "Add a vase."],
        ["1. Remove the lamp.", "2. Add a vase."],
        [{"step": 1, "instruction": "Remove the lamp."}, {"step": 2, "instruction": "Add a vase."}],
        {"step_1": "Remove the lamp.", "step_2": "Add a vase."},
        "Step 1: Remove the lamp.\nStep 2: Add a vase.",
    ],
)
def test_a_plan_is_read_in_every_arrangement(steps):
    assert replies.plan(json.dumps({"plan": {"rationale": "r", "steps": steps}}), 2, 5).steps == (
        "Remove the lamp.",
        "Add a vase.",
    )


@pytest.mark.parametrize(
    "text",
    ['{"a":' * 99_999, '{"a": "' + '"#' * 99_999, '{"a": ' + "/*" * 99_999, "{'a': '" + "', b: " * 30_000,
     '{"a": "' + '",\n' * 50_000, '{"a": “' + "“" * 50_000, '{"a": [' + '"x" ' * 50_000, '{"a": 1}' * 1000],
)  # fmt: skip
def test_absurd_text_is_refused_after_a_bounded_number_of_steps(text):
    with pytest.raises(Unreadable):
        objects(text)
    assert objects("{ " * 50_000) == []


def test_any_number_of_blanks_may_stand_in_enforced_json():
    blanks = " \n\t" * 40
    reply = f'{{"cause"{blanks}:{blanks}"rendering_limit"{blanks},"explanation":{blanks}"the letters }} lean"}}'
    assert replies.diagnosis(reply).cause == "rendering_limit"
