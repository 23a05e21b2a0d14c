"""A sequential plan takes fewer rows, keeps its risks, and says how sure it is at its stop."""

import numpy as np
import pytest

from pipeline.review.numbers.in_order import decide_in_order
from pipeline.review.numbers.plans import two_point
from pipeline.review.numbers.sequential import sequential
from pipeline.review.numbers.weighting import wilson
from tests.review.numbers.synthetic import agreed, cell, item, lot, population, waiting

CELL = cell(lot())
KNOWN = [
    (0.02, 0.08, 62, 54),
    (0.03, 0.10, 58, 52),
    (0.05, 0.15, 42, 39),
    (0.05, 0.10, 124, 126),
    (0.01, 0.05, 85, 71),
]
"""Good and limiting share of wrong rows, and how many rows the plan takes on average at each (alpha 5 %, beta 10 %)."""


@pytest.mark.parametrize(("good", "limiting", "rows_if_good", "rows_if_bad"), KNOWN)
def test_it_takes_the_known_number_of_rows(good, limiting, rows_if_good, rows_if_bad):
    plan = sequential(good, limiting)
    assert plan.mean_rows(good) == pytest.approx(rows_if_good, rel=0.03)
    assert plan.mean_rows(limiting) == pytest.approx(rows_if_bad, rel=0.03)
    assert plan.mean_rows(good) < 0.7 * two_point(good, limiting).sample
    assert plan.risks[0] <= 0.05
    assert plan.risks[1] <= 0.101


@pytest.mark.parametrize("wrong", [0.0, 0.02, 0.05, 0.08, 0.15, 1.0])
def test_every_path_stops(wrong):
    assert sum(sequential(0.02, 0.08).stops(wrong).values()) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("wrong", [0.01, 0.03, 0.05, 0.10])
def test_its_operating_characteristic_is_what_happens(wrong):
    plan, rng = sequential(0.03, 0.10), np.random.default_rng(2)
    repeats = 20_000
    found = (rng.random((repeats, plan.most_rows)) < wrong).cumsum(axis=1)
    low, high = np.array(plan.accept[1:]), np.array(plan.reject[1:])
    stopped = ((found <= low) | (found >= high)).argmax(axis=1)
    at = np.take_along_axis(found, stopped[:, None], axis=1)[:, 0]
    accepted = (at <= low[stopped]).mean()
    rows = (stopped + 1).mean()
    assert accepted == pytest.approx(plan.acceptance(wrong), abs=0.01)
    assert rows == pytest.approx(plan.mean_rows(wrong), rel=0.03)


def covered(plan, bounds, wrong):
    return sum(p for stop, p in plan.stops(wrong).items() if bounds[stop][0] <= wrong <= bounds[stop][1])


def test_its_bounds_hold_at_the_stop_where_wilsons_do_not():
    plan = sequential(0.05, 0.15)
    own = {stop: plan.bounds(*stop) for stop in plan.stops(0.1)}
    fixed = {stop: wilson(stop[1] / stop[0], stop[0]) for stop in own}
    shares = [0.005, 0.01, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.4]
    assert min(covered(plan, own, wrong) for wrong in shares) >= 0.95
    assert min(covered(plan, fixed, wrong) for wrong in shares) < 0.92


def test_it_has_no_bounds_where_it_does_not_stop():
    with pytest.raises(ValueError, match="judge on"):
        sequential(0.02, 0.08).bounds(3, 0)


def judged(opinions):
    items = [item(f"{n:04}", CELL, "lot", n) for n in range(len(opinions))]
    rows = [waiting(i) if o is None else agreed(i, o) for i, o in zip(items, opinions, strict=True)]
    return decide_in_order(population({CELL: 5000}), rows, sequential(0.02, 0.08))


def test_a_lot_is_decided_in_the_order_of_the_queue():
    good = judged(["accept"] * 60)
    assert (good.state, good.found) == ("accepted", 0)
    assert "at the stop of a sequential plan" in good.interval
    assert judged(["reject"] * 5).state == "rejected"
    still = judged([None, *["reject"] * 20])  # what comes after an open row does not count yet
    assert (still.state, still.judged, still.interval) == ("undecided", 0, "")
    assert "in the order of the queue" in still.missing


def test_rows_after_the_stop_are_left_aside():
    assert judged(["accept"] * 60).judged == judged(["accept"] * 60 + ["reject"] * 40).judged
