"""The fingerprint changes with all that can change a row, and with nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint, resolved
from pipeline.manifest.spec import Manifest

TEXT = """\
name: demo
models:
  baseline: {model: world-baseline}
  generator: {model: world-generator}
  analyzer: {model: world-analyzer}
sources:
- {kind: world, name: world, count: 24}
- {kind: jsonl, name: t, path: data/t.jsonl, columns: {instruction: prompt}, images: {root: data}}
"""
PROMPTS = {"evaluate.j2": "aa"}


def folder(path: Path) -> Path:
    (path / "data").mkdir(parents=True)
    (path / "data" / "t.jsonl").write_text('{"prompt": "x", "alt": "y"}\n')
    (path / "m.yaml").write_text(TEXT)
    return path / "m.yaml"


@pytest.mark.parametrize(
    "override",
    [
        "name=other",
        "quotas.direct=3",
        "quotas.rl=3",
        "run.concurrency=2",
        "run.blocks=7",
        "run.store=/x",
        "run.workers=1",
    ],
)
def test_where_and_how_many_do_not_count(tmp_path: Path, override: str) -> None:
    path = folder(tmp_path / "a")
    assert fingerprint(load(path, [override]), PROMPTS) == fingerprint(load(path), PROMPTS)


def test_moving_files_does_not_count(tmp_path: Path) -> None:
    path = folder(tmp_path / "a")
    before = fingerprint(load(path), PROMPTS)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.move(tmp_path / "b" / "data", tmp_path / "b" / "elsewhere")
    moved = load(tmp_path / "b" / "m.yaml", ["sources.t.path=elsewhere/t.jsonl", "sources.t.images.root=elsewhere"])
    assert fingerprint(moved, PROMPTS) == before


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "policy.reflection_rounds=2",
        "policy.thresholds.quality=4",
        "policy.final_check=false",
        "policy.judging.judgements=9",
        "policy.judging.confirm=pass",
        "policy.judging.stop_early=false",
        "splits.rl=0.2",
        "splits.rl_climb=none",
        "output.image.size=256",
        "output.image.encoding=webp:90",
        "output.dialect=think",
        "output.licence=MIT",
        "output.shard_bytes=100000",
        "output.row_group_rows=10",
        "models.baseline.model=world-generator",
        "models.analyzer.revision='2'",
        "models.analyzer.options.error_rate=0.5",
        "sources.world.count=25",
        "sources.world.name=w",
        "sources.world.exotic=0.2",
        "sources.t.columns.instruction=alt",
        "sources.t.columns.category=alt",
        "sources.t.id='{alt}'",
        "sources.t.licence=MIT",
        "sources.t.max_pixels=1000",
        "sources.t.limit=1",
        "sources.t.images.path='{alt}/{image}'",
        "sources.t.images=null",
    ],
)
def test_all_else_counts(tmp_path: Path, override: str) -> None:
    path = folder(tmp_path / "a")
    assert fingerprint(load(path, [override]), PROMPTS) != fingerprint(load(path), PROMPTS)


def test_a_second_judge_counts(tmp_path: Path) -> None:
    path = folder(tmp_path / "a")
    judging = ["policy.judging.second=margin", "models.second_analyzer={model: world-analyzer}"]
    prints = {
        fingerprint(load(path, [*judging, *more]), PROMPTS)
        for more in ([], ["policy.judging.second=always"], ["models.second_analyzer.revision='2'"])
    }
    assert len(prints | {fingerprint(load(path), PROMPTS)}) == 4


def test_source_files_and_prompts_count(tmp_path: Path) -> None:
    manifest = load(folder(tmp_path / "a"))
    before = fingerprint(manifest, PROMPTS)
    assert fingerprint(manifest, {"evaluate.j2": "ab"}) != before
    assert fingerprint(manifest, {}) != before
    assert fingerprint(manifest, dict(PROMPTS)) == before
    (tmp_path / "a" / "data" / "t.jsonl").write_text('{"prompt": "x", "alt": "z"}\n')
    assert fingerprint(manifest, PROMPTS) != before


def test_the_resolved_manifest_is_plain_data_that_makes_the_same_manifest(tmp_path: Path) -> None:
    manifest = load(folder(tmp_path / "a"), ["quotas.direct=3"])
    plain = json.loads(json.dumps(resolved(manifest)))
    assert plain == resolved(manifest)
    assert plain["policy"]["reflection_rounds"] == 3
    assert Manifest.model_validate(plain) == manifest


def test_a_database_password_is_not_resolved(tmp_path: Path) -> None:
    manifest = load(folder(tmp_path), ["run.database=postgresql://me:s3cret@db/x"])
    assert resolved(manifest)["run"]["database"] == "postgresql://me:***@db/x"
