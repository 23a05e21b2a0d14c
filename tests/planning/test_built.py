"""Builds of several waves, for real: the same bytes at any width and after a kill, and no more is read than the quotas need."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.pipeline.test_build import DEMO, ROOT, hash_files, kill_half_way

pytestmark = pytest.mark.slow
# waves of a few rows, and none is read before it is needed
SMALL_WAVES = (
    "from functools import partial; import pipeline.climbing.plan as plan, pipeline.run.feeder as feeder, pipeline.cli; "
    "plan.Planner, feeder.AHEAD_ROWS = partial(plan.Planner, wave_rows=8), 4; pipeline.cli.app()"
)
SIZES = ["--set", "sources.0.size=96", "--set", "output.image.size=96"]
QUOTAS = ["--set", "sources.0.count=400", "--set", "quotas={direct: 9, reflection: 5, multistep: 3, rl: 1}"]
TARGETS = [
    *("--set", "sources.0.count=400", "--set", "splits.rl=0"),
    *(
        "--set",
        "quotas={direct: 8, reflection: 5, multistep: 4, rl: 0}",
        "--set",
        "targets.categories={count: 3, text: 2}",
    ),
]


def command(out: Path, *words: str) -> list[str]:
    return [sys.executable, "-c", SMALL_WAVES, "build", str(DEMO), "--out", str(out), *SIZES, *words]


def build(out: Path, *words: str) -> str:
    done = subprocess.run(command(out, *words), cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows_read(out: Path) -> int:
    with sqlite3.connect(out / "plan.db") as plan:
        return sum(int(json.loads(row[0])["rows"]) for row in plan.execute("SELECT state FROM sources"))


def kept(out: Path) -> dict[str, tuple[str, str]]:
    rows = pq.read_table(out / "record", columns=["id", "status", "mode", "category"]).to_pylist()
    return {row["id"]: (row["mode"], row["category"]) for row in rows if row["status"] == "kept"}


@pytest.mark.parametrize("words", [QUOTAS, TARGETS], ids=["quotas", "targets"])
def test_waves_and_rounds_are_the_same_bytes_at_any_width_and_after_a_kill(words, tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    build(straight, *words, "--set", "run.concurrency=24")
    assert 8 < rows_read(straight) < 400
    kill_half_way(command(killed, *words, "--set", "run.concurrency=5", "--set", "run.blocks=2"), killed)
    assert "Going on" in build(killed, *words)
    assert hash_files(killed) == hash_files(straight)
    verified = subprocess.run(
        [sys.executable, "-m", "pipeline", "verify", str(straight)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert "no problems found" in verified.stdout, verified.stdout


def test_targets_are_met_exactly_and_larger_ones_keep_every_row(tmp_path):
    out = tmp_path / "out"
    build(out, *TARGETS)
    before = kept(out)
    assert Counter(mode for mode, _ in before.values()) == {"direct": 8, "reflection": 5, "multistep": 4}
    categories = Counter(category for _, category in before.values())
    assert categories["count"] >= 3
    assert categories["text"] >= 2
    more = [
        "--set",
        "quotas={direct: 10, reflection: 7, multistep: 5, rl: 0}",
        "--set",
        "targets.categories={count: 4, text: 3}",
    ]
    build(out, *TARGETS, *more)
    after = kept(out)
    assert before.items() <= after.items()
    assert Counter(mode for mode, _ in after.values()) == {"direct": 10, "reflection": 7, "multistep": 5}
