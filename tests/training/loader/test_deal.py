"""Rows dealt to ranks and workers: equal streams, every row covered, and nothing lost or repeated when the numbers change."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from training.loader.cursor import Cursor
from training.loader.deal import Deal

POLICIES = st.sampled_from(["drop", "pad", "wrap"])
RANKS, WORKERS = st.integers(1, 8), st.integers(1, 3)


def stream(cursor, rank, worker, *, padding=False):
    """The positions that a stream still reads; with `padding`, each with whether it is padding."""
    portions = cursor.deal.portions(rank, worker, cursor.given[rank][worker])
    found = [(at, portion.padding) for portion in portions for at in range(portion.start, portion.stop)]
    return found if padding else [at for at, _ in found]


def streams(cursor, **options):
    ranks, workers = range(cursor.deal.world), range(cursor.deal.workers)
    return {(rank, worker): stream(cursor, rank, worker, **options) for rank in ranks for worker in workers}


@settings(deadline=None)
@given(st.integers(1, 60), RANKS, WORKERS, POLICIES)
def test_streams_are_equally_long_and_cover_what_the_policy_says(rows, world, workers, policy):
    cursor = Cursor.begin(0, Deal(((0, rows),), world, workers, policy))
    dealt = streams(cursor, padding=True)
    assert {len(found) for found in dealt.values()} == {cursor.deal.length}
    read = Counter(at for found in dealt.values() for at, _ in found)
    count = world * workers
    if policy == "drop":
        assert set(read.values()) <= {1}
        assert len(read) == rows - rows % count
    else:
        assert set(read) == set(range(rows))
        assert sum(read.values()) - rows == -rows % count
    padded = [at for found in dealt.values() for at, padding in found if padding]
    assert len(padded) == (-rows % count if policy == "pad" else 0)
    if policy == "pad":
        assert Counter(at for found in dealt.values() for at, padding in found if not padding) == Counter(range(rows))


@settings(deadline=None)
@given(
    st.integers(1, 80),
    POLICIES,
    st.lists(st.tuples(RANKS, WORKERS, st.integers(0, 9)), min_size=1, max_size=5),
    st.data(),
)
def test_no_row_is_lost_or_repeated_across_changes_of_ranks_and_workers(rows, policy, legs, data):
    """Each leg reads some batches on its own ranks and workers; at the end one reader takes what is left."""
    size = data.draw(st.integers(1, 4))
    cursor = Cursor.begin(0, Deal(((0, rows),), legs[0][0], legs[0][1], policy))
    read = Counter()
    for world, workers, batches in legs:
        before = cursor.dealt(world, workers, policy)
        cursor = before.after(batches, size)
        for (rank, worker), positions in streams(before, padding=True).items():
            count = cursor.given[rank][worker] - before.given[rank][worker]
            read.update(at for at, padding in positions[:count] if not padding)
    last = cursor.dealt(1, 1, "pad") if (cursor.deal.world, cursor.deal.workers) != (1, 1) else cursor
    read.update(at for at, padding in stream(last, 0, 0, padding=True) if not padding)
    missing, repeated = set(range(rows)) - set(read), sum(read.values()) - len(read)
    assert len(missing) == 0
    # Rows are repeated by `wrap` alone, once the rows of a deal run out.
    assert repeated == 0 or policy == "wrap"


@settings(deadline=None)
@given(st.integers(1, 80), RANKS, WORKERS, st.integers(0, 40), POLICIES)
def test_ranks_that_are_not_in_step_lose_nothing_either(rows, world, workers, seed, policy):
    cursor = Cursor.begin(0, Deal(((0, rows),), world, workers, policy))
    length = cursor.deal.length
    for rank in range(world):
        for worker in range(workers):
            cursor = cursor.at(rank, worker, (seed * (rank + 1) * (worker + 2)) % (length + 1))
    read = Counter()
    for (rank, worker), positions in streams(Cursor.begin(0, cursor.deal), padding=True).items():
        read.update(at for at, padding in positions[: cursor.given[rank][worker]] if not padding)
    left = cursor.deal.left_after(cursor.given)
    assert set(read) | {at for start, stop in left for at in range(start, stop)} == set(range(rows))
    if policy != "wrap":
        assert sum(stop - start for start, stop in left) == rows - len(read)


@settings(deadline=None)
@given(st.integers(1, 40), RANKS, WORKERS, st.integers(1, 5), st.integers(0, 30), st.integers(0, 30))
def test_batches_count_the_same_in_one_go_and_in_two(rows, world, workers, size, first, second):
    cursor = Cursor.begin(0, Deal(((0, rows),), world, workers, "pad"))
    in_two, at_once = cursor.after(first, size).after(second, size), cursor.after(first + second, size)
    assert in_two == at_once


def test_streams_read_neighbouring_rows():
    """So that a row group is read by one stream, or by two where it lies on a border."""
    cursor = Cursor.begin(0, Deal(((0, 12),), 2, 2, "drop"))
    assert streams(cursor) == {(0, 0): [0, 1, 2], (0, 1): [3, 4, 5], (1, 0): [6, 7, 8], (1, 1): [9, 10, 11]}
