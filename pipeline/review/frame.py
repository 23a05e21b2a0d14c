"""The sampling frame: every row of a build that a person could judge, with its lot and its cell.

In: the folder of a build, finished or at work. Out: a `SamplingFrame`. A finished build is read from its record, one at work
from the outcomes in its database, to read from only. Left out are surplus rows, which no shard holds, and samples without an
image, of which nothing can be judged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.errors import RunStopped
from pipeline.output import lock, run_json
from pipeline.output.cut import finished
from pipeline.output.record import recorded
from pipeline.replay.place import open_outcomes, place
from pipeline.review.errors import ReviewError
from pipeline.review.records import CellKey, LotKey, Margin
from stages.identity import digest
from stages.judging import on_margin
from stages.makers import maker_in, name_of
from stages.policy import Policy, Thresholds
from stages.records import Evaluation, Event, payload_json
from stages.trajectory import Trajectory

GIVEN = "given"
"""The generator of an image that came with its sample."""
HIGHEST = 5


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A row that can be drawn: its id, the hash of what a reviewer sees of it, and its cell."""

    sample_id: str
    content_hash: str
    cell: CellKey


@dataclass(frozen=True)
class SamplingFrame:
    """The rows of a build by its fingerprint. `stamp` is that of a finished build's `run.json`, empty while it is at work."""

    fingerprint: str
    stamp: str
    rows: tuple[FrameRow, ...]

    @property
    def frozen(self) -> bool:
        """True when the build is finished, so that no row is added."""
        return bool(self.stamp)

    @cached_property
    def hash(self) -> str:
        """The same for the same rows in any order."""
        return digest("review frame", *sorted(_parts(row) for row in self.rows))


def reviewed_hash(t: Trajectory) -> str:
    """The hash of what a reviewer sees of a sample: a verdict about other content never counts. 64 hex digits."""
    events = [_seen(e) for e in t.events]
    references = [image.sha256 for image in t.sample.references]
    return digest("review", t.sample.id, t.mode, t.sample.instruction, t.sample.explanation, references, events)


def lot_of(t: Trajectory) -> LotKey | None:
    """The lot of a finished sample; None where it has no image. Raises ValueError for one that still climbs."""
    made = _made(t)
    if made is None:
        return None
    outcome = finished(t).slot or t.status
    return LotKey(outcome, t.sample.source, name_of(maker_in(made.made_by)) or GIVEN)


def margin_of(t: Trajectory, policy: Policy) -> Margin:
    """How clear the Analyzer's verdict on the newest image was."""
    number = t.candidate
    judged = [e for e in t.events if e.try_number == number and isinstance(e.payload, Evaluation)]
    if not judged:
        return "none"
    event = judged[-1]
    thresholds = policy.step_thresholds if event.against == "subtask" else policy.thresholds
    return "narrow" if _is_narrow(event.payload, thresholds) else "wide"  # type: ignore[arg-type]


def frame_row(t: Trajectory, policy: Policy) -> FrameRow | None:
    """The row of a sample in the frame; None where it has no image."""
    lot = lot_of(t)
    if lot is None:
        return None
    return FrameRow(t.sample.id, reviewed_hash(t), CellKey(lot, t.sample.category, margin_of(t, policy)))


def stamp_of(out: Path) -> str:
    """What a finished build is known by again without reading it; empty where it is not finished. Raises ReviewError."""
    try:
        return digest((out / run_json.NAME).read_text("utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ReviewError(f"{out / run_json.NAME}: cannot be read ({type(error).__name__}); build again") from None


def fingerprint_of(out: Path) -> str:
    """The fingerprint of the build in `out`, finished or at work. Raises ReviewError where there is none."""
    if not out.is_dir():
        raise ReviewError(f"{out}: no such folder; name the folder of a build, such as build/demo")
    if stamp_of(out):
        try:
            run = run_json.read(out)
        except (OSError, ValueError) as error:
            raise ReviewError(f"{out / run_json.NAME}: cannot be read ({type(error).__name__}); build again") from None
        if run.selection_of is not None:
            raise ReviewError(f"{out}: is a release, not a build; review the build that it was made from")
        return run.fingerprint
    plan = lock.read(out)
    if plan is None:
        raise ReviewError(f"{out}: no build has begun here; name the folder of one, such as build/demo")
    return plan.fingerprint


def read_frame(out: Path, database: str | None = None) -> SamplingFrame:
    """The frame of the build in `out`; `database` is the URL of its own database where that needs a password.

    Raises ReviewError where there is no build, or it cannot be read.
    """
    fingerprint, stamp = fingerprint_of(out), stamp_of(out)
    try:
        rows = _recorded_rows(out) if stamp else _outcome_rows(out, database)
        return SamplingFrame(fingerprint, stamp, tuple(rows))
    except (LookupError, OSError, ValueError, RunStopped) as error:
        raise ReviewError(str(error)) from error


def _recorded_rows(out: Path) -> Iterator[FrameRow]:
    policy = Policy.model_validate(run_json.read(out).manifest.get("policy"))
    yield from _rows((r.trajectory for r in recorded(out) if r.fate != "surplus"), policy)


def _outcome_rows(out: Path, database: str | None) -> Iterator[FrameRow]:
    where = place(out, database)
    with open_outcomes(where) as outcomes:
        yield from _rows(outcomes.all(), where.manifest.policy)


def _rows(trajectories: Iterable[Trajectory], policy: Policy) -> Iterator[FrameRow]:
    for t in trajectories:
        row = frame_row(t, policy)
        if row is not None:
            yield row


def _made(t: Trajectory) -> Event | None:
    """The image that the sample ended with."""
    made = [e for e in t.events if e.kind == "generation" and e.image is not None]
    chosen = [e for e in made if e.try_number == t.candidate]
    return (chosen or made or [None])[-1]  # type: ignore[list-item]


def _seen(e: Event) -> list[str | int | bool | None]:
    payload = None if e.payload is None else payload_json(e.payload)
    return [e.kind, e.index, payload, None if e.image is None else e.image.sha256, e.pruned]


def _is_narrow(verdict: Evaluation, thresholds: Thresholds) -> bool:
    for axis in verdict.axes:
        least = thresholds.of(axis.axis)
        # who has the highest score there is may have it by far
        if axis.score == least - 1 or (axis.score == least and least < HIGHEST):
            return True
    first = [j for j in verdict.judgements if j.judge == "analyzer"]
    return len(first) > 1 and on_margin(first, thresholds)


def _parts(row: FrameRow) -> list[str]:
    lot = row.cell.lot
    return [row.sample_id, row.content_hash, lot.outcome, lot.source, lot.generator, row.cell.category, row.cell.margin]
