"""Metering: each call is written down as open before it is sent, and entered in the ledger when it has ended in any way.

In: a bare backend and requests. Out: its replies and its errors, unchanged. Even when this process is killed, a call that was
sent is either in the ledger or among the open calls, with the money reserved for it.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Self

from pipeline.journal.scribe import Scribe
from pipeline.money.cost import CostOf, LoadOf, images_paid
from pipeline.storage.calls import OpenCall
from pipeline.storage.entries import ANSWER_ERRORS
from pipeline.storage.ledger import Call
from stages.errors import Broken, ModelError, TimedOut
from stages.identity import call_key
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

CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Metered:
    """Meters every call sent as `role` to `provider`.

    `load_of`: what a request may cost at most. `cost_of`: what it did cost (request, usage, images made). `chain`: the identity
    that call keys are made of where it is not the model's own, as in a chain of several models; ledger, journal and record
    use the same key.
    """

    model: Model
    role: str
    provider: str
    scribe: Scribe
    load_of: LoadOf
    cost_of: CostOf
    chain: str | None = None

    @property
    def identity(self) -> str:
        """The identity of `model`."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of `model`. Raises whatever the model raises; whatever the database raises, before anything is sent."""
        async with _CallUnderWay(self, request) as call:
            reply = await self.model.ask(request)
            call.usage, call.carrier = reply.usage, reply.carrier
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The reply of `model`. Raises whatever the model raises; whatever the database raises, before anything is sent."""
        async with _CallUnderWay(self, request) as call:
            reply = await self.model.draw(request)
            call.usage, call.images = reply.usage, 1
        return reply

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The reply of `model`. Raises whatever the model raises; whatever the database raises, before anything is sent."""
        async with _CallUnderWay(self, request) as call:
            reply = await self.model.score(request)
            call.usage = reply.usage
        return reply


@dataclass
class _CallUnderWay:
    """A call under way. It is entered in the ledger when it ends, by an answer or by any error."""

    meter: Metered
    request: Request
    usage: Usage | None = None
    images: int = 0
    carrier: str | None = None
    _open: OpenCall = field(init=False)
    _begun: float = field(init=False)

    async def __aenter__(self) -> Self:
        meter = self.meter
        self._open = OpenCall(
            id=uuid.uuid4().hex,
            call_key=call_key(meter.chain or meter.identity, self.request),
            role=meter.role,
            model=meter.identity,
            provider=meter.provider,
            kind=self.request.schema,
            started=time.time(),
            usd=meter.load_of(self.request).usd or None,  # 0 means that no price is known
        )
        await meter.scribe.open_call(self._open)
        self._begun = time.perf_counter()  # after the commit of the open call, which is no part of the duration
        return self

    async def __aexit__(self, _: object, error: BaseException | None, *__: object) -> None:
        if isinstance(error, ModelError):
            self.usage = error.usage
        usage, call = self.usage or Usage(), self._open
        ended = Call(
            call_key=call.call_key,
            role=call.role,
            model=call.model,
            provider=call.provider,
            kind=call.kind,
            started=call.started,
            seconds=time.perf_counter() - self._begun,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            images=self.images,
            usd=paid(self.request, self.usage, error, call.usd, self.meter.cost_of),
            outcome=_outcome(error),
            carrier=self.carrier,
        )
        self.meter.scribe.close_call(call.id, ended)


def paid(
    request: Request, usage: Usage | None, error: BaseException | None, reserved: float | None, cost_of: CostOf
) -> float | None:
    """What a call cost that ended with `error`, or with none, in US dollars; None where that is unknown.

    It is what was reserved, where an answer does not say what it took or the provider may have made one after we gave up.
    """
    if error is None or isinstance(error, (*ANSWER_ERRORS, Broken)):
        cost = cost_of(request, usage, images_paid(request, error))
        return reserved if cost is None else cost
    if isinstance(error, TimedOut) or not isinstance(error, ModelError):
        return reserved
    # the provider turned the request away: the budget counts it as free too
    return None if reserved is None else 0.0


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    return CANCELLED if isinstance(error, asyncio.CancelledError) else type(error).__name__
