"""What is still to climb: in rank order, whole groups, no further than the quotas; and outcomes of older versions take their
places."""

from dataclasses import replace

import pytest

from pipeline.output.cut import finished
from pipeline.planning.book import PlanBook
from pipeline.run.pending import Pending, read_first
from pipeline.run.standing import read_known, read_planned
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from tests.planning.test_waves import planning
from tests.sources.tables import make_manifest, table, write_jsonl

QUOTAS = {"direct": 4, "reflection": None, "multistep": None, "rl": None}


@pytest.fixture
def manifest(tmp_path):
    rows = [{"prompt": f"p {n}" if n != 2 else ""} for n in range(40)]
    source = table(write_jsonl(tmp_path / "s.jsonl", rows))
    return lambda **spec: make_manifest(source | spec, splits={"rl": 0.0})


def test_pages_end_where_outcomes_fill_the_quotas_and_nothing_more_is_read(manifest):
    with PlanBook(":memory:", "") as book, planning(book, manifest()) as planner:
        planner.advance()
        first = [row.trajectory for row in book.page(None, planner.horizon, 99) if row.status == "climbing"]
        known = {t.sample.id: finished(t.accept("direct")) for t in first}
        kept: list[str] = []
        pending = Pending(planner, known, QUOTAS, lambda failed: kept.extend(t.sample.row_id for t in failed))
        pages = list(pending.pages())
        assert len(first) == 4
        assert kept == ["row:3"]
        assert not any(page.todo for page in pages)
        assert sum(state.rows for state in planner.states) == 5, "the wave that was there, and no other"


def test_without_outcomes_every_row_is_fed_once_in_order(manifest):
    with PlanBook(":memory:", "") as book, planning(book, manifest()) as planner:
        pending = Pending(planner, {}, QUOTAS, lambda _: None)
        first = read_first(pages := pending.pages())
        assert not pending.exhausted
        assert len(first[-1].todo) == 4
        rows = [row for page in (*first, *pages) for row in page.todo]
        assert rows == sorted(rows, key=lambda row: (row.rank, row.group, row.id))
        assert len(rows) == len({row.id for row in rows}) == 39
        assert pending.exhausted


def test_a_bound_from_outside_ends_the_pages_with_whole_groups(manifest, monkeypatch):
    monkeypatch.setattr("pipeline.run.pending.PAGE_ROWS", 4)  # which parts the groups of three
    with PlanBook(":memory:", "") as book, planning(book, manifest(rollouts=3)) as planner:
        pending = Pending(planner, {}, QUOTAS, lambda _: None)
        pages = pending.pages()
        fed = list(next(pages).todo)
        pending.bound = fed[-1].rank
        fed += [row for page in pages for row in page.todo]
        group = [row for row in fed if row.rank == pending.bound]
        assert len(group) == 3
        assert len(fed) < 4 + 4 + 1


def test_no_quota_above_0_reads_nothing(manifest):
    with PlanBook(":memory:", "") as book, planning(book, manifest()) as planner:
        assert list(Pending(planner, {}, dict.fromkeys(QUOTAS, 0), lambda _: None).pages()) == []
        assert sum(state.rows for state in planner.states) == 0


def test_outcomes_of_an_older_version_take_their_places_in_the_new_order(manifest, tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "f" * 64)
    outcomes.create()
    with PlanBook(":memory:", "") as book, planning(book, manifest()) as planner:
        while not planner.done:
            planner.advance()
        planned = [row.trajectory for row in book.page(None, planner.horizon, 99) if row.status == "climbing"]
        outcomes.upsert(replace(t.accept("direct"), rank=2**62 - n) for n, t in enumerate(planned))
        known = read_known(outcomes, ImageStore("memory://p"), print)
        (page,) = Pending(planner, known, QUOTAS | {"direct": None}, lambda _: None).pages()
        assert [f.rank for f in page.earlier if f.status == "accepted"] == [t.rank for t in planned]
        moved = read_planned(outcomes, book.ranks(planner.horizon))
    assert [(t.sample.id, t.rank) for t in moved] == [(t.sample.id, t.rank) for t in planned]
    assert [t.rank for t in outcomes.all()] == [t.rank for t in planned], "for good"
