"""Where the money went: every dollar is somebody's, and the page tells it."""

import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.views.report import report
from pipeline.views.tables.ledger import ledger
from pipeline.views.tables.reading import Reading, read
from pipeline.views.tables.rows import rows
from tests.views.made_build import Build
from tests.views.made_calls import LEDGER
from tests.views.page import Page


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Build(tmp_path_factory.mktemp("paid") / "demo", side=16, contrary=0.1)
    return made.fill(80).write(ledger=True, image_usd=0.125)


@pytest.fixture(scope="module")
def reading(paid: Path) -> Reading:
    return read(paid)


def charged(reading: Reading) -> float:
    assert reading.money is not None
    table = {row["key"]: row for row in rows(reading.money.by_mode())}
    return float(table["all"]["charged"] * table["all"]["accepted"] + table["rl"]["own"] * table["rl"]["accepted"])


def test_the_accepted_carry_every_dollar_but_those_of_rl_prompts(reading: Reading) -> None:
    assert reading.money is not None
    images = sum(n for (*_, medium), n in reading.calls.made.items() if medium == "image")
    assert reading.money.total == pytest.approx(0.125 * images) == pytest.approx(charged(reading))
    assert reading.money.unplaced == pytest.approx(0)
    table = {row["key"]: row for row in rows(reading.money.by_mode())}
    calls = {row["key"]: row for row in rows(reading.calls.by_mode())}
    for mode in ("direct", "reflection", "multistep"):
        assert table[mode]["own"] == pytest.approx(0.125 * calls[mode]["images"])


def test_what_no_sample_answers_for_is_charged_to_all(paid: Path, tmp_path: Path) -> None:
    there = pq.read_table(paid / "ledger.parquet")
    more = there.slice(0, 1).to_pylist()[0] | {"call_key": "asked again", "usd": 5.0}
    for name in ("record", "run.json", "store"):
        (tmp_path / name).symlink_to(paid / name)
    pq.write_table(pa.concat_tables([there, pa.Table.from_pylist([more], schema=LEDGER)]), tmp_path / "ledger.parquet")
    found = read(tmp_path)
    assert found.money is not None
    assert found.money.unplaced == pytest.approx(5)
    assert charged(found) == pytest.approx(found.money.total)


def test_every_try_of_a_call_is_paid(paid: Path, tmp_path: Path) -> None:
    there = pq.read_table(paid / "ledger.parquet").to_pandas()
    for name in ("record", "run.json", "store"):
        (tmp_path / name).symlink_to(paid / name)
    twice = pd.concat([there, there.assign(**{"try": 9, "outcome": "TimedOut"})])
    pq.write_table(pa.Table.from_pandas(twice, LEDGER), tmp_path / "ledger.parquet")
    found, once = read(tmp_path).money, read(paid).money
    assert found is not None
    assert once is not None
    assert found.total == pytest.approx(2 * once.total)
    assert found.unplaced == pytest.approx(0)


def test_the_ledger_tells_who_was_asked(paid: Path) -> None:
    told = ledger(paid)
    assert told is not None
    asked = {(r["role"], r["model"], r["provider"]): r for r in rows(told.asked)}
    assert ("generator", "generator@1", "gateway") in asked
    assert ("analyzer", "analyzer@1", "ours") in asked
    assert sum(row["calls"] for row in asked.values()) == told.table["calls"].iloc[-1]
    assert asked["generator", "generator@1", "gateway"]["usd"] > 0
    assert math.isnan(asked["analyzer", "analyzer@1", "ours"]["usd"])


def test_a_ledger_of_an_older_version_names_no_provider(paid: Path, tmp_path: Path) -> None:
    pq.write_table(pq.read_table(paid / "ledger.parquet").drop_columns(["provider"]), tmp_path / "ledger.parquet")
    told = ledger(tmp_path)
    assert told is not None
    assert set(told.asked.index.get_level_values("provider")) == {""}


def test_the_page_tells_money_by_mode_and_by_provider(paid: Path, build: Path) -> None:
    page = Page(report(paid).read_text(encoding="utf-8"))
    for words in ("What an accepted sample cost", "Who was asked", "gateway", "US $ each"):
        assert words in page.text
    assert "What an accepted sample cost" not in Page(report(build).read_text(encoding="utf-8")).text
