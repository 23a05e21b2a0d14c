"""What has happened so far in a run: counters per rung, yields per mode, its state, and how far feeding may go.

In: `Delta`s from the rung actors, a few a second. Out: a `Progress` for the display, and a `Gate` that tells the first rung
which samples it may still begin: none beyond the bound at which all quotas are filled, none too far ahead of the oldest
unfinished one.

    running -> draining   no new call; those in flight end
            -> halting    nor are those waited for, unless their answer has come
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.output.cut import Finished, Quotas, Slot, bound

State = Literal["running", "draining", "halting"]


@dataclass
class Delta:
    """What one actor has to report since its last report. Counters are keyed (rung, what)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    finished: list[tuple[int, Finished]] = field(default_factory=list)


@dataclass(frozen=True)
class Gate:
    """`bound`: no sample of a higher rank is needed (None: all are). `low`: the order of the oldest unfinished sample.

    `state` and `reason` are those of the run. `paused`: nobody has asked for a while how it stands; no call begins meanwhile.
    """

    bound: int | None
    low: int
    state: State = "running"
    reason: str = ""
    paused: bool = False


@dataclass(frozen=True)
class Progress:
    """A picture of the run. `counts` as in `Delta`; `kept` by what quota they count towards, of the samples finished so far.
    `planned`: samples that were fed or finished before; `more`: others may follow.

    `usd` was spent, those of earlier starts included, of `budget_usd`; `tokens` were used since this start. `held_up` says in few
    words which providers hold calls up.
    """

    planned: int
    done: int
    earlier: int
    counts: Mapping[tuple[str, str], int]
    kept: Mapping[Slot, int]
    discarded: int
    failed: int
    state: State = "running"
    reason: str = ""
    usd: float = 0.0
    budget_usd: float | None = None
    tokens: int = 0
    held_up: tuple[str, ...] = ()
    more: bool = False


class Tally:
    """Sums up the deltas. `planned` samples so far, `earlier` of them finished in a run before this one."""

    def __init__(self, planned: int, earlier: Sequence[Finished], quotas: Quotas) -> None:
        self._planned = 0
        self._earlier = 0
        self._quotas = quotas
        self._finished: dict[str, Finished] = {}
        self._fates: Counter[str] = Counter()
        self._orders: set[int] = set()
        self._low = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._bound: int | None = None
        self._state: State = "running"
        self._reason = ""
        self.plan(planned, earlier)

    def plan(self, more: int, earlier: Sequence[Finished]) -> None:
        """So many more samples are planned; `earlier` of them are finished already."""
        self._planned += more
        self._earlier += len(earlier)
        self._take(earlier)

    @property
    def low(self) -> int:
        """The order of the oldest unfinished sample."""
        return self._low

    @property
    def bound(self) -> int | None:
        """The rank above which no sample is needed; None: all are."""
        return self._bound

    @property
    def running(self) -> bool:
        """False when the run is coming to its end."""
        return self._state == "running"

    def add(self, delta: Delta) -> Gate:
        """Take a report in; what the reporter may still begin."""
        self._counts.update(delta.counts)
        if delta.finished:
            self._take([f for _, f in delta.finished])
            self._orders.update(order for order, _ in delta.finished if order >= self._low)
            while self._low in self._orders:
                self._orders.remove(self._low)
                self._low += 1
        return Gate(self._bound, self._low, self._state, self._reason)

    def drain(self, reason: str) -> None:
        """The run comes to its end; the first reason is kept."""
        if self._state == "running":
            self._state, self._reason = "draining", reason

    def halt(self) -> None:
        """It does so at once."""
        self._state = "halting"

    def _take(self, finished: Sequence[Finished]) -> None:
        """A sample counts once, even if Ray repeats its block after an actor died."""
        new = {f.id: f for f in finished if f.id not in self._finished}
        self._finished |= new
        self._fates.update(f.slot or f.status for f in new.values())
        # the bound takes a look at every sample, so it is sought only once each quota may be filled
        if all(self._fates[slot] >= (quota or 0) for slot, quota in self._quotas.items()):
            self._bound = bound(self._finished.values(), self._quotas)

    @property
    def in_flight(self) -> int:
        """Calls in flight, as far as they are reported."""
        return sum(n for (_, what), n in self._counts.items() if what == "in_flight")

    def progress(self) -> Progress:
        """The run as it stands."""
        return Progress(
            planned=self._planned,
            done=len(self._finished),
            earlier=self._earlier,
            counts=dict(self._counts),
            kept={slot: self._fates[slot] for slot in self._quotas},
            discarded=self._fates["discarded"],
            failed=self._fates["failed"],
            state=self._state,
            reason=self._reason,
        )
