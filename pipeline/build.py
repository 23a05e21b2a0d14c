"""One build, from a manifest to shards: plan, climb, finalise.

In: a `Manifest` and an output folder. Out: the folder, finished. What is finished stays as it is; what was interrupted goes on
where it stopped; what belongs to another manifest is not touched unless it is to be overwritten.
"""

import os
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import ray.exceptions
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

import prompts.catalogue
from pipeline import dag, hub, lock
from pipeline.errors import RunStopped, one_line
from pipeline.manifest import Manifest
from pipeline.manifest_lock import fingerprint, resolved
from pipeline.models import identities
from pipeline.outcomes import Outcomes
from pipeline.output.cut import bound, finished
from pipeline.output.finalise import finalise
from pipeline.output.shards import RowTooLarge
from pipeline.session import session
from pipeline.sources.plan import plan
from pipeline.sources.truth import write_truth
from pipeline.store import ImageStore
from pipeline.views.closing import closing
from pipeline.views.report import report
from pipeline.watch import watching
from stages.records import Trajectory

GO_ON = "mend the cause and type the same command again to go on"


@dataclass(frozen=True)
class Site:
    """Where one build happens: its folder, its store and its database, and who it is."""

    manifest: Manifest
    out: Path
    fingerprint: str
    store: str
    database: str
    workers: int


def build(manifest: Manifest, out: Path, overwrite: bool, console: Console) -> bool:
    """Build `manifest` into `out`; False when a finished output was there already.

    Raises pipeline.errors.BuildError.
    """
    try:
        return _build(manifest, out, overwrite, console)
    except (ray.exceptions.RayError, SQLAlchemyError, BrokenProcessPool, RowTooLarge, OSError) as error:
        raise RunStopped(f"the run stopped: {one_line(error)}; {GO_ON}") from error
    except RunStopped as error:
        raise RunStopped(f"the run stopped: {error}; {GO_ON}") from error


def _build(manifest: Manifest, out: Path, overwrite: bool, console: Console) -> bool:
    words = prompts.catalogue.load()
    wanted = lock.Plan(fingerprint(manifest, words.hashes), resolved(manifest))
    with lock.held(out):
        if lock.settle(out, wanted, overwrite) == "finished":
            return False
        (out / lock.RUN).unlink(missing_ok=True)
        lock.write(out, wanted)
        site = _site(manifest, out.resolve(), wanted.fingerprint)
        outcomes = Outcomes(site.database, site.fingerprint)
        outcomes.create()
        planned = _plan(site, outcomes, console)
        _climb(site, outcomes, planned, console)
        _finish(site, outcomes, planned, words.hashes, console)
        outcomes.close()
    return True


def _site(manifest: Manifest, out: Path, fingerprint: str) -> Site:
    return Site(
        manifest,
        out,
        fingerprint,
        store=manifest.run.store or str(out / "store"),
        database=manifest.run.database or f"sqlite:///{out / 'run.db'}",
        workers=manifest.run.workers or os.cpu_count() or 1,
    )


def _plan(site: Site, outcomes: Outcomes, console: Console) -> list[Trajectory]:
    """Every row of the sources, in rank order; bad rows have their outcome already."""
    console.print(f"Planning {site.manifest.name} ...")
    planned = plan(site.manifest, ImageStore(site.store), site.workers)
    if planned.truth:
        write_truth(planned.truth, site.out / "truth.parquet")
    outcomes.upsert(t for t in planned.trajectories if t.status == "failed")
    return planned.trajectories


def _climb(site: Site, outcomes: Outcomes, planned: list[Trajectory], console: Console) -> None:
    """Take up the ladder what has no outcome yet. A sample that failed in transport is tried again."""
    earlier = [t for t in outcomes.all() if not (t.status == "failed" and t.reason == "transport")]
    settled = {t.sample.id for t in earlier}
    done = [finished(t) for t in earlier]
    limit = bound(done, site.manifest.quotas)
    todo = [t for t in planned if t.sample.id not in settled and (limit is None or t.rank <= limit)]
    if not todo:
        return
    if len(earlier) > sum(t.status == "failed" for t in planned):
        console.print(f"Going on: {len(earlier)} of {len(planned)} samples have their outcome.")
    run = site.manifest.run
    console.print("Starting Ray ...")
    with session(run.address, site.out / "ray.log"):
        switchboard = hub.start(run.concurrency, len(planned), done, site.manifest.quotas)
        job = dag.Job(
            site.manifest, site.fingerprint, site.store, site.database, switchboard,
            window=dag.window(site.manifest, len(todo)),
        )  # fmt: skip
        with watching(switchboard, site.manifest.name, site.manifest.quotas, console):
            for _ in dag.run(job, todo):
                pass


def _finish(
    site: Site, outcomes: Outcomes, planned: list[Trajectory], hashes: Mapping[str, str], console: Console
) -> None:
    """Shards, run.json and the report. Raises OSError on a failed write."""
    console.print("Writing shards ...")
    wanted = {t.sample.id for t in planned}
    known = [t for t in outcomes.all() if t.sample.id in wanted]
    summary = finalise(
        outcomes=known,
        manifest=site.manifest,
        store=ImageStore(site.store),
        out=site.out,
        prompts=hashes,
        fingerprint=site.fingerprint,
        identities=identities(site.manifest),
        workers=site.workers,
    )
    console.print("Writing the report ...")
    report(site.out)
    for line in closing(summary, known):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
