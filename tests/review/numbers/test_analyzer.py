"""The Analyzer against people: what it is right about, and what is not known. Axes are read as they were said."""

import pytest

from pipeline.review.numbers.analyzer import compare, judged_pairs
from pipeline.review.numbers.scored import FinalScores
from pipeline.review.numbers.summary import summarise
from pipeline.review.records import HumanVerdict, Resolution
from stages.policy import Thresholds
from stages.records import Score
from tests.review.numbers.synthetic import cell, item, lot, population, said, scores, settled_by_lead


def one(verdicts, final, adjudicated=False):
    of = item("a", cell(lot()))
    row = Resolution(of, None, False, adjudicated, tuple(verdicts(of)))
    return compare([population({of.cell: 1})], judged_pairs([row], {"a": final}))


def by_axis(numbers):
    return {n.about: (n.items, n.unsaid, n.precision.rate) for n in numbers}


FINAL = scores(True, instruction=5, quality=4)


def test_who_accepts_the_image_accepts_its_axes():
    got = by_axis(one(lambda of: [said(of, "ada", "accept", "reject")], FINAL))
    assert got == {"verdict": (1, 0, 1.0), "instruction": (1, 0, 1.0), "quality": (1, 0, 1.0)}


def test_what_a_rejection_does_not_say_is_not_known():
    def verdicts(of):
        return [HumanVerdict("v", of.sample_id, of.content_hash, "ada", "reject", None, {"quality": "reject"})]

    got = by_axis(one(verdicts, FINAL))
    assert got == {"verdict": (1, 0, 0.0), "instruction": (0, 1, None), "quality": (1, 0, 0.0)}


def test_people_who_disagree_are_not_compared_until_a_lead_speaks():
    of = item("a", cell(lot()))
    two = said(of, "ada", "accept"), said(of, "bob", "reject")
    assert by_axis(one(lambda _: two, FINAL))["verdict"] == (0, 1, None)
    settled = settled_by_lead(of, "accept", *two)
    numbers = compare([population({of.cell: 1})], judged_pairs([settled], {"a": FINAL}))
    assert by_axis(numbers)["verdict"] == (1, 0, 1.0)


def test_a_row_that_a_rule_ruled_out_passes_by_no_threshold():
    limits = Thresholds(instruction=1)
    high = (Score("instruction", 5, True),)
    assert FinalScores(high, True).would_pass(limits)
    assert not FinalScores(high, False, ruled_out=True).would_pass(limits)


def test_a_row_without_a_verdict_of_the_whole_is_left_out():
    numbers = summarise([population({cell(lot()): 5})], [], [], {"a": None, "b": FINAL})
    assert numbers.analyzer[0].items == 0
    assert not any(trial.counted for trial in numbers.thresholds)


@pytest.mark.parametrize(("score", "kept"), [(4, 1.0), (3, 0.0)])
def test_a_threshold_keeps_what_reaches_it(score, kept):
    lost = cell(lot("failed"))
    of = item("a", lost, "lost")
    row = Resolution(of, "accept", False, False, (said(of, "ada", "accept"),))
    trials = summarise([population({lost: 1})], [row], [], {"a": scores(False, instruction=score)}).thresholds
    trial = next(t for t in trials if (t.axis, t.least) == ("instruction", 4))
    assert trial.kept == kept
