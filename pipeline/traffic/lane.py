"""One provider's lane: its rates, the number of calls it takes at once, its pauses and its breaker. Pure, with a given clock.

In: calls that wait to be sent, and how they ended. Out: whether one may be sent now, or when to try again, or why not at all.
"""

import math
import random
from dataclasses import dataclass

from pipeline.backends.openai.spec import Provider
from pipeline.money.cost import Load
from pipeline.traffic.adaptive import Adaptive
from pipeline.traffic.breaker import Breaker
from pipeline.traffic.rates import RateWindows
from pipeline.traffic.terms import After, Answer


class Lane:
    """The lane to the provider called `name`.

    `most`, at least 1, is what the run may have in flight in all; `patience_s` is how long the provider may be out.
    """

    def __init__(self, name: str, provider: Provider, most: int, patience_s: float) -> None:
        self.name = name
        self.in_flight = 0
        self._rates = RateWindows(provider.requests_per_minute, provider.tokens_per_minute)
        # by name, so that lanes do not pause in step and a run can be repeated
        self._adaptive = Adaptive(min(most, provider.concurrency or most), random.Random(name))
        self._breaker = Breaker(name, patience_s)
        self._patience_s = patience_s

    def refusal(self, now: float) -> Answer | None:
        """The answer to calls that wait, when waiting in this lane is of no use now; else None."""
        wait_s = self._breaker.wait_s(now)
        lasting = self._breaker.why_given_up(now)
        # even a provider that is given up gets a probe when one is due
        if lasting is not None and (wait_s is not None or not self._breaker.is_open):
            return Answer(no="dead", words=lasting)
        if wait_s is not None:
            return Answer(no="out", words=f"provider {self.name} is out", wait_s=wait_s)
        pause_s = self._adaptive.pause_until - now
        # a wish for a longer pause than the run waits for any provider amounts to a refusal
        if pause_s > self._patience_s:
            return Answer(no="dead", words=f"provider {self.name} wants no call for {pause_s:.0f} s")
        return None

    def ready_at(self, load: Load, now: float) -> float:
        """The moment from which a call may be sent: `now` if it may at once, infinity if another must end first."""
        if self.in_flight >= self._adaptive.slots:
            return math.inf
        return max(self._adaptive.pause_until, self._rates.ready_at(load.tokens, now), now)

    def take(self, ticket: int, load: Load, now: float) -> None:
        """A call is let through, `now` in seconds of the lane's clock."""
        self.in_flight += 1
        self._rates.take(ticket, load.tokens, now)
        self._breaker.sent(ticket)

    def end(self, ticket: int, sent: "Sent", after: After, now: float) -> None:
        """A call ended."""
        self.in_flight -= 1
        if after.outcome == "unsent":
            self._rates.unsent(ticket)
        else:
            self._rates.settle(ticket, after.tokens)
        match after.outcome:
            case "ok":
                self._adaptive.answered()
                self._breaker.answered(after.model)
            case "rate_limited":
                self._adaptive.slowed(sent.at, now, after.retry_after)
                self._breaker.slowed(now, after.words)
            case "other":
                self._breaker.turned_down(after.words, after.model)
            case "transient":
                self._breaker.failed(ticket, now, after.words)
            case "dead":
                self._breaker.refused_service(now, after.words)
            case "cancelled" | "unsent":
                self._breaker.unanswered(ticket)

    @property
    def is_out(self) -> bool:
        """True while its provider counts as out."""
        return self._breaker.is_open

    def server_checked(self, is_there: bool) -> None:
        """See `Breaker.server_checked`."""
        self._breaker.server_checked(is_there)

    def words(self, now: float) -> str | None:
        """What holds this lane up, in few words; None when nothing does."""
        if self._breaker.is_open:
            return f"{self.name} is out"
        pause_s = self._adaptive.pause_until - now
        if pause_s > 0:
            return f"{self.name} pauses {math.ceil(pause_s)} s"
        return None


@dataclass(frozen=True, slots=True)
class Sent:
    """A call in flight: whose, in which lane if any, what was set aside for it, and when it was let through (seconds)."""

    holder: str
    lane: Lane | None
    load: Load
    at: float
