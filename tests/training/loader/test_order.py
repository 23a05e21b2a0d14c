"""The order of an epoch: every row once, from the seed alone, units together."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from training.loader.order import EpochOrder

UNITS = st.lists(st.integers(1, 9), min_size=1, max_size=12)
SHUFFLES = st.sampled_from(["rows", "units", "none"])


def everything(units, seed=0, epoch=0, shuffle="rows"):
    reads = EpochOrder(units, seed, epoch, shuffle).reads(0, sum(units))
    return [(unit, row) for unit, rows in reads for row in rows]


@settings(deadline=None)
@given(UNITS, st.integers(0, 5), st.integers(0, 5), SHUFFLES)
def test_every_row_stands_once_and_units_stay_together(units, seed, epoch, shuffle):
    order = everything(units, seed, epoch, shuffle)
    assert sorted(order) == [(unit, row) for unit, rows in enumerate(units) for row in range(rows)]
    changes = sum(a[0] != b[0] for a, b in pairwise(order))
    assert changes == len(units) - 1


@settings(deadline=None)
@given(UNITS, SHUFFLES, st.data())
def test_any_span_is_that_part_of_the_whole(units, shuffle, data):
    start = data.draw(st.integers(0, sum(units)))
    stop = data.draw(st.integers(start, sum(units)))
    reads = EpochOrder(units, 1, 2, shuffle).reads(start, stop)
    assert [(unit, row) for unit, rows in reads for row in rows] == everything(units, 1, 2, shuffle)[start:stop]


def test_seed_and_epoch_change_the_order_and_nothing_else_does():
    units = [6] * 20
    first = everything(units, seed=1)
    assert first == everything(units, seed=1)
    assert len({tuple(everything(units, seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4
    assert everything(units, shuffle="none") == sorted(first)


def test_the_order_is_the_same_on_every_machine():
    assert [unit for unit, _ in EpochOrder([1] * 8, 7, 0, "units").reads(0, 8)] == [4, 2, 7, 1, 6, 0, 3, 5]


def test_rows_in_a_unit_are_shuffled_apart_from_units():
    units = everything([50] * 4, shuffle="units")
    rows = everything([50] * 4, shuffle="rows")
    assert [unit for unit, _ in units] == [unit for unit, _ in rows]
    assert units != rows


def test_a_shuffle_moves_rows_far():
    """Mean displacement of a uniform shuffle is a third of the rows; whole units move nearly as far."""
    units = [20] * 100
    order = everything(units)
    moved = sum(abs(place - (unit * 20 + row)) for place, (unit, row) in enumerate(order)) / len(order)
    assert 0.25 < moved / len(order) < 0.42
