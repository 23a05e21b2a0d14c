"""Climbs samples of the world in this process: the real rungs, prompts and models over a process pool, without Ray.

In: a manifest whose one source is the world, how many samples, who words them. Out: rows as `record/` holds them, what is true of
them, and what they took in calls. Runs on the same bench share their samples' pictures and what is known of images.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import prompts.catalogue
from pipeline.backends.world.oracle.truth import Finding
from pipeline.backends.world.source import WorldSpec
from pipeline.backends.world.words.writer import Writer, plain
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.models import accesses, build, models_of
from pipeline.output import record
from pipeline.output.frame import Unit
from pipeline.output.truth_figures import Counting, TruthFigures, judged_images
from pipeline.output.truth_rows import look
from pipeline.planning import world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.views.stories import Story
from pipeline.views.tables.calls import Calls
from pipeline.workers import process_pool
from stages.calls import Models
from stages.ladder import RUNGS, climb
from stages.policy import Policy
from stages.protocols import ImageReply, ImageRequest, Model, Role, TextReply, TextRequest
from stages.prune import prune
from stages.records import MODES, Trajectory

MANIFEST = "manifests/demo.yaml"
_AT_ONCE = 4  # samples a process looks at at a time

Row = dict[str, Any]


@dataclass(frozen=True)
class Climbed:
    """What became of the samples of one run: their rows, the truth about them, and their calls."""

    rows: Sequence[Row]
    figures: TruthFigures
    calls: Calls
    findings: Sequence[dict[str, Finding]]

    @property
    def ends(self) -> Counter[str]:
        """How many samples ended in each mode, or discarded, or failed."""
        return Counter(row["mode"] or row["status"] for row in self.rows)

    @property
    def accepted(self) -> int:
        """How many samples were accepted."""
        return sum(self.ends[mode] for mode in MODES)

    def per_accepted(self, medium: str) -> float:
        """Calls for an "image" or a "text" per accepted sample; those of lost samples are charged, too. NaN without any."""
        made = sum(n for (*_, kind), n in self.calls.made.items() if kind == medium)
        return made / self.accepted if self.accepted else float("nan")


@dataclass(frozen=True)
class Slotted:
    """A model with one of `slots` for each call. What is counted is read off the record."""

    model: Model
    slots: asyncio.Semaphore

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind, once there is a slot."""
        async with self.slots:
            return await self.model.ask(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind, once there is a slot."""
        async with self.slots:
            return await self.model.draw(request)


@dataclass
class Bench:
    """Where samples are made and climb: a store, a pool, and all that is known of images so far."""

    store: ImageStore
    pool: ProcessPoolExecutor
    _known: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def made(self, spec: WorldSpec, seed: int, writer: Writer = plain) -> list[world_rows.Made]:
        """The samples of a source with their truths, worded by `writer`."""
        return list(world_rows.read(spec, seed, self.store, os.cpu_count() or 1, writer))

    def climb(self, manifest: Manifest, made: Sequence[world_rows.Made]) -> Climbed:
        """All samples taken through the ladder of `manifest`. Raises stages.errors.EngineDead."""
        done = asyncio.run(self._climb(manifest, made))
        rows = [record.row(Unit(t.sample.id, t, _fate(t))) for t in done]
        findings = self._looked(rows, {sample.id: truth.truth for sample, truth in made})
        counting, calls = Counting(), Calls()
        for row, found in zip(rows, findings, strict=True):
            counting.add(row, found)
            calls.add(Story(row))
        return Climbed(rows, counting.figures(), calls, findings)

    async def _climb(self, manifest: Manifest, made: Sequence[world_rows.Made]) -> list[Trajectory]:
        slots = asyncio.Semaphore(manifest.run.concurrency)

        def model(_: Role, spec: ModelSpec) -> Model:
            (at,) = accesses(manifest, spec)
            return Slotted(build(at, self.store, self.pool), slots)

        models = models_of(manifest, prompts.catalogue.load(), model)
        todo = [Trajectory(sample, n) for n, (sample, _) in enumerate(made)]
        return await asyncio.gather(*(_ladder(t, models, manifest.policy) for t in todo))

    def _looked(self, rows: Sequence[Row], truths: dict[str, str]) -> list[dict[str, Finding]]:
        """For each row what is truly wrong with its images; what is known already is not looked at again."""
        wanted = [tuple(dict.fromkeys(judged_images(row))) for row in rows]
        jobs = [
            (truths[row["id"]], tuple(i for i in images if (row["id"], i) not in self._known))
            for row, images in zip(rows, wanted, strict=True)
        ]
        for row, found in zip(rows, self.pool.map(partial(look, self.store), jobs, chunksize=_AT_ONCE), strict=True):
            self._known |= {(row["id"], image): finding for image, finding in found.items()}
        return [{i: self._known[row["id"], i] for i in images} for row, images in zip(rows, wanted, strict=True)]


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench in a folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, process_pool(os.cpu_count() or 1) as pool:
        yield Bench(ImageStore(str(Path(folder) / "store")), pool)


def world_of(count: int, *overrides: str) -> tuple[Manifest, WorldSpec]:
    """The demo's manifest with `KEY=VALUE` overrides, and its world source with so many samples."""
    manifest = load(MANIFEST, list(overrides))
    spec = next(source for source in manifest.sources if isinstance(source, WorldSpec))
    return manifest, spec.model_copy(update={"count": count})


async def _ladder(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    for rung in RUNGS:
        t = await climb(t, rung, models, policy)
    return prune(t)


def _fate(t: Trajectory) -> Any:
    return "kept" if t.status == "accepted" else t.status
