"""A fifth of all answers is a fault, and every sample ends as foreseen: none is lost, none passes without a verdict."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import prompts.catalogue
from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.server.app import app
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest
from pipeline.output import record
from pipeline.output.frame import Unit
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from pipeline.workers import process_pool
from stages.calls import Models
from stages.prune import prune
from stages.trajectory import Trajectory
from tests.backends.world.alike import climbed, nobodys_row
from tests.backends.world.test_over_http import CHAT, OVER_HTTP
from tests.faults.building import build
from tests.faults.foresight import ForeseenModel
from tests.faults.server import Faulty
from tests.faults.table import LASTING, MOST_PASSING, PASSING, Story, Table
from tests.pipeline.test_build import x2i
from tests.serving import serving

CPUS = os.cpu_count() or 1
SETTINGS = {
    "providers.world.timeout_s": 15,  # an honest answer of a busy machine is no fault
    "models.generator.options": CHAT,
    "run.concurrency": 16,
    "run.retries": MOST_PASSING + 1,
    "run.retry_deadline_s": 600,
    "run.max_failed": 1,
}
KINDS = {*PASSING, *(kind for kinds in LASTING.values() for kind in kinds)}


def test_a_few_samples(tmp_path, monkeypatch):
    played = build_and_compare(24, Table(1), tmp_path, monkeypatch)
    assert len(played) > len(KINDS) // 2


@pytest.mark.slow
def test_a_thousand_samples(tmp_path, monkeypatch):
    assert set(build_and_compare(1000, Table(2), tmp_path, monkeypatch)) == KINDS


def build_and_compare(count: int, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Build over HTTP against a server with those faults, and compare the output with what was foreseen; returns the faults."""
    out = tmp_path / "out"
    settings = [f"{key}={value}" for key, value in (SETTINGS | {"sources.0.count": count}).items()]
    faulty = Faulty(app(CPUS), table)
    with serving(faulty) as url:
        build(out, url, settings)
        monkeypatch.setenv("X2I_BASE_URL", f"{url}/v1")
        manifest = load(OVER_HTTP, settings)
    expected, stories = foresee(manifest, table, ImageStore(str(tmp_path / "foreseen")))
    rows = {row["id"]: row for row in pq.read_table(out / "record").to_pylist()}
    assert set(rows) == {t.sample.id for t in expected}
    for t in expected:
        compare(rows[t.sample.id], record.row(Unit(t.sample.id, t, _fate(t))))
    ends = Counter((t.mode or t.status, t.reason) for t in expected)
    print(f"{count} samples, {faulty.attempts.total()} requests, faults {dict(faulty.faults)}, ends {dict(ends)}")
    assert {"direct", "reflection", "multistep", "malformed", "refused", "transport"} <= {
        n for end in ends for n in end
    }
    assert set(faulty.attempts) == set(stories)
    check_calls(pq.read_table(out / "ledger.parquet").to_pylist(), rows.values(), faulty, stories)
    assert "no problems found" in x2i("verify", out).stdout
    return faulty.faults


def foresee(manifest: Manifest, table: Table, store: ImageStore) -> tuple[list[Trajectory], dict[str, Story]]:
    """The trajectories of all samples, and the stories of all requests on their way."""
    planned = plan(manifest, store, 1).trajectories
    with process_pool(CPUS) as pool:
        made = {
            role: ForeseenModel(s.model, WorldModel(s.model, s.revision, {}, store, pool), table, "images" in s.options)
            for role, s in manifest.models
        }
        models = Models(
            **made,
            prompts=prompts.catalogue.load(),
            seed=manifest.seed,
            kits={},
            comparer=StoreComparer(store),
            speech=manifest.recipe.speech,
            generators={},
            chosen=manifest.recipe.generator_at,
        )
        done = asyncio.run(climbed(planned, models, manifest.policy))
    stories = {name: story for model in made.values() for name, story in model.stories.items()}
    return [prune(t, manifest.recipe) for t in done], stories


def _fate(t: Trajectory) -> Any:
    return "kept" if t.status == "accepted" else t.status


def compare(row: dict[str, Any], expected: dict[str, Any]) -> None:
    """Check that both rows are equal, but for the wording of a failure."""
    if row["status"] == "failed":
        row, expected = row | {"detail": None}, expected | {"detail": None}
    row, expected = nobodys_row(row), nobodys_row(expected)
    assert list(row) == list(expected)
    for name, value in expected.items():
        assert row[name] == value, (row["id"], name)


def check_calls(ledger: list[dict[str, Any]], rows: Any, faulty: Faulty, stories: dict[str, Story]) -> None:
    """Check that every request is in the ledger, every verdict comes from an answer, and no answer was asked for again."""
    assert len(ledger) == faulty.attempts.total()
    answered = {call["call_key"] for call in ledger if call["outcome"] == "ok"}
    for row in rows:
        verdicts = [json.loads(e["payload"]) | e for e in row["events"] if e["kind"] == "evaluation"]
        # what failed by rule has no call
        keys = [j["call_key"] for v in verdicts if not v["unchanged"] for j in v["judgements"] or [v]]
        assert set(keys) <= answered
        if row["status"] == "kept" and row["climb"] != "direct":
            assert all(axis["passed"] for axis in verdicts[-1]["axes"])
            assert len(verdicts[-1]["axes"]) == len(row["applicable_axes"])
    hurried = sum(call["outcome"] == "TimedOut" for call in ledger) - faulty.faults["hang"]  # slow, not hanging
    again = sum(n - 1 for name, n in faulty.ends.items() if not stories[name].cursed)
    assert again <= hurried
