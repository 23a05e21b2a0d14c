"""The quota cut: the law, the bound, and that the order of the outcomes changes nothing."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.cut import BEFORE_ALL, Finished, bound, cut

OUTCOMES = [
    ("accepted", "direct", "train"),
    ("accepted", "reflection", "validation"),
    ("accepted", "multistep", "train"),
    ("accepted", None, "rl"),
    ("accepted", "direct", "rl"),
    ("discarded", None, "train"),
    ("discarded", None, "rl"),
    ("failed", None, "train"),
    ("failed", None, "rl"),
]


@st.composite
def outcomes(draw) -> list[Finished]:
    kinds = draw(st.lists(st.sampled_from(OUTCOMES), max_size=40))
    ranks = [draw(st.integers(0, 60)) for _ in kinds]  # few enough that equal ranks occur
    return [Finished(r, f"id{n:02d}", *kind) for n, (r, kind) in enumerate(zip(ranks, kinds, strict=True))]


limit = st.none() | st.integers(0, 5)
SLOTS = ("direct", "reflection", "multistep", "rl")
quotas = st.fixed_dictionaries(dict.fromkeys(SLOTS, limit))


def limited(**limits):
    return dict.fromkeys(SLOTS) | limits


def slot(f: Finished) -> str | None:
    """Retyped from the issue: which quota an outcome counts towards."""
    if f.split == "rl":
        return None if f.status == "failed" else "rl"
    return f.mode if f.status == "accepted" else None


@given(outcomes(), quotas)
def test_planned_is_kept_and_surplus_and_discarded_and_failed(finished, limits):
    made = cut(finished, limits)
    planned = {f.id for f in finished if made.rank is None or f.rank <= made.rank}
    assert set(made.fates) == planned
    assert made.beyond == len(finished) - len(planned)
    assert sum(made.count(fate) for fate in ("kept", "surplus", "discarded", "failed")) == len(planned)


@given(outcomes(), quotas, st.randoms(use_true_random=False))
def test_order_of_outcomes_changes_nothing(finished, limits, chance):
    shuffled = list(finished)
    chance.shuffle(shuffled)
    assert cut(shuffled, limits) == cut(finished, limits)
    assert list(cut(shuffled, limits).fates) == list(cut(finished, limits).fates)


@given(outcomes(), quotas)
def test_kept_are_the_first_of_each_slot(finished, limits):
    fates = cut(finished, limits).fates
    for name, most in limits.items():
        row = [fates[f.id] for f in sorted(finished, key=lambda f: (f.rank, f.id)) if f.id in fates and slot(f) == name]
        kept = len(row) if most is None else min(most, len(row))
        assert row == ["kept"] * kept + ["surplus"] * (len(row) - kept)


@given(outcomes(), quotas)
def test_the_cut_is_the_lowest_rank_that_fills_the_quotas(finished, limits):
    asked = {name: n for name, n in limits.items() if n}

    def full(rank: int) -> bool:
        return all(sum(slot(f) == name and f.rank <= rank for f in finished) >= n for name, n in asked.items())

    rank = bound(finished, limits)
    if rank is None:
        assert not asked or not full(1000)
    elif rank != BEFORE_ALL:
        assert full(rank)
        assert not any(full(f.rank) for f in finished if f.rank < rank)


@given(outcomes(), quotas, st.data())
def test_what_is_finished_so_far_bounds_the_cut(finished, limits, data):
    some = [f for f in finished if data.draw(st.booleans())]
    so_far, final = bound(some, limits), bound(finished, limits)
    if so_far is not None:
        assert final is not None
        assert final <= so_far


def test_no_quota_is_no_cut_and_all_zero_plans_nothing():
    finished = [Finished(n, f"id{n}", "accepted", "direct", "train") for n in range(3)]
    assert bound(finished, limited()) is None
    assert bound(finished, limited(direct=0)) is None, "a quota of 0 beside unlimited ones does not end the run"
    nothing = cut(finished, limited(direct=0, reflection=0, multistep=0, rl=0))
    assert (nothing.fates, nothing.beyond) == ({}, 3)


def test_one_sample_has_one_outcome():
    twice = [Finished(1, "same", "accepted", "direct", "train"), Finished(1, "same", "failed", None, "train")]
    with pytest.raises(ValueError, match="same: two outcomes"):
        cut(twice, limited())


def test_a_bound_only_falls_as_samples_finish():
    chance = random.Random(1)
    finished = [Finished(chance.randrange(10**6), str(n), "accepted", "direct", "train") for n in range(60)]
    bounds = [bound(finished[:n], limited(direct=20)) for n in range(20, 61)]
    assert all(b is not None for b in bounds)
    assert all(later <= earlier for earlier, later in pairwise(bounds))
