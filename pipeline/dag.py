"""The Ray DAG of a build: read -> direct -> reflect -> multistep -> curate, one operator a rung.

In: the samples still to climb, in rank order, and a `Job`. Out: one outcome per sample in the run's database. Rows stay tiny
(id, rank, order, trajectory as JSON); images lie in the store. Each rung actor owns an event loop on its own thread for model
calls: Ray may block the thread that runs a task whenever a later operator is slow, and calls in flight must not time out then.
`run.concurrency` is one limit over all rungs, leased from the hub. This is the only file that imports `ray.data`.
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import ray
import ray.data
import ray.exceptions

import prompts.catalogue
from pipeline.hub import HubLink, telling, why_stopped
from pipeline.manifest import Manifest
from pipeline.models import Count, Permit, compose
from pipeline.outcomes import Outcomes
from pipeline.output.cut import finished
from pipeline.store import ImageStore
from pipeline.workers import process_pool
from stages.calls import Models
from stages.ladder import climb
from stages.prune import prune
from stages.records import Trajectory, dump, load
from stages.segments import segments

BLOCK_ROWS = 16
IN_HAND = 6  # samples a rung has in hand for each call in flight: a block waits for its slowest sample
T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What every actor needs to know. `hub` is the handle of the hub actor; `window` how far feeding may run ahead."""

    manifest: Manifest
    fingerprint: str
    store: str
    database: str
    hub: Any
    workers: int
    window: int


class OwnLoop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, awaited on the loop while this thread waits."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class Rung:
    """One operator of the ladder: takes every sample of a batch through its rungs (`stages.ladder`) at once."""

    name: str
    rungs: tuple[str, ...]

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loop = OwnLoop()
        self._link = self._loop.run(self._connect())
        self._models = self.models(job, self._permit, self._count)

    async def _connect(self) -> HubLink:
        return HubLink(self._job.hub, f"{self.name}-{uuid.uuid4().hex}", self._job.window)

    def models(self, job: Job, permit: Permit, count: Count) -> Models:
        """The models of this actor: those of the manifest, drawing and looking in worker processes of their own."""
        return compose(
            job.manifest, ImageStore(job.store), process_pool(job.workers), prompts.catalogue.load(), permit, count
        )

    @asynccontextmanager
    async def _permit(self) -> AsyncIterator[None]:
        async with self._link.permits.permit():
            self._count("in_flight", 1)
            try:
                yield
            finally:
                self._count("in_flight", -1)

    def _count(self, what: str, by: int) -> None:
        self._link.count(self.name, what, by)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """A batch of rows after this operator. Raises stages.errors.EngineDead, OSError on a failed write."""
        with telling(self._job.hub):
            after = self._loop.run(self._all(batch.to_pylist()))
        return pa.Table.from_pylist(after, schema=batch.schema)

    async def _all(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        after = await asyncio.gather(*(self._one(row) for row in rows))
        await self._link.report()  # Ray may end this actor before its next report would be due
        return [row for row in after if row is not None]

    async def _one(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The row after this rung; None for a sample that was never begun because the quotas are filled without it."""
        t = load(row["trajectory"])
        if t.status != "climbing":
            return row
        if self.name == "direct" and not await self._link.may_begin(row["order"], t.rank):
            return None
        self._link.count(self.name, "samples", 1)
        for rung in self.rungs:
            t = await climb(t, rung, self._models, self._job.manifest.policy)
        self._link.count(self.name, "samples", -1)
        self._link.count(self.name, "passed" if t.status == "accepted" else "failed")
        if t.status != "climbing":
            self._link.finished(row["order"], finished(t))
        return {**row, "trajectory": dump(t)}


class Direct(Rung):
    """The first rung; samples that are not needed any more end here, unbegun."""

    name, rungs = "direct", ("direct",)


class Reflect(Rung):
    """The second rung."""

    name, rungs = "reflect", ("reflect",)


class Multistep(Rung):
    """The third rung, with the diagnosis that leads to it."""

    name, rungs = "multistep", ("diagnose", "multistep")


class Curate:
    """The last operator: prune, make sure every segment has its mask, and keep the outcome."""

    def __init__(self, job: Job) -> None:
        self._hub = job.hub
        self._dialect = job.manifest.output.dialect
        self._outcomes = Outcomes(job.database, job.fingerprint)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The ids written. Raises stages.mask.NoRule, sqlalchemy.exc.SQLAlchemyError."""
        with telling(self._hub):
            done = [prune(load(text)) for text in batch["trajectory"].to_pylist()]
            for t in done:
                if t.status == "accepted" and t.mode is not None:
                    segments(t, self._dialect)
            self._outcomes.upsert(done)
        return batch.select(["id"])


LADDER: tuple[type[Rung], ...] = (Direct, Reflect, Multistep)


def run(job: Job, todo: Sequence[Trajectory], ladder: Sequence[type[Rung]] = LADDER) -> Iterator[str]:
    """Take `todo` (in rank order) up the ladder; yields the id of each sample once its outcome is kept.

    Raises pipeline.hub.RunStopped when the run cannot go on: an engine is dead, a write failed, Ray is gone.
    """
    _quiet()
    rows = [{"id": t.sample.id, "order": n, "trajectory": dump(t)} for n, t in enumerate(todo)]
    size = block_rows(len(rows), job.manifest.run.blocks)
    data = ray.data.from_arrow([_block(rows[start : start + size]) for start in range(0, len(rows), size)])
    tasks = max(4, -(-IN_HAND * job.manifest.run.concurrency // BLOCK_ROWS))
    for kind in ladder:
        data = _operator(data, kind, tasks, job)
    try:
        for batch in _operator(data, Curate, 1, job).iter_batches(batch_size=None, batch_format="pyarrow"):
            yield from batch["id"].to_pylist()
    except ray.exceptions.RayError as error:
        raise why_stopped(job.hub, error) from error


def _quiet() -> None:
    """Ray's own progress bars and plan print-outs would fight with our display."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def window(manifest: Manifest, rows: int) -> int:
    """How far feeding may run ahead of the oldest unfinished sample. Without quotas every sample is needed: no limit.

    Never less than a few blocks: a block passes a rung as a whole, so the oldest must not wait for one that may not begin.
    """
    if set(manifest.quotas.model_dump().values()) == {None}:
        return rows
    return 4 * max(manifest.run.concurrency, block_rows(rows, manifest.run.blocks))


def block_rows(rows: int, blocks: int | None) -> int:
    """Rows a block. Blocks are barriers between rungs, so they are small unless the manifest says how many there shall be."""
    return BLOCK_ROWS if blocks is None else max(1, -(-rows // blocks))


def _block(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(
        rows, schema=pa.schema([("id", pa.string()), ("order", pa.int64()), ("trajectory", pa.string())])
    )


def _operator(data: Any, kind: type, tasks: int, job: Job) -> Any:
    """One actor with `tasks` batches at a time, each a whole block, on a sliver of a CPU: it waits, the pools work."""
    pool = ray.data.ActorPoolStrategy(
        size=1,
        max_tasks_in_flight_per_actor=tasks + 1,
        max_concurrent_calls_per_actor=tasks,
        enable_true_multi_threading=True,
    )
    return data.map_batches(
        kind,
        batch_size=None,
        batch_format="pyarrow",
        compute=pool,
        num_cpus=0.1,
        fn_constructor_args=(job,),
        zero_copy_batch=True,
    )
