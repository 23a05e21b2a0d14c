"""Where the review of a build stands, at one moment, as a release needs it.

In: a finished build and the database of its review. Out: a `ReviewStanding`: the build's kept rows with lots and hashes, what the
verdicts on them come to, the decision on each lot, and the verdicts that do not count, each with the reason.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from pipeline.manifest.spec import RL
from pipeline.release.approval import BuiltRow
from pipeline.release.built import FinishedBuild
from pipeline.release.figures import ReviewFigures, figures_of
from pipeline.release.place import ReleaseError
from pipeline.review.audit import AuditEntry
from pipeline.review.database import default_url
from pipeline.review.frame import GIVEN, lot_of, reviewed_hash
from pipeline.review.numbers.decisions import LotDecision, decide_all
from pipeline.review.numbers.plans import LotPlan
from pipeline.review.numbers.reviewers import GoldErrors
from pipeline.review.numbers.summary import summarise
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, LotKey, Resolution
from pipeline.review.settings import ReviewSettings
from stages.trajectory import Trajectory

_ALL = 1_000_000  # entries of the audit log
_PLAN = ("per_lot", "limiting", "confidence")
_PUBLISHED = ("seed", "per_lot", "floor", "limiting", "confidence", "overlap", "judges")


@dataclass(frozen=True)
class ReviewStanding:
    """The review of a build. `resolutions` by sample id, of rows as the build holds them; `counted` are the ids of the verdicts
    that those stand on, `ignored` names the others that stand, a line each."""

    rows: tuple[BuiltRow, ...]
    resolutions: Mapping[str, Resolution]
    decisions: Mapping[LotKey, LotDecision]
    verdicts: Sequence[HumanVerdict]
    counted: frozenset[str]
    ignored: tuple[str, ...]
    settings: dict[str, Any]
    settings_screened: frozenset[LotKey]
    figures: ReviewFigures
    plan_changes: tuple[str, ...]
    """How the plan of the lots was changed after somebody had judged: a line each."""
    against: tuple[str, ...]
    """What speaks against any release."""


def read_standing(build: FinishedBuild, database: str | None) -> ReviewStanding:
    """Raises ReleaseError where there is no review, pipeline.review.errors.ReviewError where it cannot be read."""
    url = database or default_url(build.out)
    if (file := _sqlite_file(url)) is not None and not file.exists():
        raise ReleaseError(
            f"{build.out}: nobody has reviewed it, there is no {file}; begin with x2i review {build.out}"
        )
    rows = tuple(_row(r.trajectory) for r in build.kept)
    hashes = {row.sample_id: row.content_hash for row in rows}
    with prepare(build.out, url) as store:
        everything = list(store.resolutions())
        settings = store.settings()
        populations = store.populations()
        numbers = summarise(populations, everything, store.gold_answers())
        verdicts = store.verdicts()
        changes = tuple(_plan_changes(store.audit(_ALL), verdicts))
    plan, against = _plan(settings, numbers.gold)
    current = {r.item.sample_id: r for r in everything if hashes.get(r.item.sample_id) == r.item.content_hash}
    return ReviewStanding(
        rows=rows,
        resolutions=current,
        decisions=decide_all(populations, everything, plan),
        verdicts=verdicts,
        counted=frozenset(v.id for r in current.values() for v in r.verdicts),
        ignored=tuple(_ignored(verdicts, {r.item.sample_id: r.item.content_hash for r in everything} | hashes)),
        settings={name: value for name, value in settings.as_dict().items() if name in _PUBLISHED},
        settings_screened=frozenset(settings.screened),
        figures=figures_of(numbers),
        plan_changes=changes,
        against=against,
    )


def _row(t: Trajectory) -> BuiltRow:
    """A kept row; one without an image is an RL prompt that nobody drew for."""
    return BuiltRow(t.sample.id, lot_of(t) or LotKey(RL, t.sample.source, GIVEN), reviewed_hash(t))


def _plan(settings: ReviewSettings, errors: GoldErrors) -> tuple[LotPlan, tuple[str, ...]]:
    """How lots are decided, given how people err; and what speaks against any decision."""
    try:
        return LotPlan.of(settings, *errors.in_plans), ()
    except ValueError as error:
        return LotPlan.of(settings), (f"no lot can be decided: {error}",)


def _plan_changes(entries: Sequence[AuditEntry], verdicts: Sequence[HumanVerdict]) -> Iterator[str]:
    """The changes of the plan in the order they were made. `entries` come newest first."""
    times = sorted(datetime.fromisoformat(v.at) for v in verdicts)
    for entry in reversed(entries):
        changed = [f"{name} to {entry.details[name]}" for name in _PLAN if name in entry.details]
        before = bisect_left(times, datetime.fromisoformat(entry.at))
        if entry.what == "configured" and changed and before:
            yield f"{', '.join(changed)}, after {before:,} verdicts"


def _ignored(verdicts: Sequence[HumanVerdict], hashes: Mapping[str, str]) -> Iterator[str]:
    """The verdicts that stand and are about content that the build does not hold. `hashes` by sample id."""
    superseded = {verdict.supersedes for verdict in verdicts}
    for verdict in verdicts:
        if verdict.withdrawn or verdict.id in superseded:
            continue
        current = hashes.get(verdict.sample_id)
        what = "a sample that is not asked about any more" if current is None else "other content than the build holds"
        if current != verdict.content_hash:
            yield f"verdict {verdict.id} on sample {verdict.sample_id}: it is about {what}, and does not count"


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
