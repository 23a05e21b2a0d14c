"""Climb samples of the world in this process: the real rungs, prompts and models over a process pool, without Ray.

In: a manifest with the world as its one source, a number of samples, a writer. Out: rows as `record/` holds them, the truth
about them, and their calls. Runs on the same bench share the pictures of their samples and the findings about images.
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

from pipeline.backends.world.oracle.truth import Finding
from pipeline.backends.world.source import WorldSpec
from pipeline.backends.world.words.writer import Writer, plain
from pipeline.manifest.file import load
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.models import accesses, build, models_of
from pipeline.output.record import Recorded
from pipeline.output.truth_figures import Counting, TruthFigures, judged_images
from pipeline.output.truth_rows import look
from pipeline.planning import world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.views.story import story_of
from pipeline.views.tables.calls import Calls
from pipeline.workers import process_pool
from stages.calls import Models
from stages.ladder import climb_all
from stages.protocols import ImageReply, ImageRequest, Model, ScoreReply, ScoreRequest, TextReply, TextRequest
from stages.prune import prune
from stages.records import Mode
from stages.rung import Recipe
from stages.trajectory import Trajectory

MANIFEST = "manifests/demo.yaml"
_AT_ONCE = 4  # samples in one job of a process


@dataclass(frozen=True)
class ClimbResult:
    """The results of one run: the rows of its samples, the modes of its ladder, the truth about them, and their calls."""

    rows: Sequence[Recorded]
    modes: Sequence[Mode]
    figures: TruthFigures
    calls: Calls
    findings: Sequence[dict[str, Finding]]

    @property
    def ends(self) -> Counter[str]:
        """How many samples ended in each mode, or discarded, or failed."""
        return Counter(row.trajectory.mode or row.trajectory.status for row in self.rows)

    @property
    def accepted(self) -> int:
        """How many samples were accepted."""
        return sum(self.ends[mode] for mode in self.modes)

    def per_accepted(self, medium: str) -> float:
        """Calls for an "image" or a "text" per accepted sample, with those of lost samples; NaN when none is accepted."""
        calls = sum(n for (*_, kind), n in self.calls.made.items() if kind == medium)
        return calls / self.accepted if self.accepted else float("nan")


@dataclass(frozen=True)
class Slotted:
    """A model whose calls each hold one of `slots`. It counts nothing: calls are counted from the record."""

    model: Model
    slots: asyncio.Semaphore

    @property
    def identity(self) -> str:
        """The identity of the wrapped model."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of the wrapped model, after waiting for a slot."""
        async with self.slots:
            return await self.model.ask(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The image of the wrapped model, after waiting for a slot."""
        async with self.slots:
            return await self.model.draw(request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The score of the wrapped model, after waiting for a slot."""
        async with self.slots:
            return await self.model.score(request)


@dataclass
class Bench:
    """A store and a pool in which samples are made and climb, and the findings about images so far."""

    store: ImageStore
    pool: ProcessPoolExecutor
    _findings: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def make_samples(self, spec: WorldSpec, seed: int, writer: Writer = plain) -> list[world_rows.Made]:
        """Make the samples of a source, worded by `writer`, with their truths."""
        return list(world_rows.read(spec, seed, self.store, os.cpu_count() or 1, writer))

    def climb(self, manifest: Manifest, samples: Sequence[world_rows.Made]) -> ClimbResult:
        """Take all samples through the ladder of `manifest`. Raises stages.errors.EngineDead."""
        trajectories = asyncio.run(self._climb(manifest, samples))
        rows = [Recorded(t, _fate(t)) for t in trajectories]
        findings = self._inspect(rows, {sample.id: truth.truth for sample, truth in samples})
        counting, calls = Counting(manifest.recipe), Calls(manifest.recipe.modes)
        for row, findings_of_row in zip(rows, findings, strict=True):
            counting.add(row, findings_of_row)
            calls.add(story_of(row, manifest.recipe))
        return ClimbResult(rows, manifest.recipe.modes, counting.figures(), calls, findings)

    async def _climb(self, manifest: Manifest, samples: Sequence[world_rows.Made]) -> list[Trajectory]:
        slots = asyncio.Semaphore(manifest.run.concurrency)

        def model(_: str, spec: ModelSpec) -> Model:
            (at,) = accesses(manifest, spec)
            return Slotted(build(at, self.store, self.pool), slots)

        prompts = load_prompts(manifest.recipe, kits=manifest.models.kits.values())
        models = models_of(manifest, prompts, self.store, model)
        todo = [Trajectory(sample, n) for n, (sample, _) in enumerate(samples)]
        return await asyncio.gather(*(_ladder(t, models, manifest.recipe) for t in todo))

    def _inspect(self, rows: Sequence[Recorded], truths: dict[str, str]) -> list[dict[str, Finding]]:
        """For each row the finding about each of its judged images; an image is inspected only once."""
        judged = [tuple(dict.fromkeys(judged_images(row))) for row in rows]
        jobs = [
            (
                truths[row.trajectory.sample.id],
                tuple(i for i in images if (row.trajectory.sample.id, i) not in self._findings),
            )
            for row, images in zip(rows, judged, strict=True)
        ]
        for row, findings_of_row in zip(
            rows, self.pool.map(partial(look, self.store), jobs, chunksize=_AT_ONCE), strict=True
        ):
            self._findings |= {(row.trajectory.sample.id, image): finding for image, finding in findings_of_row.items()}
        return [
            {i: self._findings[row.trajectory.sample.id, i] for i in images}
            for row, images in zip(rows, judged, strict=True)
        ]


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench in a temporary folder, which is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder, process_pool(os.cpu_count() or 1) as pool:
        yield Bench(ImageStore(str(Path(folder) / "store")), pool)


def world_of(count: int, *overrides: str) -> tuple[Manifest, WorldSpec]:
    """The demo's manifest with `KEY=VALUE` overrides, and its world source with `count` samples."""
    manifest = load(MANIFEST, list(overrides))
    spec = next(source for source in manifest.sources if isinstance(source, WorldSpec))
    return manifest, spec.model_copy(update={"count": count})


async def _ladder(t: Trajectory, models: Models, recipe: Recipe) -> Trajectory:
    return prune(await climb_all(t, recipe, models), recipe)


def _fate(t: Trajectory) -> Any:
    return "kept" if t.status == "accepted" else t.status
