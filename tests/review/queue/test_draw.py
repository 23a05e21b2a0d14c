"""The draw: random inside a lot, with floors, and kept while a build grows."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.draw import draw, populations_of, position_of
from pipeline.review.frame import FrameRow
from pipeline.review.records import CellKey, LotKey
from pipeline.review.settings import ReviewSettings

LOTS = tuple(
    LotKey(outcome, "world", generator)
    for outcome, generator in (
        ("direct", "baseline"),
        ("reflection", "generator"),
        ("discarded", "generator"),
        ("rl", "x"),
    )
)


@st.composite
def frames(draw_):
    cells = st.sampled_from(
        [CellKey(lot, category, m) for lot in LOTS for category in "ab" for m in ("wide", "narrow")]
    )
    drawn = draw_(st.lists(cells, max_size=60))
    return [FrameRow(f"s{n}", f"h{n}", cell) for n, cell in enumerate(drawn)]


@given(frames(), st.integers(0, 9), st.integers(1, 8), st.integers(0, 3), st.integers(0, 5))
def test_a_lot_gets_its_sample_and_a_cell_its_floor(rows, seed, per_lot, floor, lost):
    settings = ReviewSettings(seed=seed, per_lot=per_lot, floor=floor, lost=lost)
    items = draw(rows, settings)
    of_lot = Counter(item.cell.lot for item in items if item.draw == "lot")
    of_cell = Counter(item.cell for item in items)
    for population in populations_of(rows, settings):
        if population.key.outcome == "discarded":
            drawn = [i for i in items if i.cell.lot == population.key]
            assert len(drawn) == min(lost, population.size)
            assert {i.draw for i in drawn} <= {"lost"}
            continue
        assert of_lot[population.key] == min(per_lot, population.size)
        for cell, size in population.cells.items():
            assert of_cell[cell] >= min(floor, size)
    assert not any(item.cell.lot.outcome == "rl" for item in items)
    assert [i.position for i in items] == sorted(position_of(seed, i.sample_id) for i in items)


@given(frames(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_nothing_to_the_draw(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert draw(shuffled, ReviewSettings(per_lot=5)) == draw(rows, ReviewSettings(per_lot=5))


@given(frames(), st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_growth_displaces_only_what_nobody_has_seen_and_only_by_newer_rows(rows, many, seen):
    settings = ReviewSettings(per_lot=4, floor=1, lost=3)
    before = draw(rows[:many], settings)
    touched = {i.sample_id for i in before if int(i.sample_id[1:]) in seen}
    after = draw(rows, settings, touched)
    names = {i.sample_id for i in after}
    assert touched <= names
    for item in before:
        if item.sample_id not in names:
            newer = [i for i in after if i.cell.lot == item.cell.lot and i.position < item.position]
            assert any(int(i.sample_id[1:]) >= many for i in newer)
    # what somebody saw early does not enter the random sample by that
    assert [i for i in after if i.draw == "lot"] == [i for i in draw(rows, settings) if i.draw == "lot"]


@given(frames())
def test_a_screened_lot_is_drawn_whole(rows):
    settings = ReviewSettings(per_lot=2, screened=(LOTS[0],))
    drawn = [i for i in draw(rows, settings) if i.cell.lot == LOTS[0]]
    assert len(drawn) == sum(row.cell.lot == LOTS[0] for row in rows)
    assert sum(i.draw == "lot" for i in drawn) == min(2, len(drawn))


def test_every_row_is_drawn_as_often_as_any_other():
    """400 seeds, 5 of 40: each row is drawn 50 times give or take, by the exact chi-square of equal chances."""
    rows = [FrameRow(f"s{n}", "h", CellKey(LOTS[0], "a", "wide")) for n in range(40)]
    counts = Counter(
        i.sample_id for seed in range(400) for i in draw(rows, ReviewSettings(seed=seed, per_lot=5, floor=0))
    )
    square = sum((counts[row.sample_id] - 50) ** 2 / 50 for row in rows) / (1 - 5 / 40)
    assert square < 39 + 4 * math.sqrt(2 * 39)


def test_prompts_are_drawn_where_they_are_asked_for():
    rows = [FrameRow("s", "h", CellKey(LOTS[3], "a", "wide"))]
    assert draw(rows, ReviewSettings()) == []
    assert populations_of(rows, ReviewSettings()) == []
    assert [i.draw for i in draw(rows, ReviewSettings(prompts=True))] == ["lot"]
