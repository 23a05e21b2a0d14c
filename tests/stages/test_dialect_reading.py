"""Texts of answers are read exactly: what a dialect renders comes back, what it would not render is named with its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dialect_reading import BETWEEN, Claims, NumberedStep, Thought, Unread, dialect_of, read_texts
from stages.dialects import render
from stages.plain import plain_payload
from stages.records import AXES, AxisScore, Evaluation, Plan, Reflection, Step, Words

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FULL = TEXT.map(lambda text: f"a{text}")
EVALUATIONS = st.builds(
    lambda axes, reasons, passed: Evaluation(
        tuple(AxisScore(a, 5 if p else 2, r, p) for a, r, p in zip(axes, reasons, passed, strict=False)), 0.0
    ),
    st.lists(st.sampled_from(AXES), min_size=1, unique=True).map(lambda axes: sorted(axes, key=AXES.index)),
    st.lists(TEXT, min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
THOUGHTS = (
    EVALUATIONS
    | st.builds(Reflection, st.just("under_editing"), FULL, FULL)
    | st.builds(Plan, FULL, st.lists(FULL, min_size=1, max_size=12).map(tuple))
    | st.builds(Step, FULL)
)
DIALECTS = st.sampled_from(["paper", "think"])


def said(payload, index):
    """What is read of a payload."""
    match payload:
        case Evaluation():
            return [(a.axis, a.reason, a.passed) for a in payload.axes]
        case Reflection():
            return Thought(payload.failure_analysis, payload.improvement_plan)
        case Step():
            return NumberedStep(index - 1, payload.instruction)
        case _:
            return payload


def read(payload):
    return [(c.axis, c.reason, c.passed) for c in payload.claims] if isinstance(payload, Claims) else payload


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(THOUGHTS, st.integers(1, 12)), max_size=4), st.none() | FULL.map(Words), DIALECTS)
def test_what_a_dialect_renders_is_read_again(thoughts, words, dialect):
    plain = [(plain_payload(payload), index) for payload, index in thoughts]
    plain += [] if words is None else [(plain_payload(words), 1)]
    # two judgements in a row would be one longer judgement, and no answer holds them
    plain = [one for n, one in enumerate(plain) if not (n and {type(plain[n - 1][0]), type(one[0])} == {Evaluation})]
    texts = [render(payload, dialect, index) for payload, index in plain]
    if not texts:
        return
    whole = BETWEEN.join(texts)
    assert dialect_of(whole) == dialect
    pieces = read_texts(whole, dialect)
    assert [text for _, text in pieces] == texts
    assert [read(one) for one, _ in pieces] == [said(payload, index) for payload, index in plain]


MALFORMED = {
    "<Evaluate Instruction>: good": "line 1: a judgement names one of",
    "<Evaluate Beauty>: good ✓": "line 1: a judgement names one of",
    "<Evaluate Instruction>: good ✓ or not ✗": "line 1: the judgement of instruction has more than one",
    "<Evaluate Quality>: good ✓\n<Evaluate Instruction>: good ✓": "line 2: instruction is judged after quality",
    "<Evaluate Quality>: good ✓\n<Evaluate Quality>: good ✓": "line 2: quality is judged after quality",
    "<Evaluate Quality>: <Evaluate Knowledge>: good ✓": "line 1: <Evaluate Knowledge> stands where it opens nothing",
    "<Evaluate Quality>: good ✓ ": "line 1: a judgement",
    "<Evaluate Quality>:good ✓": "line 1: a judgement",
    "<Start Reflective Editing>:": "line 2: <Failure Analysis>: is expected",
    "<Start Reflective Editing>:\n<Failure Analysis>: a": "line 3: <Improvement Plan>: is expected",
    "<Start Reflective Editing>:\n<Improvement Plan>: a\n<Failure Analysis>: b": "line 2: <Failure Analysis>: is expected",
    "<Start Reflective Editing>: a\n<Failure Analysis>: b": "line 1: <Start Reflective Editing> stands where",
    "<Start Multi-Step Editing>: why": "line 1: the plan has no steps",
    "<Start Multi-Step Editing>: why\n2. b": "line 2: step 2 of the plan stands where step 1 should",
    "<Start Multi-Step Editing>: why\n1. a\n3. c": "line 3: step 3 of the plan stands where step 2 should",
    "<Step one Instruction>: a <Step 1 Instruction>: b": "line 1: <Step 1 Instruction> stands where",
    "<Step 1 Instruction>: a <Failure Analysis> b": "line 1: <Failure Analysis> stands where",
    f"<Step {'1' * 5000} Instruction>: a": "line 1: <Step 11111",
    "free words\n<Evaluate Quality>: good ✓": "line 2: <Evaluate Quality> stands where",
    "free words</think>": "line 1: </think> stands where",
    "<think>a</think><think>b</think>": "line 1: a <think> block is expected",
    "<think>a</think>\n": "line 1: a <think> block is expected",
    "<think>a": "line 1: a <think> block is expected",
    "<think>a<think>b</think>": "in the <think> block on line 1: line 1: <think> stands where",
    "<think><Step 1 Instruction>: a\nb</think>": "line 1: a <think> block holds 2 thoughts",
    "<think>a</think>\n<think><Evaluate Quality>: b</think>": "in the <think> block on line 2: line 1: a judgement",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_what_no_dialect_renders_is_named_with_its_line(text):
    with pytest.raises(Unread) as told:
        read_texts(text, dialect_of(text))
    assert str(told.value).startswith(MALFORMED[text])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<Evaluate Quality>:", "✓", "✗", "\n", " ", "<think>", "</think>", "1. a", "2. ", "<Failure Analysis>: "]
        )
        | st.sampled_from(["<Start Reflective Editing>:", "<Start Multi-Step Editing>: ", "<Step 3 Instruction>: x"])
        | TEXT,
        max_size=12,
    ).map("".join)
)
def test_any_text_is_read_whole_or_refused(text):
    if not text:
        return
    try:
        pieces = read_texts(text, dialect_of(text))
    except Unread:
        return
    assert BETWEEN.join(piece for _, piece in pieces) == text
