"""A finished output, made once: every mode, fate and split, with small byte targets so that there are many shards."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.manifest.spec import Manifest
from pipeline.output.finalise import finalise
from pipeline.output.run_json import RunSummary
from pipeline.storage.image_store import ImageStore
from stages.trajectory import Trajectory
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest


@dataclass(frozen=True)
class Built:
    out: Path
    outcomes: list[Trajectory]
    manifest: Manifest
    store: ImageStore
    summary: RunSummary

    def again(self, out: Path, outcomes: list[Trajectory] | None = None, workers: int = 1, **sections) -> RunSummary:
        chosen = manifest(**sections) if sections else self.manifest
        given = self.outcomes if outcomes is None else outcomes
        return finalise(given, chosen, self.store, out, PROMPTS, FINGERPRINT, IDENTITIES, workers)


def built(out: Path, blocks: int, **sections) -> Built:
    maker = Maker(ImageStore(str(out / "store")))
    outcomes = maker.everything(blocks)
    chosen = manifest(**sections)
    summary = finalise(outcomes, chosen, maker.store, out, PROMPTS, FINGERPRINT, IDENTITIES, 2)
    return Built(out, outcomes, chosen, maker.store, summary)


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Built:
    """Six of everything, in at least five shards of three row groups."""
    output = {"image": {"size": 64}, "row_group_bytes": 70_000, "shard_bytes": 220_000}
    return built(tmp_path_factory.mktemp("many"), 6, output=output)


@pytest.fixture(scope="session")
def few(tmp_path_factory) -> Built:
    """One of everything: to be copied and broken."""
    return built(tmp_path_factory.mktemp("few"), 1, output={"image": {"size": 32}})
