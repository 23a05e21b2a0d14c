"""Checks the promise of the journal from outside: which requests a server saw twice, and whether a kill explains that.

In: the requests that the server saw, and the times of kills. Out: every repeat with its reason. A request may be repeated when
it was open at a kill, or when its response was sent within the last 250 ms before it; else it was paid twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tests.kill.counting import SeenRequest

JUST_SENT_S = 0.25
GRACE_S = 3.5
Reason = Literal["open", "just sent", "broken"]


@dataclass(frozen=True)
class Kill:
    """When a kill was sent, and when the processes were gone, in seconds since 1970. A driver's raylet dies after the driver."""

    sent: float
    done: float


@dataclass(frozen=True)
class Repeat:
    """A request that came again: `before` and `again` are its arrivals."""

    before: SeenRequest
    again: SeenRequest
    reason: Reason

    def describe(self, kills: Sequence[Kill]) -> str:
        """A line for a failed assertion, with times relative to the last kill before the request came again."""
        at = max((kill.sent for kill in kills if kill.sent < self.again.came), default=self.again.came)
        sent = "never" if self.before.sent is None else f"{self.before.sent - at:+.3f} s"
        return (
            f"{self.reason}: {self.before.model} seed {self.before.seed} came {self.before.came - at:+.3f} s (run "
            f"{self.before.run}), was sent {sent}, came again {self.again.came - at:+.3f} s (run {self.again.run})"
        )


def find_repeats(requests: Iterable[SeenRequest], kills: Sequence[Kill]) -> Iterator[Repeat]:
    """Every request that came again, with the reason."""
    by_digest = defaultdict(list)
    for request in requests:
        by_digest[request.digest].append(request)
    for arrivals in by_digest.values():
        for before, again in pairwise(arrivals):
            yield Repeat(before, again, _reason_of(before, again, kills))


def _reason_of(before: SeenRequest, again: SeenRequest, kills: Sequence[Kill]) -> Reason:
    for kill in kills:
        if before.came <= kill.done and kill.sent < again.came:
            if before.sent is None or before.sent > kill.sent:
                return "open"
            if before.sent > kill.sent - JUST_SENT_S:
                return "just sent"
    return "broken"
