"""One build, from a manifest to shards: plan, climb, finalise.

In: a `Manifest` and an output folder. Out: the folder, finished. What is finished stays as it is; what was interrupted goes on
where it stopped; what belongs to another manifest is not touched unless it is to be overwritten.
"""

from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import ray
import ray.exceptions
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from pipeline.backends.openai.secrets import key_of
from pipeline.climbing.climb import Climbed, climb_all
from pipeline.climbing.plan import open_plan
from pipeline.climbing.site import Site, make_site
from pipeline.errors import RunStopped, one_line
from pipeline.manifest.identity import fingerprint, meaning, resolved
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.models import identities
from pipeline.output import lock
from pipeline.output.chosen import choose, target_problem
from pipeline.output.finalise import finalise
from pipeline.output.rehearsal import admit
from pipeline.output.shards import RowTooLarge
from pipeline.planning.planner import Planner
from pipeline.planning.truth import write_truth
from pipeline.replay.forget import may_be_retried, retry_failed
from pipeline.replay.loss import refuse_lost_database, refuse_lost_rows
from pipeline.replay.recover import find_record, recover
from pipeline.run.interrupt import writing_out
from pipeline.run.providers import providers_asked
from pipeline.run.standing import read_planned
from pipeline.screening.dropped import FILE as SCREENED
from pipeline.storage.database import held, masked
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.storage.rounds import RoundLog
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
    if problem := target_problem(manifest):
        raise ManifestError(problem)
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
        site = make_site(manifest, out.resolve(), identity.fingerprint)
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
    with open_plan(site, identity.meaning) as planner:
        climbed = climb_all(site, outcomes, planner, console)
        with writing_out():
            lock.take_over(out, identity)
            _finish(site, outcomes, planner, climbed, words.hashes, console)
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


def _finish(
    site: Site, outcomes: Outcomes, planner: Planner, climbed: Climbed, hashes: Mapping[str, str], console: Console
) -> None:
    """The ledger, shards, run.json and the report. Raises OSError on a failed write."""
    console.print("Writing shards ...")
    outcomes.write_ledger(site.out)  # before run.json, after which an output counts as finished
    known = read_planned(outcomes, climbed.ranks)
    if planner.screen.counts():
        planner.screen.write(site.out / SCREENED)
    chosen = choose(known, site.manifest, climbed.before)
    if truth := list(planner.book.truth(chosen.rank)):
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
        before=climbed.before,
    )
    if site.manifest.targets.categories:
        kept = (name for name, fate in chosen.fates.items() if fate == "kept")
        RoundLog(outcomes.engine, outcomes.run).keep(kept)
    console.print("Writing the report ...")
    report(site.out)
    show_closing(console, summary, known)
    for one in climbed.missing:
        console.print(one.line(), markup=False, highlight=False, soft_wrap=True)
    if any(map(may_be_retried, known)):
        console.print("Where a model's answers were to blame, --retry-failed lets these samples climb again.")
