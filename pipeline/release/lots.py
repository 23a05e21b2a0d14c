"""Lot by lot: what the sample says, and what becomes of its rows.

In: lots with their populations, resolutions, what a person chose for rejected lots. Out: a `LotStanding` each, and what stands
against a release. A rejected lot is dropped, or looked at whole; an undecided one needs more verdicts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.manifest.spec import RL
from pipeline.release.approval import BuiltRow, Treatment
from pipeline.release.place import ReleaseError
from pipeline.review.numbers.decisions import LotDecision
from pipeline.review.records import LotKey


@dataclass(frozen=True)
class LotStanding:
    """A lot, its rows, what was decided (None where the review does not look at it), and how it is treated."""

    key: LotKey
    rows: int
    decision: LotDecision | None
    treatment: Treatment | None
    """None where nobody said what becomes of it."""

    @property
    def name(self) -> str:
        """As commands take it."""
        return lot_name(self.key)


def lot_name(key: LotKey) -> str:
    """`multistep/demo/generator`."""
    return f"{key.outcome}/{key.source}/{key.generator}"


def find_lots(names: Sequence[str], known: Collection[LotKey], option: str) -> frozenset[LotKey]:
    """The lots that an option names. Raises ReleaseError for a name that is none."""
    by_name = {lot_name(key): key for key in known}
    for name in names:
        if name not in by_name:
            raise ReleaseError(f"{option} {name}: there is no such lot; the lots are {', '.join(sorted(by_name))}")
    return frozenset(by_name[name] for name in names)


def stand(
    rows: Iterable[BuiltRow],
    decisions: Mapping[LotKey, LotDecision],
    drop: Collection[LotKey],
    screen: Collection[LotKey],
    override: bool,
) -> list[LotStanding]:
    """How each lot with kept rows stands. Raises ReleaseError when one is to be dropped and screened."""
    if both := sorted(set(drop) & set(screen)):
        raise ReleaseError(f"{lot_name(both[0])}: is to be dropped and to be screened; choose one")
    sizes: dict[LotKey, int] = {}
    for row in rows:
        sizes[row.lot] = sizes.get(row.lot, 0) + 1
    standings = []
    for key, size in sorted(sizes.items()):
        decision = decisions.get(key)
        treatment = _treat(key, decision, drop, screen, override)
        standings.append(LotStanding(key, size, decision, treatment))
    return standings


def _treat(
    key: LotKey,
    decision: LotDecision | None,
    drop: Collection[LotKey],
    screen: Collection[LotKey],
    override: bool,
) -> Treatment | None:
    if key in drop:
        return "dropped"
    if key in screen:
        return "screened"
    if decision is None and key.outcome == RL:
        return "not drawn"
    if decision is not None and decision.state == "accepted":
        return "accepted"
    return "overridden" if override else None


def objections(standings: Iterable[LotStanding]) -> Iterator[str]:
    """Why nothing can be released, a line a lot, with what to do."""
    for lot in standings:
        if lot.treatment in (None, "overridden"):
            yield f"lot {lot.name} ({lot.rows:,} rows): {_state(lot)}"


def _state(lot: LotStanding) -> str:
    if lot.decision is None:
        return "nobody was asked about it; x2i review draws its items"
    if lot.decision.state == "undecided":
        return f"undecided, {lot.decision.missing}"
    return (
        f"rejected, {lot.decision.found} of {lot.decision.judged} judged rows are wrong and at most {lot.decision.most} may be: "
        f"leave it out with --drop-lot {lot.name}, or have people look at all of it and say --screen-lot {lot.name}"
    )
