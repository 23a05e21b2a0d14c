"""The demo over HTTP is the demo: the same samples, seeds, images, words and verdicts, but for who made them."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import prompts.catalogue
from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.server.app import app
from pipeline.manifest.file import load
from pipeline.manifest.forms import PRODUCTS
from pipeline.manifest.spec import Manifest
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from pipeline.workers import process_pool
from stages.calls import Models
from stages.trajectory import Trajectory
from tests.backends.world.alike import climbed, nobodys, nobodys_row
from tests.pipeline.test_build import x2i
from tests.serving import serving

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "manifests" / "demo.yaml"
OVER_HTTP = ROOT / "manifests" / "world-over-http.yaml"
CHAT = "{images: chat}"  # the generator answers in a chat, the baseline by the image endpoints


@pytest.fixture(scope="module")
def base_url():
    with serving(app(os.cpu_count() or 1)) as url:
        yield f"{url}/v1"


def in_process(manifest: Manifest, store: ImageStore) -> list[Trajectory]:
    with process_pool(os.cpu_count() or 1) as pool:
        backend_models = {role: WorldModel(s.model, s.revision, {}, store, pool) for role, s in manifest.models}
        models = Models(
            **backend_models,
            prompts=prompts.catalogue.load(),
            seed=manifest.seed,
            kits={},
            comparer=StoreComparer(store),
            speech=manifest.recipe.speech,
            generators={},
            chosen=manifest.recipe.generator_at,
        )
        return asyncio.run(climbed(plan(manifest, store, 1).trajectories, models, manifest.policy))


def over_http(manifest: Manifest, store: ImageStore) -> list[Trajectory]:
    provider = manifest.providers["world"]
    backend_models = {
        r: OpenAIModel(s.model, s.revision, s.options, "world", provider, store) for r, s in manifest.models
    }
    models = Models(
        **backend_models,
        prompts=prompts.catalogue.load(),
        seed=manifest.seed,
        kits={},
        comparer=StoreComparer(store),
        speech=manifest.recipe.speech,
        generators={},
        chosen=manifest.recipe.generator_at,
    )

    async def climb():
        try:
            return await climbed(plan(manifest, store, 1).trajectories, models, manifest.policy)
        finally:
            await close_clients()

    return asyncio.run(climb())


def test_trajectories_are_those_of_this_process(base_url, tmp_path, monkeypatch):
    monkeypatch.setenv("X2I_BASE_URL", base_url)
    demo = load(DEMO, ["sources.0.count=30"])
    manifest = load(OVER_HTTP, ["sources.0.count=30", f"models.generator.options={CHAT}"])
    stores = [ImageStore(str(tmp_path / name)) for name in ("here", "http")]
    trajectories = [in_process(demo, stores[0]), over_http(manifest, stores[1])]
    assert [nobodys(t) for t in trajectories[1]] == [nobodys(t) for t in trajectories[0]]
    assert {e.made_by for t in trajectories[1] for e in t.events} & {"baseline:openai/world-baseline@1"}
    ends = Counter(t.mode or t.status for t in trajectories[0])
    assert {"direct", "reflection", "multistep"} <= set(ends), ends
    images = [sorted(p.name for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("here", "http")]
    assert images[0] == images[1]


@pytest.mark.slow
def test_the_whole_demo_is_the_same_data_set(base_url, tmp_path, monkeypatch):
    monkeypatch.setenv("X2I_BASE_URL", base_url)
    outs = [tmp_path / "here", tmp_path / "http"]
    for manifest, out in zip((DEMO, OVER_HTTP), outs, strict=True):
        x2i("build", manifest, "--out", out)
        assert "no problems found" in x2i("verify", out).stdout
    for product in PRODUCTS:
        files = [sorted((out / product).rglob("*.parquet")) for out in outs]
        assert [f.name for f in files[1]] == [f.name for f in files[0]] != []
        for local, remote in zip(*files, strict=True):
            compare(pq.read_table(local).to_pylist(), pq.read_table(remote).to_pylist())
    counts = [json.loads((out / "run.json").read_text())["counts"] for out in outs]
    assert counts[1] == counts[0]


def compare(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """Column by column, so that a failure names the one that differs."""
    for number, (row, other) in enumerate(zip(rows, others, strict=True)):
        for name, value in nobodys_row(row).items():
            assert nobodys_row(other)[name] == value, (number, name)
