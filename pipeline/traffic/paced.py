"""Pacing: a call is sent when its provider, the budget and the run's limit have room for it.

In: requests. Out: the replies and errors of the wrapped model, unchanged; Drained when the run is coming to its end. The traffic's
owner learns the provider's pace from what this module reports: what each call took, and how it ended.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from pipeline.money.cost import CostOf, Load, LoadOf, images_paid
from pipeline.traffic.terms import UNSENT, After, queued_s
from stages.errors import Broken, EngineDead, Malformed, ModelError, RateLimited, Refused, TimedOut, TooLong, Transient
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Model,
    Request,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    Usage,
)

Count = Callable[[str, int], None]
R = TypeVar("R", TextReply, ImageReply, ScoreReply)

_ANSWERS = (Refused, Malformed, TooLong)


class Traffic(Protocol):
    """An actor's end of the run's traffic."""

    async def enter(self, provider: str | None, load: Load) -> int:
        """A ticket, once the provider (None: there is none) and the run have room for the call, and the budget has the money.

        Raises pipeline.errors.Drained; ProviderOut and stages.errors.EngineDead where the provider does not answer any call.
        """
        ...

    def leave(self, ticket: int, after: After) -> None:
        """The call with this ticket has ended."""
        ...

    async def wait_to_send(self) -> None:
        """Wait while nobody watches the run. Raises pipeline.errors.Drained when no call may begin any more."""
        ...


@dataclass(frozen=True)
class Paced:
    """One model at one provider, or at none: in this process.

    `load_of`: what a request may take at most; `cost_of`: what it did take (request, usage, images).
    """

    model: Model
    provider: str | None
    load_of: LoadOf
    cost_of: CostOf
    traffic: Traffic
    count: Count

    @property
    def identity(self) -> str:
        """The identity of the wrapped model."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the wrapped model, when there is room for the call."""
        return await self._paced(self.model.ask, request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the wrapped model, when there is room for the call."""
        reply = await self._paced(self.model.draw, request)
        self.count("images", 1)
        return reply

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """As the wrapped model, when there is room for the call."""
        return await self._paced(self.model.score, request)

    async def _paced(self, call: Callable[..., Awaitable[R]], request: Request) -> R:
        began = time.monotonic()
        ticket = await self.traffic.enter(self.provider, self.load_of(request))
        after = UNSENT
        self.count("in_flight", 1)
        try:
            await self.traffic.wait_to_send()
            queued_s.set(queued_s.get() + time.monotonic() - began)
            self.count("calls", 1)
            # whatever ends the call from here on, the provider may have answered it
            after = After("cancelled")
            reply = await call(request)
            after = self._answered(request, reply.usage)
            return reply
        except ModelError as error:
            after = self._failed(request, error)
            raise
        finally:
            self.count("in_flight", -1)
            self.traffic.leave(ticket, replace(after, model=self.identity))

    def _answered(self, request: Request, usage: Usage | None, error: ModelError | None = None) -> After:
        tokens = (
            None if usage is None or usage.input_tokens is None else usage.input_tokens + (usage.output_tokens or 0)
        )
        return After("ok", tokens=tokens, usd=self.cost_of(request, usage, images_paid(request, error)))

    def _failed(self, request: Request, error: ModelError) -> After:
        """What an error says about the provider. Its money is counted as in the ledger (`pipeline.journal.metered`)."""
        match error:
            case RateLimited():
                return After("rate_limited", error.retry_after, tokens=0, usd=0.0, words=error.text)
            # no tokens, no money: what was reserved counts, because the provider may have answered all the same
            case TimedOut():
                return After("transient", words=error.text)
            case Broken():
                return replace(self._answered(request, error.usage, error), outcome="transient", words=error.text)
            # turned away before it was answered: free
            case Transient():
                return After("transient", usd=0.0, words=error.text)
            case EngineDead():
                return After("dead", tokens=0, usd=0.0, words=error.text)
            case _ if isinstance(error, _ANSWERS):
                return self._answered(request, error.usage, error)
            case _:
                return After("other", tokens=0, usd=0.0, words=error.text)
