"""The promise of the journal, checked from outside: what a server saw twice, and whether a kill explains it.

In: what the server saw, and when kills came. Out: every repeat with its reason. A request may be repeated when it was open at a
kill, or when its response had been sent within the last 250 ms before it; else it was paid twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tests.kill.counting import Seen

JUST_SENT_S = 0.25
GRACE_S = 3.5
Reason = Literal["open", "just sent", "broken"]


@dataclass(frozen=True)
class Kill:
    """When a kill was sent, and when it was done: the kernel takes a moment, and a driver's raylet dies after the driver."""

    sent: float
    done: float


@dataclass(frozen=True)
class Repeat:
    """A request that came again."""

    before: Seen
    again: Seen
    reason: Reason

    def told(self, kills: Sequence[Kill]) -> str:
        """For a reader: times relative to the last kill before it came again."""
        at = max((kill.sent for kill in kills if kill.sent < self.again.came), default=self.again.came)
        sent = "never" if self.before.sent is None else f"{self.before.sent - at:+.3f} s"
        return (
            f"{self.reason}: {self.before.model} seed {self.before.seed} came {self.before.came - at:+.3f} s (run "
            f"{self.before.run}), was sent {sent}, came again {self.again.came - at:+.3f} s (run {self.again.run})"
        )


def repeats(seen: Iterable[Seen], kills: Sequence[Kill]) -> Iterator[Repeat]:
    """Every request that came again, and why it might."""
    by_digest = defaultdict(list)
    for one in seen:
        by_digest[one.digest].append(one)
    for times in by_digest.values():
        for before, again in pairwise(times):
            yield Repeat(before, again, _reason(before, again, kills))


def _reason(before: Seen, again: Seen, kills: Sequence[Kill]) -> Reason:
    for kill in kills:
        if before.came <= kill.done and kill.sent < again.came:
            if before.sent is None or before.sent > kill.sent:
                return "open"
            if before.sent > kill.sent - JUST_SENT_S:
                return "just sent"
    return "broken"
