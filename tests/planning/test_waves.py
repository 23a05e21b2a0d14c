"""Waves: however a source is cut, read and interrupted, there is one plan; and no row is read twice."""

import base64
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.planning import reading
from pipeline.planning.book import PlanBook
from pipeline.planning.planner import Planner, Stopped
from pipeline.planning.tables import END
from pipeline.screening.screen import Screen
from pipeline.storage.image_store import ImageStore
from stages.trajectory import Trajectory
from tests.sources.tables import encode_image, make_manifest, table, write_jsonl

WAVE = 5
STORE = ImageStore("memory://planning")
words = st.sampled_from(
    ["a red cup", "two blue birds", "a tall tree", "one hat", "A red  cup!", "a green door", "x", "y"]
)
prompts = st.lists(words | st.just(""), max_size=23)  # an empty one is a bad row


@contextmanager
def planning(
    book: PlanBook, manifest: Manifest, wave: int = WAVE, folder: Path | None = None, store: ImageStore = STORE
) -> Iterator[Planner]:
    with (
        Screen(manifest.screens, folder) as screen,
        Planner(manifest, store, 1, book, screen, wave) as planner,
    ):
        yield planner


def plan_in(book: PlanBook, manifest: Manifest, steps: int = -1, wave: int = WAVE) -> Planner:
    """Advance so many steps, or to the end."""
    with planning(book, manifest, wave) as planner:
        while steps and not planner.done:
            planner.advance()
            steps -= 1
    return planner


def trajectories(book: PlanBook, below: int = END) -> list[Trajectory]:
    return [row.trajectory for row in book.page(None, below, 1_000_000)]


def whole(manifest: Manifest, wave: int = WAVE) -> list[Trajectory]:
    with PlanBook(":memory:", "") as book:
        plan_in(book, manifest, wave=wave)
        return trajectories(book)


def write_rows(path: Path, rows: list[str], cuts: list[int]) -> Path:
    """The rows as Parquet, in row groups that end at `cuts`."""
    records = pa.Table.from_pylist([{"prompt": r} for r in rows], schema=pa.schema({"prompt": pa.string()}))
    ends = sorted({min(cut, len(rows)) for cut in cuts} | {len(rows)})
    with pq.ParquetWriter(path, records.schema) as writer:
        for start, end in zip([0, *ends], ends, strict=False):
            writer.write_table(records.slice(start, end - start), row_group_size=max(1, end - start))
    return path


@settings(max_examples=15, deadline=None)
@given(st.tuples(prompts, prompts), st.lists(st.integers(1, 22), max_size=5), st.integers(1, 9), st.integers(0, 6))
def test_however_it_is_cut_and_interrupted_there_is_one_plan(tmp_path_factory, rows, cuts, wave, stop):
    folder = tmp_path_factory.mktemp("cut")
    sources = [table(write_rows(folder / f"{n}.parquet", some, cuts), name=f"s{n}") for n, some in enumerate(rows)]
    manifest = make_manifest(*sources)
    plain = make_manifest(
        *(
            table(write_jsonl(folder / f"{n}.jsonl", [{"prompt": p} for p in some]), name=f"s{n}")
            for n, some in enumerate(rows)
        )
    )
    with PlanBook(folder / "plan.db", "one") as book:
        first = plan_in(book, manifest, stop, wave)
        begun = trajectories(book, first.horizon)
    with PlanBook(folder / "plan.db", "one") as book:
        plan_in(book, manifest, wave=wave)
        done = trajectories(book)
    assert done[: len(begun)] == begun, "what lies below the horizon is final"
    assert done == whole(manifest, wave)
    kept = [(t.rank, t.sample.row_id, t.sample.split, t.status) for t in done if t.status == "climbing"]
    assert kept == [
        (t.rank, t.sample.row_id, t.sample.split, t.status) for t in whole(plain, wave) if t.status == "climbing"
    ]
    assert len({t.sample.id for t in done}) == len(done)


@settings(max_examples=15, deadline=None)
@given(prompts, st.integers(1, 9))
def test_rows_that_share_a_key_are_in_one_split_whatever_wave_they_come_in(tmp_path_factory, rows, wave):
    path = write_jsonl(tmp_path_factory.mktemp("leak") / "s.jsonl", [{"prompt": p} for p in rows])
    splits: dict[str, set[str]] = {}
    for t in whole(make_manifest(table(path), splits={"validation": 0.4, "rl": 0.3}), wave):
        if t.status == "climbing":
            splits.setdefault(" ".join(t.sample.instruction.lower().rstrip("!").split()), set()).add(t.sample.split)
    assert all(len(found) == 1 for found in splits.values())


def test_a_source_of_one_wave_is_in_the_order_that_it_always_had(tmp_path):
    path = write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(40)])
    once = whole(make_manifest(table(path)), 4096)
    assert max(t.rank for t in once) < 1 << 48
    waves = [t.rank >> 48 for t in whole(make_manifest(table(path)), 16)]
    assert waves == sorted(waves)
    assert Counter(waves) == {0: 16, 1: 16, 2: 8}


def test_a_wave_that_is_in_the_plan_is_not_read_again(tmp_path, monkeypatch):
    manifest = make_manifest(table(write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(30)])))
    with PlanBook(tmp_path / "plan.db", "one") as book:
        plan_in(book, manifest, steps=4)
    admitted: list[str] = []
    original = reading.Admission.admit

    def admit(self: Any, row: Any) -> Any:
        made = original(self, row)
        admitted.append(made.sample.row_id)
        return made

    monkeypatch.setattr(reading.Admission, "admit", admit)
    with PlanBook(tmp_path / "plan.db", "one") as book:
        plan_in(book, manifest)
        assert book.count(END) == 30
    assert [int(name) for name in admitted] == list(range(21, 31))


def test_a_wave_that_is_broken_off_leaves_nothing(tmp_path):
    manifest = make_manifest(table(write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(12)])))
    with PlanBook(":memory:", "") as book, planning(book, manifest) as planner:
        planner.advance()
        asked = iter([True, True, False])
        with pytest.raises(Stopped):
            planner.advance(lambda: next(asked))
        assert book.count(END) == WAVE
        while not planner.done:
            planner.advance()
        assert trajectories(book) == whole(manifest)


def test_a_wave_of_bad_rows_alone_is_a_wave(tmp_path):
    rows: list[Any] = [{"prompt": "" if n < WAVE else f"p {n}"} for n in range(WAVE + 3)]
    done = whole(make_manifest(table(write_jsonl(tmp_path / "s.jsonl", rows))))
    assert [t.status for t in done] == ["failed"] * WAVE + ["climbing"] * 3


def test_one_id_in_two_waves_is_found(tmp_path):
    rows = [{"prompt": f"p {n}", "name": "same" if n in (1, 13) else str(n)} for n in range(15)]
    done = whole(make_manifest(table(write_jsonl(tmp_path / "s.jsonl", rows), id="{name}")))
    (failed,) = [t for t in done if t.status == "failed"]
    assert failed.sample.row_id == "row:14"
    assert "'same' is taken by row 2" in (failed.detail or "")


def test_a_source_that_changes_under_the_plan_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(12)])
    with PlanBook(":memory:", "") as book:
        plan_in(book, make_manifest(table(path)), steps=1)
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:7]))
        with pytest.raises(ManifestError, match="its files changed after a part of them was planned; put back"):
            plan_in(book, make_manifest(table(path)))


def test_an_image_that_is_gone_from_the_store_is_read_again(tmp_path):
    def picture(n: int) -> str:
        return f"data:;base64,{base64.b64encode(encode_image(colour=(n, 0, 0))).decode()}"

    path = write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}", "i": picture(n)} for n in range(7)])
    manifest = make_manifest(table(path, columns={"references": "i"}))
    store = ImageStore(str(tmp_path / "store"))
    with PlanBook(tmp_path / "plan.db", "one") as book, planning(book, manifest, store=store) as planner:
        planner.advance()
        before = trajectories(book)
    shutil.rmtree(tmp_path / "store")
    with PlanBook(tmp_path / "plan.db", "one") as book, planning(book, manifest, store=store) as planner:
        planner.restore(t.sample for t in before)
        assert trajectories(book) == before
        assert all(store.has(t.sample.references[0].sha256) for t in before)
        path.write_bytes(path.read_bytes().replace(picture(2).encode(), picture(9).encode()))
        store_path = Path(store.path(next(t for t in before if t.sample.row_id == "3").sample.references[0].sha256))
        store_path.unlink()
        with pytest.raises(ManifestError, match="an image of row 3 is gone from the store"):
            planner.restore(t.sample for t in before)


def test_a_plan_of_another_manifest_or_a_damaged_one_is_made_again(tmp_path):
    manifest = make_manifest(table(write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(12)])))
    path = tmp_path / "plan.db"
    with PlanBook(path, "one") as book:
        plan_in(book, manifest, steps=1)
    with PlanBook(path, "other") as book:
        assert book.count(END) == 0
        plan_in(book, manifest)
    path.write_bytes(b"no database at all" * 100)
    with PlanBook(path, "other") as book:
        plan_in(book, manifest)
        assert trajectories(book) == whole(manifest)


def test_a_plan_is_complete_wave_by_wave_on_disk(tmp_path):
    manifest = make_manifest(table(write_jsonl(tmp_path / "s.jsonl", [{"prompt": f"p {n}"} for n in range(12)])))
    with PlanBook(tmp_path / "plan.db", "one") as book:
        plan_in(book, manifest, steps=1)
        with sqlite3.connect(tmp_path / "plan.db") as other:  # as another process sees it
            (state,) = (json.loads(row[0]) for row in other.execute("SELECT state FROM sources"))
            assert state["rows"] == other.execute("SELECT count(*) FROM planned").fetchone()[0] == WAVE


def test_screens_and_leak_bridges_leave_rows_out_whatever_the_waves(tmp_path):
    rows = [{"prompt": f"p {n % 9}"} for n in range(23)]
    source = table(write_jsonl(tmp_path / "s.jsonl", rows))
    manifest = make_manifest(source, screens={"duplicates": {"exact": True}})
    assert sorted(int(t.sample.row_id) for t in whole(manifest)) == list(range(1, 10))
    with PlanBook(tmp_path / "plan.db", "one") as book, planning(book, manifest, folder=tmp_path) as planner:
        planner.advance()
        asked = iter([True] * 3)
        with pytest.raises(StopIteration):  # broken off in the middle of a wave
            planner.advance(lambda: next(asked))
    with PlanBook(tmp_path / "plan.db", "one") as book, planning(book, manifest, folder=tmp_path) as planner:
        while not planner.done:
            planner.advance()
        assert trajectories(book) == whole(manifest)
        assert planner.left_out() == {"duplicate": 14}
