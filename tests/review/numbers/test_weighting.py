"""The weighted share is Wilson's where nothing is weighted; what was judged whole has no doubt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pipeline.output.share import Share
from pipeline.review.numbers.weighting import CellTally, weighted_share, wilson

ENDLESS = 1e12
tallies = st.lists(
    st.builds(
        lambda hits, misses, others, unseen: CellTally(
            hits + misses + others + unseen, hits + misses + others, hits, misses
        ),
        *(st.integers(0, 30),) * 3,
        st.integers(0, 500),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=50)
@given(st.integers(1, 500), st.data())
def test_of_one_endless_cell_it_is_wilsons(n, data):
    hits = data.draw(st.integers(0, n))
    got = weighted_share([CellTally(ENDLESS, n, hits, n - hits)])
    assert (got.low, got.high) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-6)
    assert wilson(hits / n, n) == pytest.approx((Share(hits, n).low, Share(hits, n).high), abs=1e-12)


@given(tallies)
def test_it_lies_in_its_interval_and_within_0_and_1(cells):
    got = weighted_share(cells)
    if got.rate is None:
        assert not sum(c.hits + c.misses for c in cells)
    else:
        assert 0 <= got.low <= got.rate + 1e-9
        assert got.rate <= got.high + 1e-9 <= 1 + 2e-9
        assert got.of == sum(c.hits + c.misses for c in cells)


@given(tallies)
def test_hits_and_misses_change_places_together(cells):
    one = weighted_share(cells)
    other = weighted_share([CellTally(c.size, c.judged, c.misses, c.hits) for c in cells])
    if one.rate is not None:
        assert (other.low, other.rate, other.high) == pytest.approx((1 - one.high, 1 - one.rate, 1 - one.low), abs=1e-6)


def test_what_was_judged_whole_has_no_doubt():
    got = weighted_share([CellTally(20, 20, 15, 5), CellTally(10, 10, 10, 0)])
    assert (got.rate, got.low, got.high) == pytest.approx((25 / 30,) * 3)
