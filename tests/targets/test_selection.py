"""Selection by targets: the law, exactness, it is the first of the best choices, and no kept row is lost as goals grow."""

from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.targets.finished import Finished
from pipeline.targets.goals import REST, Goals, Placed, kind_of
from pipeline.targets.selection import select

MODES = ("direct", "reflection")
ENDS = [
    ("accepted", "direct", "train"),
    ("accepted", "reflection", "validation"),
    ("discarded", None, "train"),
    ("failed", None, "train"),
    ("accepted", None, "rl"),
]


def place(n, end, category, number=0, rank=None, group=""):
    outcome = Finished(n if rank is None else rank, f"id{n:03d}", *end, group)
    return Placed(outcome, REST, number, category)


@st.composite
def outcomes(draw, most: int) -> list[Placed]:
    rows = draw(st.lists(st.tuples(st.sampled_from(ENDS), st.sampled_from("abc"), st.integers(0, 2)), max_size=most))
    return [place(n, end, category, number) for n, (end, category, number) in enumerate(rows)]


limits = st.none() | st.integers(0, 4)
quotas = st.fixed_dictionaries({"direct": limits, "reflection": limits, "rl": limits})
floors = st.dictionaries(st.sampled_from("abc"), st.integers(0, 4))


def value(kept, goals):
    """Rows that floors need, and all rows."""
    held = Counter(kind_of(p)[0] for p in kept)
    return sum(min(held[category], floor) for category, floor in goals.floors.items()), len(kept)


def best(placed, goals):
    """By trying all sets: the first in order among those that are worth most."""
    able = sorted((p for p in placed if p.outcome.slot is not None), key=lambda p: p.order)
    choices = []
    for size in range(len(able) + 1):
        for chosen in combinations(range(len(able)), size):
            kept = [able[n] for n in chosen]
            slots = Counter(p.outcome.slot for p in kept)
            if all(limit is None or slots[slot] <= limit for slot, limit in goals.quotas.items()):
                choices.append((*(-n for n in value(kept, goals)), chosen))
    return {able[n].outcome.id for n in min(choices)[2]}


@settings(max_examples=150, deadline=None)
@given(outcomes(9), quotas, floors)
def test_the_first_of_the_best_choices(placed, quotas, floors):
    goals = Goals(quotas, floors)
    fates = select(placed, goals)
    assert {name for name, fate in fates.items() if fate == "kept"} == best(placed, goals)
    assert len(fates) == len(placed)
    for p in placed:
        assert (fates[p.outcome.id] in ("kept", "surplus")) == (p.outcome.slot is not None)


@settings(max_examples=150, deadline=None)
@given(outcomes(40), quotas, floors, st.lists(st.integers(0, 4), min_size=6, max_size=6), st.integers(0, 40))
def test_goals_that_grow_keep_every_row(placed, quotas, floors, more, cut):
    first = [p for p in placed if p.outcome.rank < cut]
    small = Goals(quotas, floors)
    kept = {name for name, fate in select(first, small).items() if fate == "kept"}
    grown = {slot: None if n is None else n + by for (slot, n), by in zip(quotas.items(), more, strict=False)}
    large = Goals(grown, {name: floors.get(name, 0) + by for name, by in zip("abc", more[3:], strict=True)})
    later = [Placed(p.outcome, p.cell, p.round + (p not in first) * 3, p.category) for p in placed]
    fates = select(later, large, kept)
    assert all(fates[name] == "kept" for name in kept)
    slots = Counter(p.outcome.slot for p in later if fates[p.outcome.id] == "kept")
    assert all(limit is None or slots[slot] <= limit for slot, limit in grown.items())
    found = Counter(p.outcome.slot for p in later)
    assert all(slots[slot] == (found[slot] if n is None else min(n, found[slot])) for slot, n in grown.items())


def test_a_floor_takes_the_mode_that_others_can_do_without():
    direct, reflection = ENDS[:2]
    placed = [place(0, direct, "b"), place(1, direct, "b"), place(2, direct, "a"), place(3, reflection, "b")]
    fates = select(placed, Goals({"direct": 2, "reflection": 1, "rl": 0}, {"a": 1, "b": 2}))
    assert list(fates.values()) == ["kept", "surplus", "kept", "kept"]


def test_an_earlier_round_comes_before_a_lower_rank():
    placed = [place(0, ENDS[0], "a", number=1), place(1, ENDS[0], "a", number=0)]
    assert select(placed, Goals({"direct": 1, "reflection": 0, "rl": 0}, {})) == {"id001": "kept", "id000": "surplus"}


def test_the_rollouts_of_a_row_are_kept_together_where_a_quota_has_room_for_one():
    placed = [place(n, ENDS[0], "a", rank=n // 2, group=f"g{n // 2}") for n in range(6)]
    fates = select(placed, Goals({"direct": 3, "reflection": 0, "rl": 0}, {"a": 1}))
    assert list(fates.values()) == ["kept"] * 4 + ["surplus"] * 2


def test_rl_prompts_fill_no_floor():
    placed = [place(0, ENDS[4], "a"), place(1, ENDS[0], "b"), place(2, ENDS[0], "a")]
    fates = select(placed, Goals({"direct": 1, "reflection": 0, "rl": 5}, {"a": 1}))
    assert list(fates.values()) == ["kept", "surplus", "kept"]
