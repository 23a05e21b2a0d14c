"""One build, from a manifest to shards: plan, climb, finalise.

In: a `Manifest` and an output folder. Out: the folder, finished. What is finished stays as it is; what was interrupted goes on
where it stopped; what belongs to another manifest is not touched unless it is to be overwritten.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ray
import ray.exceptions
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from pipeline import dag
from pipeline.backends.openai.secrets import key_of
from pipeline.batches.office import Office
from pipeline.batches.passes import most_at_once
from pipeline.engines import fleet
from pipeline.errors import RunStopped, one_line
from pipeline.manifest.identity import fingerprint, meaning, resolved
from pipeline.manifest.spec import Manifest
from pipeline.models import hosted, identities
from pipeline.output import lock
from pipeline.output.cut import bound, finished
from pipeline.output.finalise import finalise
from pipeline.output.rehearsal import admit
from pipeline.output.shards import RowTooLarge
from pipeline.planning import tables
from pipeline.planning.book import PlanBook
from pipeline.planning.identity import plan_identity
from pipeline.planning.planner import Planner
from pipeline.planning.truth import write_truth
from pipeline.replay.forget import may_be_retried, retry_failed
from pipeline.replay.loss import refuse_lost_database, refuse_lost_rows
from pipeline.replay.recover import find_record, recover
from pipeline.run import hub
from pipeline.run.feeder import Feeding
from pipeline.run.interrupt import interrupts, writing_out
from pipeline.run.pending import Pending
from pipeline.run.providers import check_providers, providers_asked
from pipeline.run.servers import serving
from pipeline.run.session import session
from pipeline.run.standing import count_missing, count_planned, read_known, read_planned
from pipeline.run.tally import Progress
from pipeline.run.watch import watching
from pipeline.screening.dropped import FILE as SCREENED
from pipeline.screening.screen import FILE as SCREENS
from pipeline.screening.screen import Screen, forget_rows
from pipeline.storage.database import held, masked
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.views.closing import show_closing, warn
from pipeline.views.report import report
from prompts.catalogue import Prompts

GO_ON = "mend the cause and type the same command again to go on"


@dataclass(frozen=True)
class Wish:
    """What to do with what is in the folder already: `overwrite` an output of another manifest, or `fork` it; `retry_failed`:
    let samples climb again that failed by a model's answer; `import_record`: take over what the output knows of a lost journal."""

    overwrite: bool = False
    fork: bool = False
    retry_failed: bool = False
    import_record: bool = False


@dataclass(frozen=True)
class Site:
    """What one build works with: its manifest, folder, fingerprint, store and database, and the number of its processes."""

    manifest: Manifest
    out: Path
    fingerprint: str
    store: str
    database: str
    workers: int


def build(manifest: Manifest, out: Path, wish: Wish, console: Console) -> bool:
    """Build `manifest` into `out`; False when a finished output was there already.

    Raises pipeline.errors.BuildError; KeyboardInterrupt when it was stopped by a signal.
    """
    try:
        return _build(manifest, out, wish, console)
    except (ray.exceptions.RayError, SQLAlchemyError, BrokenProcessPool, RowTooLarge, ImportError, OSError) as error:
        raise RunStopped(f"the run stopped: {one_line(error)}; {GO_ON}") from error
    except RunStopped as error:
        raise RunStopped(f"the run stopped: {error}; {GO_ON}") from error


def _build(manifest: Manifest, out: Path, wish: Wish, console: Console) -> bool:
    words = admit(manifest, lambda text: warn(console, text))
    identity = lock.OutputIdentity(
        fingerprint(manifest, words.hashes), resolved(manifest), meaning(manifest, words.hashes)
    )
    with lock.hold(out):
        state = lock.settle(out, identity, wish.overwrite, wish.fork)
        if state == "finished" and not (wish.retry_failed or wish.import_record):
            if not (out / "report.html").exists():
                report(out)  # the last thing a build writes: it may have been stopped just before
            return False
        for name in providers_asked(manifest):
            key_of(name, manifest.providers[name])  # a missing key is reported before anything is written
        site = _make_site(manifest, out.resolve(), identity.fingerprint)
        if wish.import_record:
            find_record(out)
        if state == "fresh":
            lock.write(out, identity)  # first of all: a folder with anything in it and no lock is a stranger's
        elif not wish.import_record:
            refuse_lost_database(out, site.database)
        with Outcomes(site.database, site.fingerprint) as outcomes:
            outcomes.create()
            own = manifest.run.database is None  # a database in the folder is locked with it
            with nullcontext(True) if own else held(outcomes.engine, site.fingerprint) as is_alone:
                if not is_alone:
                    raise RunStopped(
                        f"another build of this data set is at work with {masked(site.database)}; wait for it"
                    )
                return _climb_and_write(site, outcomes, identity, wish, state, words, console)


def _climb_and_write(
    site: Site,
    outcomes: Outcomes,
    identity: lock.OutputIdentity,
    wish: Wish,
    state: lock.State,
    words: Prompts,
    console: Console,
) -> bool:
    """Plan, climb, finalise; False when there is nothing to do."""
    out = site.out
    if wish.import_record:
        console.print(str(recover(out, site.database, ImageStore(site.store))), markup=False, highlight=False)
    else:
        refuse_lost_rows(out, outcomes, identity)
    if state == "finished" and not wish.retry_failed:
        return False
    if not (out / lock.RUN).exists():
        lock.write(out, identity)  # else what is there stays whole, with its lock, until it is replaced
    if wish.retry_failed:
        if not any(may_be_retried(t) for t in outcomes.all()):
            console.print("No sample failed by a model's answer: there is nothing to try again.")
            if state == "finished":
                return False
        else:
            (out / lock.RUN).unlink(missing_ok=True)  # finished no more, whatever happens from here on
            _retry(site, outcomes, words, console)
    _settle_open_calls(outcomes, console)
    with _open_plan(site, identity) as planner:
        _climb_all(site, outcomes, planner, console)
        with writing_out():
            lock.take_over(out, identity)
            _finish(site, outcomes, planner, words.hashes, console)
            lock.write(out, identity)
    return True


def _retry(site: Site, outcomes: Outcomes, words: Prompts, console: Console) -> None:
    """Forget what ended failed samples."""
    count = retry_failed(outcomes, site.manifest, words, ImageStore(site.store))
    console.print(f"{count} samples that failed climb again.")


def _settle_open_calls(outcomes: Outcomes, console: Console) -> None:
    """Count calls that were on their way when an earlier build was killed as paid."""
    lost = outcomes.settle_open()
    if lost:
        console.print(
            f"{lost} calls were on their way when the build was killed: they count as paid, and are made again."
        )


def _make_site(manifest: Manifest, out: Path, fingerprint: str) -> Site:
    return Site(
        manifest,
        out,
        fingerprint,
        store=manifest.run.store or str(out / "store"),
        database=manifest.run.database or f"sqlite:///{out / 'run.db'}",
        workers=manifest.run.workers or os.cpu_count() or 1,
    )


@contextmanager
def _open_plan(site: Site, identity: lock.OutputIdentity) -> Iterator[Planner]:
    """The plan of the build as far as it was made; another one's is replaced."""
    path = site.out / tables.NAME
    if site.manifest.screens.is_on and not (site.out / SCREENS).exists():
        tables.remove(str(path))  # what was planned rests on what the screens knew
    with PlanBook(path, plan_identity(identity.meaning)) as book:
        if book.is_new:
            forget_rows(site.out)
        with (
            Screen(site.manifest.screens, site.out) as screen,
            Planner(site.manifest, ImageStore(site.store), site.workers, book, screen) as planner,
        ):
            yield planner


def _climb_all(site: Site, outcomes: Outcomes, planner: Planner, console: Console) -> None:
    """Take up the ladder what has no outcome yet, until nothing is missing that the quotas need."""
    tell, store, quotas = (
        partial(console.print, markup=False, highlight=False),
        ImageStore(site.store),
        site.manifest.quotas,
    )
    tell(f"Planning {site.manifest.name} ...")
    known = read_known(outcomes, store, tell)
    planned, there = count_planned(known, planner)
    if there:
        tell(f"Going on: {there} of {planned} samples have their outcome.")
    office, before = Office(site.manifest, outcomes, store, site.out, console), -1
    while True:
        pending = Pending(planner, known, quotas, outcomes.upsert, most_at_once(site.manifest))
        feed = Feeding(pending)
        if not feed.todo:
            break
        if before < 0:
            office.begin()
        elif office.busy:
            office.exchange(count_missing(known, planner, quotas))
        elif len(known) <= before:
            missing = count_missing(known, planner, quotas)
            raise RunStopped(f"{missing} samples ended without an outcome, {feed.todo[0].id} among them")
        before = len(known)
        _climb(site, feed, outcomes.spent(), console)
        known = read_known(outcomes, store, tell)
    office.mention_rest()


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
        counting = hub.start(run.concurrency, 0, [], manifest.quotas, limits)
        served.end_with(counting)
        rows = len(feed.todo)
        window = dag.window(manifest, rows)
        job = dag.ClimbJob(manifest, site.fingerprint, site.store, site.database, counting, window, engines)
        with interrupts(counting, console) as signals:
            feed.begin(counting, dag.block_rows(rows, run.blocks))
            with watching(counting, manifest, console), feed:
                dag.climb_feed(job)
            ended: Progress = ray.get(counting.progress.remote())
    if signals.happened:
        raise KeyboardInterrupt
    if ended.state != "running":
        raise RunStopped(ended.reason)


def _finish(site: Site, outcomes: Outcomes, planner: Planner, hashes: Mapping[str, str], console: Console) -> None:
    """The ledger, shards, run.json and the report. Raises OSError on a failed write."""
    console.print("Writing shards ...")
    outcomes.write_ledger(site.out)  # before run.json, after which an output counts as finished
    known = read_planned(outcomes, planner)
    last = bound((finished(t) for t in known), site.manifest.quotas)
    if planner.screen.counts():
        planner.screen.write(site.out / SCREENED)
    if truth := list(planner.book.truth(last)):
        write_truth(truth, site.out / "truth.parquet")
    summary = finalise(
        outcomes=known,
        manifest=site.manifest,
        store=ImageStore(site.store),
        out=site.out,
        prompts=hashes,
        fingerprint=site.fingerprint,
        identities=identities(site.manifest),
        workers=site.workers,
        left_out=planner.left_out(),
    )
    console.print("Writing the report ...")
    report(site.out)
    show_closing(console, summary, known)
    if any(map(may_be_retried, known)):
        console.print("Where a model's answers were to blame, --retry-failed lets these samples climb again.")
