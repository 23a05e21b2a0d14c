"""How many calls a provider takes at once, learned by trying (AIMD). Pure; times are seconds of any one steady clock.

In: how calls ended. Out: the number that may be in flight, and until when none may be sent. The number starts low and doubles
while all goes well. A wish to slow down takes a quarter off, once per wave of such answers, and starts a pause (cool-down) for
the whole provider. After that the number climbs fast to where the trouble began, and slowly beyond.
"""

import math
import random
from dataclasses import dataclass, field

START = 4
FALL = 0.75
SUCCESSES_PER_STEP = 25
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
JITTER = 0.25
CALM = 25
"""So many successes in a row end a trouble: a wish to slow down that comes later begins a new one."""
_FORGET, _FORGET_S = 0.95, 10.0
"""While a trouble lasts, the end of the fast climb falls by this factor, at most every ten seconds. So a provider that takes less
for good is not overrun for ever, and one that had a bad minute is soon back at its pace."""


@dataclass
class Adaptive:
    """`most`, at least 1, is the number that is never exceeded; `dice` gives the jitter."""

    most: int
    dice: random.Random
    limit: float = field(init=False)
    pause_until: float = 0.0
    _climb_to: float = field(init=False)
    _in_a_row: int = 0
    _waves: int = 0
    _fell_at: float = -math.inf
    _forgot_at: float = -math.inf

    def __post_init__(self) -> None:
        # no trouble is known yet, so the fast climb ends only at `most`
        self.limit, self._climb_to = float(min(START, self.most)), float(self.most)

    @property
    def slots(self) -> int:
        """How many calls may be in flight, 1 to `most`."""
        return max(1, int(self.limit))

    def answered(self) -> None:
        """A call succeeded: the number grows by one while climbing fast (it doubles per round), by one per 25 successes beyond."""
        step = 1.0 if self.limit < self._climb_to else 1 / SUCCESSES_PER_STEP
        self.limit = min(float(self.most), self.limit + step)
        self._in_a_row += 1

    def slowed(self, sent_at: float, now: float, retry_after: float | None) -> None:
        """A call sent at `sent_at` was answered with the wish to slow down. `retry_after` in seconds, None where none was given."""
        if retry_after is not None:
            # calls that wait come back one after the other, not all in the same moment
            self.pause_until = max(self.pause_until, now + retry_after * (1 + self.dice.random() * JITTER / 5))
        # a call that was sent before we slowed down belongs to a wave that has had its effect
        if sent_at > self._fell_at:
            self._fall(now, pausing=retry_after is None)
        self._in_a_row = 0

    def _fall(self, now: float, pausing: bool) -> None:
        if self._in_a_row >= CALM or self._fell_at == -math.inf:
            self._climb_to, self._forgot_at, self._waves = self.limit * FALL, now, 0
        elif now - self._forgot_at >= _FORGET_S:
            self._climb_to, self._forgot_at = max(1.0, self._climb_to * _FORGET), now
        self.limit = max(1.0, self.limit * FALL)
        self._fell_at = now
        if pausing:
            grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._waves)
            self.pause_until = max(self.pause_until, now + grown * (1 - JITTER * self.dice.random()))
        self._waves = min(self._waves + 1, 16)  # long after the longest pause; 2**waves must fit a float
