"""The quota cut: which finished samples are in the data set. Pure.

In: finished samples in any order, and quotas. Out: the *cut* (the lowest rank at which every quota asked for is filled) and
the fate of each sample up to it. Law: planned (rank <= cut) = kept + surplus + discarded + failed.

A quota of null asks for all and never fills; a quota of 0 asks for none and is filled from the start. When no positive
quota is set there is no cut, unless all are 0: then nothing is planned. RL prompts count as `rl`, whatever they climbed.

The rollouts of a row share its rank, so no cut parts them. A quota that is not full takes all rollouts of a group that count
towards it, so it may be exceeded by the rollouts of one group less one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from pipeline.targets.finished import FATES, Fate, Finished, Quotas, Slot
from stages.trajectory import Trajectory

__all__ = ["BEFORE_ALL", "FATES", "Cut", "Fate", "Finished", "Quotas", "Slot", "bound", "cut", "finished", "in_order"]

BEFORE_ALL = -1  # ranks start at 0: a cut here plans nothing


@dataclass(frozen=True, slots=True)
class Cut:
    """`rank` is None when the quotas never filled; `fates` holds the planned samples by id, in rank order."""

    rank: int | None
    fates: dict[str, Fate]
    beyond: int

    def count(self, fate: Fate) -> int:
        """How many planned samples met this fate."""
        return sum(f == fate for f in self.fates.values())


def finished(t: Trajectory) -> Finished:
    """The outcome `t` as the cut sees it. Raises ValueError when it still climbs, or was accepted for SFT without a mode."""
    if t.status == "climbing":
        raise ValueError(f"{t.sample.id}: still climbing, so it is no outcome yet")
    if t.status == "accepted" and t.mode is None and t.sample.split != "rl":
        raise ValueError(f"{t.sample.id}: accepted for {t.sample.split} without a mode")
    return Finished(t.rank, t.sample.id, t.status, t.mode, t.sample.split, t.sample.group)


def in_order(outcomes: Iterable[Finished]) -> list[Finished]:
    """By rank, the rollouts of a group together."""
    return sorted(outcomes, key=lambda f: f.order)


class Filling:
    """How far samples, added in order, fill the quotas: `bound` is None until they do, then the rank at which they did."""

    def __init__(self, quotas: Quotas) -> None:
        self._missing = {slot: limit for slot, limit in quotas.items() if limit}
        self.bound = None if self._missing or None in quotas.values() else BEFORE_ALL

    def add(self, f: Finished) -> None:
        """One more finished sample, of no lower rank than those before."""
        slot = f.slot
        if slot in self._missing:
            self._missing[slot] -= 1
            if self._missing[slot] == 0:
                del self._missing[slot]
                self.bound = self.bound if self._missing else f.rank


def bound(outcomes: Iterable[Finished], quotas: Quotas) -> int | None:
    """The lowest rank at which `outcomes` fill the quotas; None when they do not.

    Of the samples finished so far it is an upper bound of the final cut: a sample yet to finish can only lower it.
    """
    filling = Filling(quotas)
    for f in in_order(outcomes):
        if filling.bound is not None:
            break
        filling.add(f)
    return filling.bound


def cut(outcomes: Iterable[Finished], quotas: Quotas) -> Cut:
    """The cut and the fate of every sample up to it. Raises ValueError when an id comes twice."""
    ordered = in_order(outcomes)
    last = bound(ordered, quotas)
    planned = [f for f in ordered if last is None or f.rank <= last]
    left = dict(quotas)
    fates: dict[str, Fate] = {}
    for _, group in groupby(planned, key=lambda f: f.order[:2]):
        room = dict(left)
        for f in group:
            if f.id in fates:
                raise ValueError(f"{f.id}: two outcomes for one sample")
            fates[f.id] = _fate(f, room, left)
    return Cut(last, fates, len(ordered) - len(planned))


def _fate(f: Finished, room: Mapping[Slot, int | None], left: dict[Slot, int | None]) -> Fate:
    """The fate by the `room` there was before the group of `f`; takes its place out of what is `left`."""
    slot = f.slot
    if slot is None:
        return "failed" if f.status == "failed" else "discarded"
    if room[slot] == 0:
        return "surplus"
    before = left[slot]
    left[slot] = None if before is None else max(0, before - 1)
    return "kept"
