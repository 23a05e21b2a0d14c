"""All numbers of a review: what counts, what waits, and what it comes to by stratum."""

from random import Random

import pytest

from pipeline.output.share import Share
from pipeline.review.numbers.summary import summarise
from pipeline.review.records import GoldAnswer, Resolution
from tests.review.numbers.synthetic import (
    agreed,
    cell,
    drawn,
    item,
    known,
    lot,
    population,
    said,
    scores,
    settled_by_lead,
    waiting,
)

CELL = cell(lot())
LOST = cell(lot("discarded"))


def test_an_empty_review_has_nothing_to_count():
    numbers = summarise([], [], [], {})
    assert numbers.overall.rate is None
    assert str(numbers.overall) == "nothing to count"
    assert (numbers.progress.items, numbers.reviewers, numbers.agreement["whole"].raw) == (0, [], None)


def test_progress_tells_apart_who_is_waited_for():
    a, b, c, d, e = (item(name, CELL) for name in "abcde")
    rows = [
        agreed(a, "accept"),
        Resolution(b, None, True, False, (said(b, "ada", "accept"), said(b, "bob", "reject"))),
        agreed(c, "unsure"),
        Resolution(d, None, False, False, (said(d, "ada", "accept"),)),
        waiting(e),
    ]
    progress = summarise([population({CELL: 50})], rows, [], {}).progress
    got = (progress.items, progress.settled, progress.disputed, progress.unsure, progress.begun, progress.untouched)
    assert got == (5, 1, 1, 1, 1, 1)


def test_a_cell_that_was_looked_at_closely_does_not_pull_the_figure():
    small, large = cell(lot(), "small"), cell(lot(), "large")
    rows = [agreed(item(f"l{n}", large, position=n), "accept") for n in range(19)]
    rows += [agreed(item("s0", small, position=20), "reject")]
    rows += [agreed(item(f"s{n}", small, "floor", 100 + n), "reject") for n in range(1, 20)]
    numbers = summarise([population({small: 20, large: 980})], rows)
    assert numbers.overall.rate == pytest.approx(0.98)
    by_name = {s.value: s for s in numbers.strata["category"]}
    assert by_name["small"].weighted.rate == 0
    assert by_name["small"].weighted.high == 0  # all of its rows were judged
    (whole,) = numbers.strata["lot"]
    assert whole.sampled == Share(19, 20)  # the random sample alone
    assert whole.items == 39


def test_while_a_cell_was_not_looked_at_the_random_sample_speaks_for_the_lot():
    seen, unseen = cell(lot(), "seen"), cell(lot(), "unseen")
    rows = [agreed(item(f"a{n}", seen, position=n), "accept" if n else "reject") for n in range(10)]
    rows += [agreed(item(f"f{n}", seen, "floor", 50 + n), "reject") for n in range(5)]
    overall = summarise([population({seen: 100, unseen: 100})], rows).overall
    assert (overall.rate, overall.rows, overall.of) == (pytest.approx(0.9), 200, 10)


def test_a_lot_nobody_looked_at_is_said_to_be_missing():
    rows = [agreed(item(f"a{n}", CELL), "accept") for n in range(10)]
    other = cell(lot("direct"))
    overall = summarise([population({CELL: 30}), population({other: 70})], rows).overall
    assert (overall.rows, overall.covered) == (30, 0.3)


def test_what_was_lost_has_figures_of_its_own():
    rows = [agreed(item("a", CELL), "accept"), agreed(item("b", LOST, "lost"), "accept")]
    rows += [agreed(item("c", LOST, "lost"), "reject")]
    numbers = summarise([population({CELL: 10}), population({LOST: 10})], rows)
    assert (numbers.overall.rate, numbers.lost.rate) == (1.0, 0.5)
    assert [s.value for s in numbers.strata["mode"]] == ["reflection"]
    assert [s.value for s in numbers.lost_strata["mode"]] == ["discarded"]


def test_reviewers_are_measured_by_what_is_known():
    a, b = item("a", CELL), item("b", CELL)
    rows = [agreed(a, "accept", "ada", "bob"), settled_by_lead(b, "reject", said(b, "ada", "accept"))]
    answers = [
        GoldAnswer("ada", "g1", "reject", "accept", "2026-11-28T10:00"),
        GoldAnswer("ada", "g2", "reject", "reject", "2026-11-28T11:00"),
        GoldAnswer("bob", "g3", "accept", "unsure", "2026-11-28T12:00"),
    ]
    numbers = summarise([population({CELL: 9})], rows, answers)
    ada, bob = numbers.reviewers
    assert (ada.name, ada.judged, ada.seconds, ada.per_hour) == ("ada", 2, 20.0, 180.0)
    assert (ada.gold.false_accept, ada.overruled) == (Share(1, 2), Share(1, 1))
    assert (bob.gold.false_reject, bob.gold.unsure, bob.last) == (Share(0, 1), Share(1, 1), "2026-11-28T12:00")
    assert numbers.gold.false_accept == Share(1, 2)


def test_the_analyzer_is_weighted_back_to_the_build():
    kept = [item(f"k{n}", CELL) for n in range(10)]
    lost = [item(f"l{n}", LOST, "lost") for n in range(10)]
    rows = [agreed(i, "reject" if n == 0 else "accept") for n, i in enumerate(kept)]
    rows += [agreed(i, "accept" if n < 2 else "reject") for n, i in enumerate(lost)]
    finals = known({i.sample_id: scores(i in kept) for i in (*kept, *lost)})
    numbers = summarise([population({CELL: 90}), population({LOST: 10})], rows, [], finals)
    verdict = numbers.analyzer[0]
    assert verdict.precision.rate == pytest.approx(0.9)
    assert verdict.recall.rate == pytest.approx(81 / 83)
    assert verdict.bias == pytest.approx((9 - 2) / 100)
    assert [n.about for n in numbers.analyzer] == ["verdict", "instruction"]


def test_a_threshold_is_tried_on_recorded_scores():
    kept = [item(f"k{n}", CELL) for n in range(50)]
    lost = [item(f"l{n}", LOST, "lost") for n in range(50)]
    finals = {i.sample_id: scores(True, instruction=5) for i in kept}
    finals |= {i.sample_id: scores(False, instruction=4 if n < 20 else 2) for n, i in enumerate(lost)}
    rows = [agreed(i, "accept") for i in kept]
    rows += [agreed(i, "accept" if n < 18 else "reject") for n, i in enumerate(lost)]
    numbers = summarise([population({CELL: 50}), population({LOST: 50})], rows, [], known(finals))
    best = numbers.thresholds[0]
    assert (best.axis, best.least, best.kept, best.lost, best.counted) == ("instruction", 4, 20, 0, True)
    assert str(best) == "with instruction >= 4 you would have kept 20 more, 2 (2-2) of them wrong"
    assert best.agreement.rate == pytest.approx(0.98)


def test_reviews_are_summed_up_alike_whatever_the_order():
    rng = Random(5)
    sizes = {cell(lot(mode), category): 40 for mode in ("direct", "failed") for category in "abc"}
    populations, rows, _ = drawn(sizes, lambda _, r: r.random() < 0.2, 30, 2, rng)
    finals = known({r.item.sample_id: scores(not r.item.cell.lot.lost) for r in rows})
    first = summarise(populations, rows, [], finals)
    rng.shuffle(rows)
    assert summarise(populations, rows, [], finals) == first


def errors_of(missed, wrong, alarms, right):
    answers = [GoldAnswer("ada", f"w{n}", "reject", "accept" if n < missed else "reject", "") for n in range(wrong)]
    answers += [GoldAnswer("ada", f"r{n}", "accept", "reject" if n < alarms else "accept", "") for n in range(right)]
    return summarise([], [], answers).gold


def test_a_few_known_answers_make_no_plan_lenient_or_impossible():
    assert errors_of(1, 1, 1, 2).in_plans == (0.0, pytest.approx(0.095, abs=0.001))
    assert not errors_of(1, 1, 0, 0).measured
    assert errors_of(0, 0, 0, 0).in_plans == (0.0, 0.0)


def test_many_known_answers_are_reckoned_with():
    errors = errors_of(6, 60, 20, 200)
    assert errors.measured
    assert errors.in_plans == (0.1, pytest.approx(0.066, abs=0.001))
