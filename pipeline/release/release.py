"""The release of a build: what people approved, written as a data set of its own.

In: a finished build, its review, what becomes of rejected lots. Out: the folder of the release: rewritten shards, card, metadata
for machines, checksums, and sidecars with every verdict and every withdrawn row. It has the form of an output: what reads a
build reads a release.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.manifest.spec import Manifest
from pipeline.output import run_json
from pipeline.output.cut import cut, finished
from pipeline.output.frame import frame_of
from pipeline.output.install import CARD
from pipeline.output.origins import origins
from pipeline.output.readers import wanted_groups
from pipeline.output.run_json import RunSummary
from pipeline.output.shards import ShardFile, Targets
from pipeline.output.verify import verify
from pipeline.release import croissant, lots, summary
from pipeline.release.approval import Approval, BuiltRow, approve
from pipeline.release.built import FinishedBuild, check_unchanged, read_build
from pipeline.release.card import release_card
from pipeline.release.lots import LotStanding
from pipeline.release.place import NAME, ReleaseError, check_beside, release_aside
from pipeline.release.rewrite import rewrite
from pipeline.release.sidecars import VERDICTS, WITHDRAWN, nameless, pseudonyms, write_verdicts, write_withdrawn
from pipeline.release.standing import ReviewStanding, read_standing
from pipeline.release.summary import ReleasedLot, ReleaseSummary
from pipeline.release.sums import write_sums
from pipeline.storage.files import write_synced

_SHOWN = 3  # problems of the build


class ReleaseRefused(ReleaseError):
    """The review, or the state of the build, speaks against a release."""

    exit_code = 1


@dataclass(frozen=True)
class ReleaseOrder:
    """What is asked for. `drop` and `screen` name lots, `override` is the reason to release all the same. `named` keeps reviewers'
    names and notes. `workers` processes check the build."""

    build: Path
    target: Path
    database: str | None = None
    drop: tuple[str, ...] = ()
    screen: tuple[str, ...] = ()
    override: str | None = None
    named: bool = False
    workers: int | None = None


def release(order: ReleaseOrder) -> ReleaseSummary:
    """Write the release. Raises ReleaseRefused, ReleaseError, pipeline.review.errors.ReviewError, OSError, ValueError."""
    if order.override is not None and not order.override.strip():
        raise ReleaseError("--override: say why; the reason stands in the card")
    build = read_build(order.build)
    check_beside(order.target, order.build)
    with release_aside(order.target) as folder:
        review = read_standing(build, order.database)
        standings = _stand(order, review)
        against = [*review.against, *lots.objections(standings), *_faults(build, order.workers)]
        if against and order.override is None:
            raise ReleaseRefused("\n".join((f"{order.build}: not released", *(f"  {line}" for line in against))))
        treatments = {lot.key: lot.treatment for lot in standings if lot.treatment is not None}
        approval = approve(review.rows, treatments, review.resolutions)
        if not approval.released:
            raise ReleaseRefused(f"{order.build}: not one row is approved, so there is nothing to release")
        stated = _summarise(order, build, review, standings, approval, against)
        _write(folder, order, build, review, approval, stated)
        check_unchanged(build)
    return stated


def _stand(order: ReleaseOrder, review: ReviewStanding) -> list[LotStanding]:
    known = {row.lot for row in review.rows}
    drop = lots.find_lots(order.drop, known, "--drop-lot")
    screen = lots.find_lots(order.screen, known, "--screen-lot") | ((review.settings_screened & known) - drop)
    return lots.stand(review.rows, review.decisions, drop, screen, order.override is not None)


def _faults(build: FinishedBuild, workers: int | None) -> list[str]:
    """What the check of the build found."""
    problems = verify(build.out, workers)
    lines = [f"x2i verify: {problem}" for problem in problems[:_SHOWN]]
    rest = len(problems) - len(lines)
    return [*lines, f"x2i verify: ... and {rest} more"] if rest > 0 else lines


def _write(
    folder: Path,
    order: ReleaseOrder,
    build: FinishedBuild,
    review: ReviewStanding,
    approval: Approval,
    stated: ReleaseSummary,
) -> None:
    manifest = Manifest.model_validate(build.summary.manifest)
    output = manifest.output
    targets = Targets(output.shard_bytes, output.row_group_bytes, output.row_group_rows, wanted_groups(output))
    files = rewrite(build.out, folder, approval.released, targets)
    run = _run_summary(build, manifest, approval, files)
    names = pseudonyms(review.verdicts)
    verdicts = review.verdicts if order.named else [nameless(v, names) for v in review.verdicts]
    write_verdicts(folder / VERDICTS, verdicts, review.counted, run.fingerprint)
    write_withdrawn(folder / WITHDRAWN, review.rows, approval)
    released = frozenset(approval.released)
    come_from = origins(r.trajectory.sample for r in build.kept if r.trajectory.sample.id in released)
    write_synced(folder / CARD, release_card(run, stated, come_from))
    write_synced(folder / croissant.NAME, croissant.croissant(run, stated, come_from))
    write_synced(folder / NAME, summary.dump(stated))
    write_synced(folder / run_json.NAME, run_json.dump(run))
    write_sums(folder)


def _run_summary(
    build: FinishedBuild, manifest: Manifest, approval: Approval, files: Mapping[str, ShardFile]
) -> RunSummary:
    """What a build of these rows alone would say, and that it is a selection."""
    everything = manifest.model_copy(update={"quotas": dict.fromkeys(manifest.quotas)})
    frame = frame_of(everything, build.summary.fingerprint, build.summary.prompts, build.summary.models)
    released = frozenset(approval.released)
    planned = [(r.trajectory, r.fate) for r in build.kept if r.trajectory.sample.id in released]
    quota_cut = cut((finished(t) for t, _ in planned), everything.quotas)
    run = run_json.summary(everything, frame, quota_cut, planned, files, None)
    return run.model_copy(update={"selection_of": build.sha256, "versions": run_json.versions()})


def _summarise(
    order: ReleaseOrder,
    build: FinishedBuild,
    review: ReviewStanding,
    standings: Sequence[LotStanding],
    approval: Approval,
    against: Sequence[str],
) -> ReleaseSummary:
    names = {name: name for name in pseudonyms(review.verdicts)} if order.named else pseudonyms(review.verdicts)
    spoke = Counter(names[v.reviewer] for v in review.verdicts if v.id in review.counted)
    released = frozenset(approval.released)
    return ReleaseSummary(
        format=summary.FORMAT,
        name=build.summary.name,
        fingerprint=build.summary.fingerprint,
        build_sha256=build.sha256,
        build_finished_at=build.summary.finished_at,
        released_at=datetime.now(UTC).isoformat(timespec="seconds"),
        counts={"kept": len(review.rows), "released": len(released), "withdrawn": len(approval.withdrawn)},
        withdrawn=dict(Counter(approval.withdrawn.values())),
        reasons=_reasons(review, approval),
        lots=[_lot(lot, review.rows, released) for lot in standings],
        reviewers={name: spoke[name] for name in names.values()},
        figures=review.figures,
        settings=review.settings,
        plan_changes=list(review.plan_changes),
        override=order.override if against else None,
        overridden=list(against),
        ignored=list(review.ignored),
    )


def _reasons(review: ReviewStanding, approval: Approval) -> dict[str, int]:
    """How often each reason was given against rows that are withdrawn."""
    codes = Counter(
        mark.code
        for name in approval.withdrawn
        if name in review.resolutions
        for verdict in review.resolutions[name].verdicts
        for mark in verdict.reasons
    )
    return dict(sorted(codes.items()))


def _lot(lot: LotStanding, rows: Sequence[BuiltRow], released: frozenset[str]) -> ReleasedLot:
    decision = lot.decision
    return ReleasedLot(
        outcome=lot.key.outcome,
        source=lot.key.source,
        generator=lot.key.generator,
        rows=lot.rows,
        released=sum(row.lot == lot.key and row.sample_id in released for row in rows),
        treatment=str(lot.treatment),
        decision=None if decision is None else decision.state,
        sample=0 if decision is None else decision.sample,
        most=0 if decision is None else decision.most,
        judged=0 if decision is None else decision.judged,
        found=0 if decision is None else decision.found,
    )
