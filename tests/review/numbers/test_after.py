"""What becomes of a rejected lot, and what a team can decide: predicted, then simulated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.numbers.decisions import LotDecision
from pipeline.review.numbers.dispositions import dispositions, outgoing_quality, wrong_share
from pipeline.review.numbers.effective import ReviewerErrors, disputed_share
from pipeline.review.numbers.planner import ReviewTeam, forecast_review
from pipeline.review.numbers.plans import LotPlan, single_sample
from tests.review.numbers.synthetic import lot

ERRORS = ReviewerErrors(0.05, 0.05)


def rejected(judged, found, sample=100, most=4):
    return LotDecision(lot(), "rejected", sample, most, judged, found, 0.95, None, 0, 0)


def test_screening_leaves_what_reviewers_miss():
    screen = dispositions(1000, rejected(100, 24), ReviewerErrors(0.05, 0.05))[0]
    true = (0.24 - 0.05) / 0.9
    kept = true * 0.05 + (1 - true) * 0.95
    assert (screen.way, screen.judgements) == ("screen", 900)
    assert screen.wrong == pytest.approx(true * 0.05 / kept)
    assert screen.rows == pytest.approx(1000 * kept)
    assert screen.low < screen.wrong < screen.high < 0.03


def test_the_ways_are_told_apart():
    ways = dispositions(1000, rejected(100, 20), better=[0.01])
    assert [w.way for w in ways] == ["screen", "drop", "resubmit", "resubmit", "override"]
    screen, drop, as_bad, better, override = ways
    assert (screen.wrong, drop.rows) == (0.0, 0.0)
    assert as_bad.chance < 0.001 < 0.99 < better.chance
    assert 0.15 < override.wrong < 0.2
    assert "19" in override.words or "18" in override.words


def test_a_stop_at_the_last_wrong_row_does_not_exaggerate():
    """Rejected as soon as the fifth wrong row is found: unbiased, and covered, over many reviews of a lot with 12 % wrong."""
    rng = np.random.default_rng(3)
    rates, covered = [], 0
    for found in (rng.random((2000, 100)) < 0.12).cumsum(axis=1):
        stop = int((found >= 5).argmax()) + 1 if found[-1] >= 5 else 100
        rate, low, high = wrong_share(rejected(stop, int(found[stop - 1])), ReviewerErrors())
        rates.append(rate)
        covered += low <= 0.12 <= high
    assert np.mean(rates) == pytest.approx(0.12, abs=0.005)
    assert covered / 2000 >= 0.94


@pytest.mark.parametrize("screened", [True, False])
@pytest.mark.parametrize("wrong", [0.01, 0.05, 0.12])
def test_outgoing_quality_is_what_goes_out(screened, wrong):
    size, rng = 800, np.random.default_rng(4)
    plan = single_sample(LotPlan(0.10, 0.95, 60, 0.05, 0.05), size)
    bad_out = rows_out = 0
    for _ in range(3000):
        truth = np.zeros(size, bool)
        truth[: round(wrong * size)] = True
        rng.shuffle(truth)
        held = np.where(truth, rng.random(size) < 0.95, rng.random(size) < 0.05)
        accepted = held[:60].sum() <= plan.most
        out = ~held if not accepted else ~np.concatenate([held[:60], np.zeros(size - 60, bool)])
        if accepted or screened:
            bad_out, rows_out = bad_out + truth[out].sum(), rows_out + out.sum()
    if rows_out > 100_000:
        assert bad_out / rows_out == pytest.approx(outgoing_quality(size, plan, wrong, screened), abs=0.004)


@pytest.mark.parametrize("judges", [1, 2, 3])
def test_errors_of_a_review_are_those_of_its_people(judges):
    rng = np.random.default_rng(5)
    errs = rng.random((200_000, judges)) < 0.2
    same = (errs == errs[:, :1]).all(axis=1)
    wrong = np.where(same, errs[:, 0], rng.random(200_000) < 0.2)
    assert ReviewerErrors(0.2, 0.2).of_review(1.0, judges).false_accept == pytest.approx(wrong.mean(), abs=0.005)
    assert disputed_share(0.3, ReviewerErrors(0.2, 0.2), judges) == pytest.approx((~same).mean(), abs=0.005)


@given(st.floats(0, 1), st.floats(0, 0.4), st.floats(0, 0.4))
def test_what_is_seen_is_traced_back(wrong, missed, blamed):
    errors = ReviewerErrors(missed, blamed)
    assert errors.true_share(errors.seen(wrong)) == pytest.approx(wrong, abs=1e-9)


def test_six_people_in_a_week():
    team = ReviewTeam(6, 3, 5, 40, errors=ERRORS)
    assert team.judgements == 8100
    forecast = forecast_review(team, [50_000] * 6)
    assert forecast.decided == 6
    assert all(entry.power > 0.99 and entry.catch >= 0.95 for entry in forecast.lots)
    assert all(0.02 < entry.tightest < 0.05 for entry in forecast.lots)
    assert "8,100 judgements settle 6,312 items: 6 of 6 lots can be decided" in str(forecast)


def test_too_little_time_decides_fewer_lots():
    forecast = forecast_review(ReviewTeam(1, 1, 1, 40), [2000] * 6)
    assert (forecast.items, forecast.decided) == (71, 2)
    assert forecast_review(ReviewTeam(1, 0.1, 1, 40), [2000]).decided == 0
    assert forecast_review(ReviewTeam(1, 1, 1, 40), []).lots == []


@given(
    st.integers(1, 8),
    st.floats(0.1, 8),
    st.floats(5, 600),
    st.lists(st.integers(0, 400), max_size=5),
    st.floats(0, 1),
)
def test_no_more_is_planned_than_there_is_time_for(people, hours, seconds, sizes, overlap):
    team = ReviewTeam(people, hours, 1, seconds, overlap)
    forecast = forecast_review(team, sizes)
    given_out = [entry.plan.sample for entry in forecast.lots if entry.decided]
    assert sum(given_out) + forecast.spare == forecast.items <= sum(sizes)
    assert forecast.spare >= 0
    assert forecast.items * team.an_item(0.02) <= team.judgements + 1e-6
    assert all(entry.plan.sample <= entry.size for entry in forecast.lots)


@pytest.mark.parametrize(
    "values",
    [
        {"people": 0},
        {"seconds": 0},
        {"hours": 25},
        {"gold_share": 1},
        {"overlap": 1.5},
        {"seconds": float("nan")},
        {"days": float("inf")},
    ],
)
def test_a_team_that_cannot_be_is_refused(values):
    with pytest.raises(ValueError, match=r"give|has 24"):
        ReviewTeam(**{"people": 6, "hours": 3, "days": 5, "seconds": 40, **values})


def test_lots_of_no_or_one_row_are_no_exception():
    none, one = forecast_review(ReviewTeam(6, 3, 5, 40), [0, 1]).lots
    assert (none.decided, none.tightest) == (False, None)
    assert (one.decided, one.power) == (True, 1.0)  # a good lot of one row has no wrong one


def test_a_good_lot_is_better_than_a_limiting_one():
    with pytest.raises(ValueError, match="0 < good < limiting"):
        forecast_review(ReviewTeam(6, 3, 5, 40), [500], limiting=0.02, good=0.02)
