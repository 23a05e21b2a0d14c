"""The Ray DAG of a build: read -> the rungs of the recipe, one operator each, in order.

In: tickets, each for a block of samples that waits in the hub's feed in rank order (`pipeline.run.feed`), and a `ClimbJob`. Out:
in the run's database, one outcome per sample and a row of the ledger per call. How many samples will come need not be known.
Blocks are barriers between operators, so a sample does not wait for its block: it is curated, and its outcome kept, the moment it
leaves the ladder, whichever rung that is; finished samples pass through. Rows stay tiny; images lie in the store. Each rung actor
owns an event loop on its own thread for model calls: Ray may block the thread that runs a task whenever a later operator is slow,
and calls in flight must not time out then. `run.concurrency` is one limit over all rungs, which the hub keeps. This is the only
file that imports `ray.data`.
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa
import ray
import ray.data
import ray.exceptions

from pipeline.engines.client import Fleet
from pipeline.errors import Drained, Parked, RunStopped
from pipeline.journal.scribe import Scribe
from pipeline.manifest.batches import batches_used
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.spec import Manifest
from pipeline.models import ActorServices, Composed, compose
from pipeline.output.cut import finished
from pipeline.run.feed import Row
from pipeline.run.feeder import fed_row
from pipeline.run.hub import telling, why_stopped
from pipeline.run.link import HubLink
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.workers import RayExecutor
from stages.calls import Models
from stages.errors import EngineDead
from stages.ladder import climb
from stages.prune import prune
from stages.rung import Rung
from stages.segments import segments
from stages.trajectory import Trajectory, dump, load

BLOCK_ROWS = 16
IN_HAND = 12  # samples a rung has in hand for each call in flight: a block waits for its slowest sample
MOST_TASKS = 512  # a thread each in every rung actor
SLIVER = 0.01  # of a CPU: actors that only wait must leave room for those that work
# an image that has arrived is looked at and stored before its answer counts: what is paid is not given up
ARRIVING_S = 1.0
MOST_BLOCKS = 512  # of one execution of the plan; the next one follows on the same Ray
NO_LIMIT = 2**62
_TICKETS = pa.schema({"block": pa.int64()})
_ROWS = pa.schema(
    {"id": pa.string(), "rank": pa.int64(), "order": pa.int64(), "status": pa.string(), "trajectory": pa.string()}
)
T = TypeVar("T")


@dataclass(frozen=True)
class ClimbJob:
    """What every actor needs to know. `hub` is the handle of the hub actor; `window` how far feeding may run ahead; `fleet` the
    engines.
    """

    manifest: Manifest
    fingerprint: str
    store: str
    database: str
    hub: Any
    window: int
    fleet: Fleet = field(default_factory=Fleet)


class OwnLoop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._going_on: list[Future[None]] = []
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, awaited on the loop while this thread waits."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let `work` go on by itself, as long as the loop."""
        self._going_on.append(asyncio.run_coroutine_threadsafe(work, self.loop))


class RungActor:
    """One operator of the ladder: takes all samples of a batch through the rung called `name` (`stages.ladder`) at once."""

    def __init__(self, job: ClimbJob, name: str) -> None:
        self._job = job
        self._recipe = job.manifest.recipe
        self.rung = self._recipe.rung(name)
        self.name = name
        self._loop = OwnLoop()
        self._link = self._loop.run(self._connect())
        self._outcomes = Outcomes(job.database, job.fingerprint)
        self._scribe = Scribe(self._outcomes)
        services = ActorServices(self._count, self._link, self._scribe, self._link.sleep)
        self._composed = self.models(job, services)
        self._loop.start(self._give_up_when_halted())

    async def _connect(self) -> HubLink:
        budget = self._job.manifest.run.budget_usd is not None
        return HubLink(self._job.hub, f"{self.name}-{uuid.uuid4().hex}", self._job.window, budget)

    async def _give_up_when_halted(self) -> None:
        await self._link.halted.wait()
        await asyncio.sleep(ARRIVING_S)
        for journal in self._composed.journals:
            journal.give_up()

    def models(self, job: ClimbJob, services: ActorServices) -> Composed:
        """The models of this actor: those of the manifest; what the world draws and looks at is worked on by Ray's workers."""
        prompts = load_prompts(self._recipe, kits=job.manifest.models.kits.values())
        return compose(job.manifest, ImageStore(job.store), RayExecutor(), prompts, services, job.fleet)

    def _count(self, what: str, by: int) -> None:
        self._link.count(self.name, what, by)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """A batch of rows after this operator. Raises stages.errors.EngineDead, OSError on a failed write."""
        with telling(self._job.hub):
            after = self._loop.run(self._all(batch))
        return pa.Table.from_pylist(after, schema=_ROWS)

    async def _all(self, batch: pa.Table) -> list[Row]:
        rows: Sequence[Row] = batch.to_pylist()
        if batch.schema.equals(_TICKETS):
            rows = [row for ticket in rows for row in await self._link.take(ticket["block"])]
        if not self._link.running:  # nothing new is begun: a long plan must not hold up the end of the run
            return [row for row in rows if row["status"] != "climbing"]
        kept = await asyncio.to_thread(self._outcomes.among, [row["id"] for row in rows if row["status"] == "climbing"])
        try:
            after = await asyncio.gather(*(self._one(row, kept.get(row["id"])) for row in rows))
        finally:
            await self._scribe.flush()  # a sample that climbs on has its outcome from another actor
        await self._link.report()  # Ray may end this actor before its next report would be due
        return [row for row in after if row is not None]

    async def _one(self, row: Row, kept: Trajectory | None) -> Row | None:
        """The row after this rung; None for a sample that was never begun because the quotas are filled without it.

        `kept` is its outcome where there is one: Ray repeats a block when an actor dies, a finished sample makes no call again.
        """
        if row["status"] != "climbing":
            return row
        if kept is not None:
            self._link.finished(row["order"], finished(kept))
            return {**row, "status": kept.status, "trajectory": dump(kept)}
        t = load(row["trajectory"])
        first = self.rung == self._recipe.rungs[0]
        if first and not await self._link.may_begin(row["order"], t.rank):
            return None
        self._count("samples", 1)
        try:
            t = await self.climb(t, self._composed.models)
        except (Drained, Parked):
            return None
        except EngineDead as error:
            await self._link.stop(str(error))
            return None
        finally:
            self._count("samples", -1)
        if t.status != "climbing":
            await self._keep(row["order"], t)
        # An RL prompt that was only to be tried once neither passes a rung nor fails it, nor does a sample that leaves it out.
        if t.rung == self.name and not (t.status == "accepted" and t.sample.climb == "direct"):
            self._count("passed" if t.status == "accepted" else "failed", 1)
        return {**row, "status": t.status, "trajectory": dump(t)}

    async def climb(self, t: Trajectory, models: Models) -> Trajectory:
        """The sample after this rung. Raises stages.errors.EngineDead, pipeline.errors.Drained."""
        return await climb(t, self.rung, self._recipe, models)

    async def _keep(self, order: int, t: Trajectory) -> None:
        """Curate a sample that is finished (prune, and every segment has its mask), and commit its outcome."""
        t = prune(t, self._recipe)
        if t.status == "accepted" and t.mode is not None:
            segments(t, self._job.manifest.output.dialect, self._recipe)
        await self._scribe.keep(t)
        self._link.finished(order, finished(t))


def run(job: ClimbJob, todo: Sequence[Trajectory], actor: type[RungActor] = RungActor) -> Iterator[str]:
    """Take `todo` (in rank order) up the ladder, all that there is; yields the id of each sample begun. Raises as `climb`."""
    rows = [fed_row(t.sample.id, t.rank, n, t.status, dump(t)) for n, t in enumerate(todo)]
    size = block_rows(len(rows), job.manifest.run.blocks)
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    ray.get(job.hub.feed.remote(blocks, 0, []))
    ray.get(job.hub.end_feed.remote())
    yield from climb_blocks(job, range(len(blocks)), actor)


def climb_feed(job: ClimbJob, at_once: int = MOST_BLOCKS) -> None:
    """Take up the ladder whatever the feed holds, until it ends, `at_once` blocks in the first execution of the plan and twice as
    many in each further one. Raises as `climb_blocks`.
    """
    begun = 0
    while not (standing := ray.get(job.hub.need.remote())).over or standing.blocks > begun:
        # of a feed that goes on nobody knows the number of blocks: those that are too many come back empty
        blocks = range(begun, standing.blocks if standing.over else begun + at_once)
        for _ in climb_blocks(job, blocks):
            pass
        begun, at_once = blocks.stop, min(2 * at_once, MOST_BLOCKS)


def climb_blocks(job: ClimbJob, blocks: range, actor: type[RungActor] = RungActor) -> Iterator[str]:
    """Take blocks of the feed up the ladder, by their numbers, as they come; yields the id of each sample begun, in the end.

    Ends early when the run drains: it was interrupted, or its budget is spent. Raises pipeline.errors.RunStopped when it cannot
    go on: an engine is dead, a write failed, Ray is gone.
    """
    _quiet()
    plan: Any = ray.data.from_arrow([pa.table({"block": [number]}, schema=_TICKETS) for number in blocks])
    tasks = min(MOST_TASKS, max(4, -(-IN_HAND * job.manifest.run.concurrency // BLOCK_ROWS)))
    for rung in job.manifest.recipe.rungs:
        plan = _operator(plan, actor, rung, tasks, job)
    try:
        for batch in plan.iter_batches(batch_size=None, batch_format="pyarrow"):
            yield from batch["id"].to_pylist()
        stopped_by = ray.get(job.hub.stopped_by.remote())
    except ray.exceptions.RayError as error:
        raise why_stopped(job.hub, error) from error
    if stopped_by is not None:
        raise RunStopped(stopped_by)


def _quiet() -> None:
    """Ray's own progress bars and plan print-outs would fight with our display."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def window(manifest: Manifest, rows: int) -> int:
    """How far feeding may run ahead of the oldest unfinished sample, where blocks are cut of `rows` samples at a time. Without
    quotas every sample is needed: no limit.

    Never less than a few blocks: a block passes a rung as a whole, so the oldest must not wait for one that may not begin.
    """
    if set(manifest.quotas.values()) == {None} or batches_used(manifest):
        return (
            NO_LIMIT  # samples that wait for a batch must not hold up others, and the build feeds no more than it needs
        )
    return 4 * max(manifest.run.concurrency, block_rows(rows, manifest.run.blocks))


def block_rows(rows: int, blocks: int | None) -> int:
    """Rows a block. Blocks are barriers between rungs, so they are small unless the manifest says how many there shall be."""
    return BLOCK_ROWS if blocks is None else max(1, -(-rows // blocks))


def _operator(data: Any, actor: type[RungActor], rung: Rung, tasks: int, job: ClimbJob) -> Any:
    """One actor with `tasks` batches at a time, each a whole block, on a sliver of a CPU: it waits, the workers work."""
    pool = ray.data.ActorPoolStrategy(
        size=1,
        max_tasks_in_flight_per_actor=tasks + 1,
        max_concurrent_calls_per_actor=tasks,
        enable_true_multi_threading=True,
    )
    # Ray names an operator after its class: a class a rung shows the ladder in its dashboard
    named = type(rung.name.title().replace("_", ""), (actor,), {"__module__": __name__})
    return data.map_batches(
        named,
        batch_size=None,
        batch_format="pyarrow",
        compute=pool,
        num_cpus=SLIVER,
        fn_constructor_args=(job, rung.name),
        zero_copy_batch=True,
    )
