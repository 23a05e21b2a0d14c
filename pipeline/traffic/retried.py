"""Retrying: a call that failed for a passing reason is made again.

In: requests. Out: the reply of the wrapped model, or its error when that does not pass. Waits are random and grow; where the
provider says when to come back, they are at least that long.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from pipeline.traffic.terms import ProviderOut, queued_s
from stages.errors import RateLimited, Transient
from stages.protocols import ImageReply, ImageRequest, Model, ScoreReply, ScoreRequest, TextReply, TextRequest

Sleep = Callable[[float], Awaitable[None]]
_GROWING = wait_random_exponential(multiplier=0.5, max=30)
_LEAST_WAIT_S = 0.1
_PACED = wait_random_exponential(multiplier=0.1, max=3)
"""After a wish to slow down the provider's lane pauses, and every call waits for it: this wait only adds jitter."""


@dataclass(frozen=True)
class Retried:
    """Makes a call again after a Transient error: at most `retries` times, and not later than `deadline_s` after its first failure.

    The time for which a call waits for its turn is not counted. RateLimited is no failure of the call: it counts against the
    deadline only. A provider that is out is waited for where it is `alone`, and that is not counted either; where another one
    may be asked, ProviderOut is raised. `sleep` may return early; the wrapped model then raises the reason.
    """

    model: Model
    deadline_s: float
    retries: int
    sleep: Sleep = asyncio.sleep
    alone: bool = True

    @property
    def identity(self) -> str:
        """The identity of the wrapped model."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the wrapped model; raises Transient only when no retry helped."""
        return await self._retrying()(self.model.ask, request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the wrapped model; raises Transient only when no retry helped."""
        return await self._retrying()(self.model.draw, request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """As the wrapped model; raises Transient only when no retry helped."""
        return await self._retrying()(self.model.score, request)

    def _retrying(self) -> AsyncRetrying:
        patience = _Patience(self.deadline_s, self.retries)
        return AsyncRetrying(
            retry=self._passes, stop=patience.is_over, wait=patience.wait, sleep=self.sleep, reraise=True
        )

    # Only what passes by itself is tried again: a refusal would be the same answer, paid twice.
    def _passes(self, state: RetryCallState) -> bool:
        error = _error(state)
        return isinstance(error, Transient) and (self.alone or not isinstance(error, ProviderOut))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


@dataclass
class _Patience:
    """How long and how often one call is tried again."""

    deadline_s: float
    retries: int
    failures: int = 0
    _first: float | None = None

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt; tenacity asks after each failure, before it asks whether to stop."""
        error = _error(state)
        if isinstance(error, ProviderOut):
            pause = max(error.wait_s, _LEAST_WAIT_S) * random.uniform(1.0, 1.5)
            self._first = self._first and self._first + pause  # shifted, so that this wait does not use up the deadline
            return pause
        if self._first is None:
            self._first = _time_not_queued()
        if isinstance(error, RateLimited):
            wish_s = error.retry_after or 0.0
            # A wish that is longer than our patience is for the provider's lane to judge: it gives the provider up.
            return (wish_s if wish_s < self.deadline_s else 0.0) + _PACED(state)
        self.failures += 1
        return _GROWING(state)

    def is_over(self, state: RetryCallState) -> bool:
        """True when the next attempt would be one too many, or too late."""
        if isinstance(_error(state), ProviderOut):
            return False
        assert self._first is not None
        return self.failures > self.retries or _time_not_queued() + state.upcoming_sleep - self._first > self.deadline_s


def _time_not_queued() -> float:
    return time.monotonic() - queued_s.get()
