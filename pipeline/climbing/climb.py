"""Takes up the ladder what has no outcome yet, until nothing is missing that the quotas or targets need.

In: a site, its database, its plan. Out: outcomes, and `Climbed`: how the samples that were begun are ordered, and what targets
lack.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import ray
from rich.console import Console

from pipeline import dag
from pipeline.batches.office import Office
from pipeline.batches.passes import most_at_once
from pipeline.climbing.site import Site
from pipeline.engines import fleet
from pipeline.errors import RunStopped
from pipeline.models import hosted
from pipeline.output.cut import Finished
from pipeline.planning.planner import Planner
from pipeline.run import hub
from pipeline.run.feeder import Feeding
from pipeline.run.interrupt import interrupts
from pipeline.run.pending import Pending
from pipeline.run.providers import check_providers
from pipeline.run.rounds import Rounds
from pipeline.run.servers import serving
from pipeline.run.session import session
from pipeline.run.standing import count_missing, count_planned, read_known, restore_images
from pipeline.run.tally import Progress
from pipeline.run.watch import watching
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.targets.missing import Missing
from pipeline.views.closing import warn

FEW_BLOCKS = 64
"""Of rounds: nobody knows how many there will be, and each waits for the one before."""


@dataclass(frozen=True)
class Climbed:
    """(id, rank) of the samples that may be in the data set, in order; of targets the ids kept for earlier ones, and what they
    lack."""

    ranks: Iterable[tuple[str, int]]
    before: Collection[str] = ()
    missing: tuple[Missing, ...] = ()


def climb_all(site: Site, outcomes: Outcomes, planner: Planner, console: Console) -> Climbed:
    """Let samples climb until nothing is missing. Raises BuildError, OSError, sqlalchemy.exc.SQLAlchemyError, KeyboardInterrupt."""
    tell, store = partial(console.print, markup=False, highlight=False), ImageStore(site.store)
    tell(f"Planning {site.manifest.name} ...")
    restore_images(outcomes, planner)
    known = read_known(outcomes, store, tell)
    planned, there = count_planned(known, planner)
    if there:
        tell(f"Going on: {there} of {planned} samples have their outcome.")
    office, before = Office(site.manifest, outcomes, store, site.out, console), -1
    while True:
        pending = _open_pending(site, outcomes, planner, known)
        feed = Feeding(pending)
        if not feed.todo:
            break
        if before < 0:
            office.begin()
        elif office.busy:
            office.exchange(count_missing(known, planner, site.manifest.quotas))
        elif len(known) <= before:
            raise RunStopped(f"samples ended without an outcome, {feed.todo[0].id} among them")
        before = len(known)
        _climb(site, feed, outcomes.spent(), console)
        known = read_known(outcomes, store, tell, unsettled=True)
    office.mention_rest()
    if isinstance(pending, Rounds):
        return Climbed(list(pending.ranks.items()), pending.before, pending.missing)
    return Climbed(planner.book.ranks(planner.horizon))


def _open_pending(site: Site, outcomes: Outcomes, planner: Planner, known: Mapping[str, Finished]) -> Pending | Rounds:
    if site.manifest.targets.categories:
        return Rounds(planner, known, site.manifest, outcomes)
    return Pending(planner, known, site.manifest.quotas, outcomes.upsert, most_at_once(site.manifest))


def _climb(site: Site, feed: Feeding, spent: float, console: Console) -> None:
    """Let the samples of `feed` climb on Ray; every outcome that arrives is kept.

    Raises RunStopped when the run cannot go on, KeyboardInterrupt when it was interrupted.
    """
    run, caution = site.manifest.run, partial(warn, console)
    tell, grows = partial(console.print, markup=False, highlight=False), run.address is not None
    check_providers(site.manifest, caution)
    console.print("Starting Ray ...")
    with session(run.address, site.out / "ray.log"), serving(site.manifest, site.out, tell, caution) as served:
        manifest = served.manifest
        limits = hub.RunLimits(manifest.providers, run.budget_usd, spent, run.retry_deadline_s)
        engines = fleet.start(
            manifest.engines, hosted(manifest), site.store, site.out / "engines", tell, grows, served.held, served.keys
        )
        steered = bool(manifest.targets.categories)
        # targets begin no sample that they do not need, so nothing holds those back that were begun
        quotas = dict.fromkeys(manifest.quotas) if steered else manifest.quotas
        counting = hub.start(run.concurrency, 0, [], quotas, limits)
        served.end_with(counting)
        rows = len(feed.todo)
        window = dag.NO_LIMIT if steered else dag.window(manifest, rows)
        job = dag.ClimbJob(manifest, site.fingerprint, site.store, site.database, counting, window, engines)
        with interrupts(counting, console) as signals:
            feed.begin(counting, dag.block_rows(rows, run.blocks))
            with watching(counting, manifest, console), feed:
                dag.climb_feed(job, FEW_BLOCKS if steered else dag.MOST_BLOCKS)
            ended: Progress = ray.get(counting.progress.remote())
    if signals.happened:
        raise KeyboardInterrupt
    if ended.state != "running":
        raise RunStopped(ended.reason)
