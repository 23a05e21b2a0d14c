"""Planning shards: nothing lost, nothing reordered, targets held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.shards import MOST_BYTES, RowTooLarge, Targets, plan

sizes = st.lists(st.integers(1, 1000), max_size=60).map(
    lambda values: {f"id{n}": size for n, size in enumerate(values)}
)
targets = st.builds(Targets, st.integers(1, 4000), st.integers(1, 2000), st.integers(1, 10), st.integers(1, 80))


@given(sizes, targets)
def test_a_plan_holds_every_row_and_the_targets(row_bytes, limits):
    planned = plan(row_bytes, limits)
    rest = iter(row_bytes.values())
    groups = [[[next(rest) for _ in range(length)] for length in shard] for shard in planned]
    assert next(rest, None) is None
    assert sum(map(len, planned)) >= min(limits.least_groups, len(row_bytes))
    assert all(shard for shard in groups) or (not row_bytes and groups == [[]])
    for shard in groups:
        assert len(shard) == 1 or sum(map(sum, shard)) <= limits.shard_bytes
        for group in shard:
            assert 1 <= len(group) <= limits.group_rows
            assert len(group) == 1 or sum(group) <= limits.group_bytes


def test_a_row_group_never_passes_what_a_viewer_takes():
    planned = plan({"a": MOST_BYTES // 2, "b": MOST_BYTES // 2, "c": 1}, Targets(10**12, 10**12, 100))
    assert planned == [[2, 1]]


def test_where_few_are_filled_rows_are_shared_out_evenly():
    sizes = {str(n): 1 for n in range(10)}
    assert plan(sizes, Targets(100, 100, 100, 4)) == [[2, 3, 2, 3]]
    assert plan(sizes, Targets(100, 100, 2, 4)) == [[2, 2, 2, 2, 2]], "enough as they are"
    assert plan(sizes, Targets(100, 100, 100, 99)) == [[1] * 10]


def test_a_row_that_no_reader_takes_is_refused_by_name():
    with pytest.raises(RowTooLarge, match=r"big: the row holds 200,000,001 bytes"):
        plan({"small": 1, "big": MOST_BYTES + 1}, Targets(1, 1, 1))
