"""World sources: the same samples and truth at any number of workers, and a truth file of constant bytes."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.backends.world.source import WorldSpec
from pipeline.planning import world_rows
from pipeline.planning.truth import TruthRow, write_truth
from pipeline.storage.image_store import ImageStore

from .tables import make_manifest, make_plan


def test_world_rows_do_not_depend_on_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_rows, "POOL_FROM", 1)
    (spec,) = make_manifest({"kind": "world", "name": "w", "count": 130}).sources
    assert isinstance(spec, WorldSpec)
    alone = list(world_rows.read(spec, 3, ImageStore(str(tmp_path / "a")), 1))
    pooled = list(world_rows.read(spec, 3, ImageStore(str(tmp_path / "b")), 2))
    assert alone == pooled
    assert len(alone) == 130
    images = 0
    for sample, truth in alone[:50]:
        assert sample.checker.style == "objects"
        assert truth.id == sample.id
        for image in sample.references:
            images += 1
            assert ImageStore(str(tmp_path / "a")).get(image.sha256) == ImageStore(str(tmp_path / "b")).get(
                image.sha256
            )
    assert images > 40
    assert {len(sample.references) for sample, _ in alone} == {0, 1, 2, 3}
    assert {sample.task for sample, _ in alone if len(sample.references) > 1} == {"compose"}
    assert all(("consistency" in sample.applicable_axes) == bool(sample.references) for sample, _ in alone)


def test_a_plan_holds_the_truth_beside_the_trajectories(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, {"kind": "world", "name": "w", "count": 20}, seed=5)
    assert {t.sample.id for t in plan.trajectories} == {row.id for row in plan.truth}
    assert len(plan.truth) == 20
    other = make_plan(tmp_path, {"kind": "world", "name": "w", "count": 20}, seed=6)
    assert not {row.id for row in plan.truth} & {row.id for row in other.truth}


def test_truth_is_written_in_order_of_id(tmp_path: Path) -> None:
    rows = [
        TruthRow(f"{n:02d}", n, n % 2 == 0, "prompt_too_complex" if n else None, json.dumps({"n": n})) for n in range(9)
    ]
    write_truth(rows, tmp_path / "a.parquet")
    write_truth(reversed(rows), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert [TruthRow(**row) for row in pq.read_table(tmp_path / "a.parquet").to_pylist()] == rows
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]
