"""The circuit breaker of one provider: is it worth asking now? Pure; times are seconds of any one steady clock.

In: how calls ended, and whether the server answers a question that is no call. Out: closed (send calls), open (send none until a
moment), or a probe (send one call, to learn more). A provider that stays open for longer than the run's patience is given up,
though a probe goes through now and then, in case it comes back. A server that is there and fails these calls only is not out:
probes use up the tries of these calls one by one, and it is given up after twice the patience without a single answer.

    closed --8 failures in a row, over 2 s or more--> open --its time is over--> one probe --answered--> closed
                                                       ^                            |
                                                       +---------- failed ----------+
"""

from collections import Counter
from dataclasses import dataclass, field

FAILURES, LEAST_S = 8, 2.0  # a burst of failures in one moment is a hiccup, not an outage
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
MISCONFIGURED, MISCONFIGURED_LATER = 20, 50


@dataclass
class Breaker:
    """`patience_s`: how long a provider may be out before it is given up."""

    name: str
    patience_s: float
    _known: set[str] = field(default_factory=set)
    _turned_down: Counter[str] = field(default_factory=Counter)
    _server_is_there: bool = False
    _failures: int = 0
    _failing_since: float = 0.0
    _silent_since: float | None = None
    _unanswered: int = 0
    _open_since: float | None = None
    _probe_at: float = 0.0
    _probe: int | None = None
    _wait_s: float = field(default_factory=lambda: FIRST_WAIT_S)
    _words: str = ""
    _refuses: bool = False

    def answered(self, model: str = "") -> None:
        """A call was answered as it should be: the provider is there, and knows what we ask of this model."""
        self._known.add(model)  # a model that once answered is not misconfigured: more errors are allowed in a row
        self._turned_down[model] = 0
        self._close()

    def slowed(self, now: float, words: str) -> None:
        """A call was answered with the wish to slow down: the provider is there, but this counts as no answer."""
        self._forget_failures()
        self._refuses, self._wait_s, self._words = False, FIRST_WAIT_S, words
        self._count_unanswered(now)

    def turned_down(self, words: str, model: str = "") -> None:
        """A call was answered with an error that is not about its content; many in a row mean that the model is misconfigured."""
        self._close()
        self._words = words
        self._turned_down[model] += 1

    def failed(self, ticket: int, now: float, words: str) -> None:
        """A call got no answer. While open, only the probe's failure counts: other calls were sent before the breaker opened."""
        self._count_unanswered(now)
        if self._open_since is not None and ticket != self._probe:
            return
        self._words = words
        if self._failures == 0:
            self._failing_since = now
        self._failures += 1
        if self._open_since is not None or (self._failures >= FAILURES and now - self._failing_since >= LEAST_S):
            self._open(now)

    def server_checked(self, is_there: bool) -> None:
        """Whether the server answers and takes our key, though calls fail.

        Where it does, perhaps only these calls fail: probes go on, one a second, by whichever call waits, until each has had its
        tries. Where it does not, the outage uses up no call's tries.
        """
        self._server_is_there = is_there
        if is_there:
            self._wait_s = FIRST_WAIT_S

    def refused_service(self, now: float, words: str) -> None:
        """The provider will not serve us (its own words), or its engine is gone: open at once, and given up."""
        self._words, self._refuses = words, True
        self._open(now)

    def sent(self, ticket: int) -> None:
        """A call is sent; while open, this call is the probe."""
        if self._open_since is not None:
            self._probe = ticket

    def unanswered(self, ticket: int) -> None:
        """A call ended and says nothing about the provider. If it was the probe, the next call is the probe."""
        if ticket == self._probe:
            self._probe = None

    def wait_s(self, now: float) -> float | None:
        """Seconds until a probe may go; while one is on its way, about as long as the next would wait. None: a call may be sent."""
        if self._open_since is None:
            return None
        if self._probe is not None:
            return self._wait_s
        return self._probe_at - now if self._probe_at > now else None

    def why_given_up(self, now: float) -> str | None:
        """Why it is of no use to wait any longer; None while it may be of use."""
        for model, times in self._turned_down.items():
            if times >= (MISCONFIGURED_LATER if model in self._known else MISCONFIGURED):
                return f"provider {self.name} turned down {times} calls in a row: {self._words}"
        silence = self._why_silent(now)
        if self._open_since is None:
            if silence:
                self._open(now)  # from here on only probes go
            return silence
        if self._refuses:
            return self._words
        if not self._server_is_there and now - self._open_since >= self.patience_s:
            return f"no answer from provider {self.name} for {now - self._failing_since:.0f} s: {self._words}"
        return silence

    def _why_silent(self, now: float) -> str | None:
        """Why a server that is there is given up all the same: it has answered none of many calls for long."""
        if self._silent_since is None or self._unanswered < MISCONFIGURED:
            return None
        silent_s = now - self._silent_since
        if silent_s < 2 * self.patience_s:
            return None
        calls = f"none of {self._unanswered} calls for {silent_s:.0f} s"
        return f"provider {self.name} is there, and has answered {calls}: {self._words}"

    def _count_unanswered(self, now: float) -> None:
        self._unanswered += 1
        # slowing down counts, too: a provider that wishes nothing else for ever is of no use
        if self._silent_since is None:
            self._silent_since = now

    @property
    def is_open(self) -> bool:
        """True while the provider counts as out."""
        return self._open_since is not None

    def _open(self, now: float) -> None:
        if self._open_since is None:
            self._open_since = now
        else:  # a probe failed
            self._wait_s = FIRST_WAIT_S if self._server_is_there else min(2 * self._wait_s, LONGEST_WAIT_S)
        self._probe, self._probe_at = None, now + self._wait_s

    def _close(self) -> None:
        self._forget_failures()
        self._refuses, self._wait_s, self._silent_since, self._unanswered = False, FIRST_WAIT_S, None, 0
        self._server_is_there = False

    def _forget_failures(self) -> None:
        self._failures, self._open_since, self._probe = 0, None, None
