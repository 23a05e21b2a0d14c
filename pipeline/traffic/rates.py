"""Rates: requests and tokens per minute of one provider. Pure; times are seconds of any one steady clock.

In: what a provider allows, and calls as they are sent and end. Out: when the next may be sent. In no window of 60 s are more
requests sent, or more tokens reserved or used, than the provider allows; a shorter window spreads the requests over the minute.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

MINUTE_S = 60.0
_AT_ONCE = 30  # a thirtieth of the minute's requests may go at once: two seconds' worth


@dataclass
class Window:
    """At most `limit` in any `seconds`. An amount above the limit goes alone, because it could never go otherwise."""

    limit: float
    seconds: float
    _taken: OrderedDict[int, tuple[float, float]] = field(default_factory=OrderedDict)
    _sum: float = 0.0

    def ready_at(self, amount: float, now: float) -> float:
        """The moment (seconds of the clock) from which `amount` more may be taken; `now` if it may at once."""
        self._forget(now)
        over = self._sum + amount - self.limit
        if over <= 0:
            return now
        ready = now
        for at, taken in self._taken.values():
            ready = (
                at + self.seconds
            )  # the entry that makes room decides; for an amount that must go alone it is the last
            over -= taken
            if over <= 0:
                break
        return ready

    def take(self, ticket: int, amount: float, now: float) -> None:
        """Enter `amount` for the call with this ticket."""
        self._taken[ticket] = (now, amount)
        self._sum += amount

    def settle(self, ticket: int, amount: float) -> None:
        """The call took `amount`, not what was entered. Without effect once the entry has left the window."""
        if ticket in self._taken:
            at, taken = self._taken[ticket]
            self._sum += amount - taken
            self._taken[ticket] = (at, amount)
            if amount == 0:  # a call that was not sent must not count as a request
                del self._taken[ticket]

    def _forget(self, now: float) -> None:
        while self._taken:
            ticket, (at, taken) = next(iter(self._taken.items()))
            if at + self.seconds > now:
                return
            del self._taken[ticket]
            self._sum -= taken


class RateWindows:
    """The windows of one provider. None means no limit."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests: tuple[Window, ...] = ()
        self._tokens: tuple[Window, ...] = ()
        if requests_per_minute is not None:
            burst = max(1, requests_per_minute // _AT_ONCE)
            spread = Window(burst, MINUTE_S * burst / requests_per_minute)
            self._requests = (Window(requests_per_minute, MINUTE_S), spread)
        if tokens_per_minute is not None:
            self._tokens = (Window(tokens_per_minute, MINUTE_S),)

    def ready_at(self, tokens: int, now: float) -> float:
        """The moment from which a call of so many tokens may be sent; `now` if it may at once."""
        requests = [window.ready_at(1, now) for window in self._requests]
        return max([now, *requests, *(window.ready_at(tokens, now) for window in self._tokens)])

    def take(self, ticket: int, tokens: int, now: float) -> None:
        """A call is sent that may take so many tokens."""
        for window in self._requests:
            window.take(ticket, 1, now)
        for window in self._tokens:
            window.take(ticket, tokens, now)

    def settle(self, ticket: int, tokens: int | None) -> None:
        """The call took so many tokens; with None, when that is not known, what was reserved stands."""
        if tokens is not None:
            for window in self._tokens:
                window.settle(ticket, tokens)

    def unsent(self, ticket: int) -> None:
        """The call was not sent after all."""
        for window in (*self._requests, *self._tokens):
            window.settle(ticket, 0)
