"""What the lead sees of a review's progress.

In: a desk. Out: `LeadFigures`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.review.records import HumanVerdict, LotKey, Resolution
from pipeline.review.web.desk import ReviewDesk


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a person judged, and the median seconds of an item; None before the first."""

    judged: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class LotProgress:
    """How far a lot is."""

    key: LotKey
    rows: int
    items: int
    settled: int
    accepted: int


@dataclass(frozen=True, slots=True)
class LeadFigures:
    """The figures of one moment."""

    items: int
    settled: int
    disputes: int
    lots: Sequence[LotProgress]
    paces: Mapping[str, Pace]


def lead_figures(desk: ReviewDesk) -> LeadFigures:
    """The figures of now."""
    found = list(desk.store.resolutions())
    by_lot: dict[LotKey, list[Resolution]] = defaultdict(list)
    for resolution in found:
        by_lot[resolution.item.cell.lot].append(resolution)
    lots = [_progress(p.key, p.size, by_lot[p.key]) for p in desk.store.populations()]
    return LeadFigures(len(found), sum(lot.settled for lot in lots), len(desk.store.disputes()), lots, _paces(found))


def _progress(key: LotKey, rows: int, found: Sequence[Resolution]) -> LotProgress:
    settled = [r for r in found if r.opinion in ("accept", "reject")]
    return LotProgress(key, rows, len(found), len(settled), sum(r.opinion == "accept" for r in settled))


def _paces(found: Sequence[Resolution]) -> dict[str, Pace]:
    said: dict[str, list[HumanVerdict]] = defaultdict(list)
    for resolution in found:
        for verdict in resolution.verdicts:
            said[verdict.reviewer].append(verdict)
    return {name: _pace(verdicts) for name, verdicts in said.items()}


def _pace(verdicts: Sequence[HumanVerdict]) -> Pace:
    times = sorted(verdict.seconds for verdict in verdicts if verdict.seconds)
    return Pace(len(verdicts), times[len(times) // 2] if times else None)
