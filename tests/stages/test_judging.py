"""What follows from several judgements, as rules over all there can be."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.judging import decider, next_judge, on_margin, standing
from stages.policy import Judging, Thresholds
from stages.records import AXES, Judgement, Score

LIMITS = Thresholds()
JUDGINGS = st.builds(
    Judging,
    judgements=st.sampled_from([1, 3, 5, 7, 9]),
    confirm=st.sampled_from(["both", "fail", "pass"]),
    stop_early=st.booleans(),
    second=st.sampled_from(["off", "margin", "always"]),
)
MARKS = st.lists(st.integers(1, 5), min_size=4, max_size=4)
ANSWERS = st.lists(MARKS, min_size=9, max_size=9)


def rules(judgements, **more) -> Judging:
    """Rules that lean on no default."""
    return Judging.model_validate(
        {"confirm": "both", "stop_early": True, "second": "off"} | more | {"judgements": judgements}
    )


def said(marks, judge="analyzer", n=1) -> Judgement:
    scores = tuple(Score(axis, mark, mark >= LIMITS.of(axis)) for axis, mark in zip(AXES, marks, strict=True))
    return Judgement(judge, scores, n, f"{judge} {n}", f"{judge}:m@1")


def asked(answers, judging, second=(5, 5, 5, 5)) -> tuple[Judgement, ...]:
    """The judgements that come about when the Analyzer would answer with `answers`, in turn."""
    told: list[Judgement] = []
    while (judge := next_judge(told, judging, LIMITS)) is not None:
        told.append(said(second if judge == "second_analyzer" else answers[len(told)], judge, len(told) + 1))
    return tuple(told)


def verdict(told) -> list[int]:
    return [told[number].scores[n].score for n, number in enumerate(standing(told, LIMITS))]


def passed(told) -> list[bool]:
    return [told[number].scores[n].passed for n, number in enumerate(standing(told, LIMITS))]


@given(ANSWERS, JUDGINGS)
def test_asking_ends_within_the_policy_and_the_first_judgement_is_always_asked(answers, judging):
    told = asked(answers, judging)
    judges = [j.judge for j in told]
    assert judges[0] == "analyzer"
    assert judges.count("analyzer") <= judging.judgements
    assert judges.count("second_analyzer") <= (judging.second != "off")
    assert "analyzer" not in judges[judges.count("analyzer") :]  # the second judge comes last


@given(ANSWERS, st.sampled_from([1, 3, 5, 7, 9]))
def test_the_score_that_stands_passes_exactly_where_the_majority_does(answers, k):
    for early in (True, False):
        told = asked(answers, rules(judgements=k, stop_early=early))
        votes = [sum(j.scores[n].passed for j in told) for n in range(4)]
        assert passed(told) == [2 * n > len(told) for n in votes]


@given(ANSWERS, st.sampled_from([3, 5, 7, 9]))
def test_stopping_early_never_changes_what_passes(answers, k):
    whole = asked(answers, rules(judgements=k, stop_early=False))
    early = asked(answers, rules(judgements=k))
    assert len(whole) == k
    assert early == whole[: len(early)]
    assert passed(early) == passed(whole)


@given(st.lists(MARKS, min_size=3, max_size=3))
def test_the_order_of_the_judgements_changes_nothing(answers):
    whole = rules(judgements=3, stop_early=False)
    assert len({tuple(verdict(asked(order, whole))) for order in permutations(answers)}) == 1
    assert len({tuple(passed(asked(order, rules(judgements=3)))) for order in permutations(answers)}) == 1


@given(MARKS, JUDGINGS)
def test_judges_of_one_mind_are_believed(marks, judging):
    told = asked([marks] * 9, judging, second=marks)
    assert verdict(told) == marks
    assert standing(told, LIMITS) == (decider(told, LIMITS),) * 4
    if judging.stop_early and judging.second == "off":
        assert len(told) in (1, judging.judgements // 2 + 1)


@given(ANSWERS, JUDGINGS, MARKS)
def test_a_second_judge_decides_on_the_margin_and_nowhere_else(answers, judging, second):
    told = asked(answers, judging, second)
    first = [j for j in told if j.judge == "analyzer"]
    margin = on_margin(first, LIMITS)
    assert (len(first) < len(told)) == (judging.second == "always" or (judging.second == "margin" and margin))
    if margin and judging.second != "off":
        assert (verdict(told), told[decider(told, LIMITS)].judge) == (second, "second_analyzer")
    else:
        assert (verdict(told), decider(told, LIMITS)) == (verdict(first), 0)


@pytest.mark.parametrize(
    ("answers", "margin"),
    [
        ([[4, 5, 5, 5], [4, 5, 5, 5]], False),
        ([(5, 3, 3, 3)], False),  # passed, however narrowly
        ([(4, 3, 3, 3)], True),
        ([(4, 2, 5, 5)], True),  # two near misses
        ([(4, 1, 5, 5)], False),  # a near miss beside a clear one
        ([(3, 5, 5, 5)], False),
        ([(5, 5, 5, 5), (5, 5, 2, 5)], True),
        ([(1, 5, 5, 5), (1, 5, 2, 5), (1, 5, 5, 5)], True),  # a clear failure, and another axis in dispute
        ([(1, 5, 5, 5), (2, 5, 5, 5), (3, 5, 4, 5)], False),  # at one about what passes
    ],
)
def test_what_the_margin_is(answers, margin):
    assert on_margin([said(a, n=n) for n, a in enumerate(answers)], LIMITS) is margin


GOOD, POOR = (5, 5, 5, 5), (1, 5, 5, 5)


@pytest.mark.parametrize(
    ("confirm", "answers", "calls"),
    [
        ("both", [GOOD, GOOD], 2),
        ("both", [POOR, POOR], 2),
        ("both", [POOR, GOOD, POOR], 3),
        ("fail", [GOOD], 1),
        ("fail", [POOR, GOOD, GOOD], 3),
        ("fail", [POOR, POOR], 2),
        ("pass", [POOR], 1),
        ("pass", [GOOD, GOOD], 2),
        ("pass", [GOOD, POOR, POOR], 3),
    ],
)
def test_what_is_confirmed_and_what_that_costs(confirm, answers, calls):
    told = asked(answers, rules(judgements=3, confirm=confirm))
    assert len(told) == calls
    assert all(passed(told)) == (answers.count(GOOD) > calls / 2)


def test_the_reason_is_of_the_first_that_gave_the_score_which_stands():
    told = asked([(3, 5, 5, 5), (4, 4, 5, 5), (4, 5, 5, 5)], rules(judgements=3, stop_early=False))
    assert standing(told, LIMITS) == (1, 0, 0, 0)
    even = asked([(5, 3, 5, 5), (5, 4, 5, 5)], rules(judgements=3))
    assert standing(even, LIMITS) == (0, 0, 0, 0)  # of two the lower


@pytest.mark.parametrize("count", [0, 2, 8, 11])
def test_an_even_number_of_judgements_is_refused(count):
    with pytest.raises(ValidationError):
        Judging(judgements=count)
