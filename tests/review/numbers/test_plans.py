"""Plans keep what they promise: computed exactly, simulated, and as other libraries compute them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom
from statsmodels.stats.proportion import proportion_confint

from pipeline.review.numbers.bounds import most_wrong
from pipeline.review.numbers.plans import (
    LotPlan,
    SingleSample,
    found_wrong,
    least_sample,
    single_sample,
    two_point,
    wrong_rows,
)

REPEATS = 40_000
shares = st.floats(0.0, 1.0)
errors = st.just(0.0) | st.floats(0.001, 0.45)


@pytest.mark.parametrize(
    ("limiting", "confidence", "rows"),
    [(0.05, 0.95, 59), (0.05, 0.90, 45), (0.02, 0.95, 149), (0.02, 0.90, 114), (0.10, 0.95, 29), (0.10, 0.90, 22)],
)
def test_zero_defect_plans_are_the_known_ones(limiting, confidence, rows):
    plan = LotPlan(limiting, confidence, None)
    assert least_sample(plan, None) == rows
    assert single_sample(plan, None) == SingleSample(None, rows, 0)


@pytest.mark.parametrize(
    ("good", "limiting", "rows", "most"),
    [(0.02, 0.08, 98, 4), (0.03, 0.10, 104, 6), (0.05, 0.15, 77, 7), (0.05, 0.10, 233, 17), (0.01, 0.05, 132, 3)],
)
def test_plans_of_two_points_are_the_known_ones(good, limiting, rows, most):
    plan = two_point(good, limiting)
    assert (plan.sample, plan.most) == (rows, most)
    assert plan.acceptance(good) >= 0.95
    assert plan.acceptance(limiting) <= 0.10


@given(st.integers(1, 400), st.data(), shares)
def test_what_a_sample_holds_is_as_scipy_has_it(size, data, wrong):
    sample = data.draw(st.integers(1, size))
    bad = wrong_rows(size, wrong)
    ours, theirs = found_wrong(size, sample, wrong), hypergeom.pmf(np.arange(sample + 1), size, bad, sample)
    assert ours == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(1, 25), st.data(), shares, errors, errors)
def test_reviewers_who_err_find_what_they_would_row_by_row(size, data, wrong, false_accept, false_reject):
    sample = data.draw(st.integers(1, size))
    expected = np.zeros(sample + 1)
    for bad, chance in enumerate(found_wrong(size, sample, wrong)):
        caught = binom.pmf(np.arange(bad + 1), bad, 1 - false_accept)
        blamed = binom.pmf(np.arange(sample - bad + 1), sample - bad, false_reject)
        expected += chance * np.convolve(caught, blamed)
    assert found_wrong(size, sample, wrong, false_accept, false_reject) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 3000), st.integers(1, 200), st.floats(0.01, 0.5), st.floats(0.5, 0.99), errors, errors)
def test_a_lot_of_limiting_quality_is_caught_as_surely_as_asked(size, sample, limiting, confidence, missed, blamed):
    plan = LotPlan(limiting, confidence, sample, missed, blamed)
    single = single_sample(plan, size)
    assert single.acceptance(limiting) <= 1 - confidence + 1e-9
    if single.most < single.sample:  # and one more wrong row would be one too many
        looser = SingleSample(size, single.sample, single.most + 1, missed, blamed)
        assert looser.acceptance(limiting) > 1 - confidence - 1e-9


@given(st.integers(1, 3000), st.floats(0.01, 0.5), st.floats(0.5, 0.99))
def test_the_smallest_sample_is_the_smallest(size, limiting, confidence):
    plan = LotPlan(limiting, confidence, None)
    rows = least_sample(plan, size)
    assert found_wrong(size, rows, limiting)[0] <= 1 - confidence
    assert rows == 1 or found_wrong(size, rows - 1, limiting)[0] > 1 - confidence


@pytest.mark.parametrize("wrong", [0.0, 0.02, 0.05, 0.10, 0.2])
@pytest.mark.parametrize("erring", [(0.0, 0.0), (0.1, 0.02)])
@pytest.mark.parametrize("size", [250, 5000])
def test_operating_characteristics_are_what_happens(size, wrong, erring):
    """Simulated with real draws and real slips, within 1 %."""
    rng = np.random.default_rng(1)
    for plan in (LotPlan(0.10, 0.95, 100, *erring), LotPlan(0.05, 0.90, None, *erring), LotPlan(0.10, 0.95, 60)):
        single = single_sample(plan, size)
        bad = rng.hypergeometric(wrong_rows(size, wrong), size - wrong_rows(size, wrong), single.sample, REPEATS)
        found = rng.binomial(bad, 1 - plan.false_accept) + rng.binomial(single.sample - bad, plan.false_reject)
        assert (found <= single.most).mean() == pytest.approx(single.acceptance(wrong), abs=0.01)


@settings(max_examples=40)
@given(st.integers(1, 300), st.data(), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_bound_of_an_endless_lot_is_clopper_and_pearsons(sample, data, confidence):
    found = data.draw(st.integers(0, sample))
    _, high = proportion_confint(found, sample, alpha=2 * (1 - confidence), method="beta")
    assert most_wrong(None, sample, found, LotPlan(confidence=confidence)) == pytest.approx(high, abs=1e-9)


@given(st.integers(1, 400), st.data())
def test_the_bound_of_a_finite_lot_covers_it(size, data):
    """Whatever is wrong, the bound lies below it with 5 % at most."""
    sample = data.draw(st.integers(1, size))
    wrong = data.draw(st.integers(0, size)) / size
    chances = found_wrong(size, sample, wrong)
    missed = sum(
        chances[n] for n in range(sample + 1) if chances[n] and most_wrong(size, sample, n, LotPlan()) < wrong - 1e-12
    )
    assert missed <= 0.05 + 1e-9


def test_a_lot_that_was_judged_whole_has_no_doubt():
    assert most_wrong(40, 40, 3, LotPlan()) == 3 / 40


@pytest.mark.parametrize(("good", "limiting"), [(0.0, 0.1), (0.1, 0.1), (0.2, 0.1), (0.1, 1.0)])
def test_points_that_are_none_are_refused(good, limiting):
    with pytest.raises(ValueError, match="0 < good < limiting < 1"):
        two_point(good, limiting)
