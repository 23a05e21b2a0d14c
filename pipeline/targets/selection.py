"""The fate of every sample that was begun, when targets steer a build. Pure.

In: placed outcomes, goals, the ids kept under earlier goals. Out: id -> fate, in order of (round, rank).

The rows that are kept are those of the earlier goals, and then the first in (round, rank) order for which this still holds: as many
rows that floors need are kept as can be, and every quota is filled as far as rows go. So a row is passed over only where its quota
is full, or where keeping it would cost a floor a row that the quotas have no other room for. Hence floors first, then modes.

As in `pipeline.output.cut`, a slot takes all rollouts of a row that count towards it as long as it has room for one, and RL prompts
count as `rl`, which no floor asks for. The earlier ids are given, not computed again, because a sample that failed in transport may
have got another outcome since.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from pipeline.targets.finished import Fate, Slot
from pipeline.targets.goals import Goals, Kind, Placed, count_kinds, kind_of
from pipeline.targets.reserve import Reserve


@dataclass(frozen=True, slots=True)
class _Item:
    """The rollouts of one row that count towards one slot."""

    kind: Kind
    ids: tuple[str, ...]


def select(placed: Iterable[Placed], goals: Goals, before: Collection[str] = frozenset()) -> dict[str, Fate]:
    """The fate of each sample. Raises ValueError when an id comes twice."""
    ordered = sorted(placed, key=lambda p: p.order)
    earlier = frozenset(before)
    kept = earlier | _keep(ordered, goals, earlier)
    fates: dict[str, Fate] = {}
    for p in ordered:
        if p.outcome.id in fates:
            raise ValueError(f"{p.outcome.id}: two outcomes for one sample")
        fates[p.outcome.id] = _fate(p, kept)
    return fates


def _fate(p: Placed, kept: Collection[str]) -> Fate:
    if p.outcome.slot is None:
        return "failed" if p.outcome.status == "failed" else "discarded"
    return "kept" if p.outcome.id in kept else "surplus"


def _keep(ordered: list[Placed], goals: Goals, earlier: Collection[str]) -> set[str]:
    """The ids to keep beside the earlier ones."""
    had = count_kinds(p for p in ordered if p.outcome.id in earlier)
    fresh = [p for p in ordered if p.outcome.id not in earlier]
    in_slot, in_category = Counter[Slot](), Counter[str]()
    for (category, slot), n in had.items():
        in_slot[slot] += n
        in_category[category] += n
    rooms = {
        slot: len(fresh) if limit is None else max(0, limit - in_slot[slot]) for slot, limit in goals.quotas.items()
    }
    needs = {c: max(0, floor - in_category[c]) for c, floor in sorted(goals.floors.items())}
    waiting = list(_items(fresh))
    return _take(waiting, Reserve(count_kinds(fresh), needs, rooms))


def _items(ordered: list[Placed]) -> Iterable[_Item]:
    for _, group in groupby(ordered, key=lambda p: p.order[:3]):
        by_kind: dict[Kind, list[str]] = {}
        for p in group:
            if (kind := kind_of(p)) is not None:
                by_kind.setdefault(kind, []).append(p.outcome.id)
        yield from (_Item(kind, tuple(ids)) for kind, ids in by_kind.items())


def _take(waiting: list[_Item], reserve: Reserve) -> set[str]:
    kept: set[str] = set()
    while True:
        passed: list[_Item] = []
        refused: set[Kind] = set()  # a single row that was refused is refused for good: so are all like it
        for item in waiting:
            if item.kind not in refused and reserve.take(*item.kind, len(item.ids)):
                kept.update(item.ids)
                continue
            passed.append(item)
            if len(item.ids) == 1:
                refused.add(item.kind)
        # several rollouts may fit in the end where they did not at first: the last of a quota may exceed it
        if len(passed) == len(waiting) or all(len(item.ids) == 1 for item in passed):
            return kept
        waiting = passed
