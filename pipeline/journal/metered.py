"""Metering: a durable note before a call is sent, and its row in the ledger when it has ended, however it ended.

In: a bare backend and requests. Out: its replies and its errors, unchanged. Whatever becomes of this process, a call that was sent
is either in the ledger or among the open calls, with the money reserved for it.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Self

from pipeline.journal.scribe import Scribe
from pipeline.money.cost import CostOf, LoadOf, Request, images_paid
from pipeline.storage.calls import OpenCall
from pipeline.storage.entries import ANSWER_ERRORS
from pipeline.storage.ledger import Call
from stages.errors import Broken, ModelError, TimedOut
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Model, Role, TextReply, TextRequest, Usage

CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Metered:
    """Meters every call sent as `role` to `provider`.

    `load_of` says what a request may cost at most, `cost_of` what it did cost (request, usage, images made). `chain` is the
    identity that call keys are made of, where that is not the model's own (a chain of several models): ledger, journal and
    record go by the same key.
    """

    model: Model
    role: Role
    provider: str
    scribe: Scribe
    load_of: LoadOf
    cost_of: CostOf
    chain: str | None = None

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind. Raises whatever the database does, before anything is sent."""
        async with _CallUnderWay(self, request) as sent:
            reply = await self.model.ask(request)
            sent.usage = reply.usage
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind. Raises whatever the database does, before anything is sent."""
        async with _CallUnderWay(self, request) as sent:
            reply = await self.model.draw(request)
            sent.usage, sent.images = reply.usage, 1
        return reply


@dataclass
class _CallUnderWay:
    """A call on its way. It is entered in the ledger when it ends, by an answer or by any error."""

    by: Metered
    request: Request
    usage: Usage | None = None
    images: int = 0
    _open: OpenCall = field(init=False)
    _begun: float = field(init=False)

    async def __aenter__(self) -> Self:
        by = self.by
        self._open = OpenCall(
            id=uuid.uuid4().hex,
            call_key=call_key(by.chain or by.identity, self.request),
            role=by.role,
            model=by.identity,
            provider=by.provider,
            kind=self.request.schema,
            started=time.time(),
            usd=by.load_of(self.request).usd or None,  # a load of nothing: no price is known
        )
        await by.scribe.opened(self._open)
        self._begun = time.perf_counter()
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
            usd=self._usd(error),
            outcome=_outcome(error),
        )
        self.by.scribe.closed(call.id, ended)

    def _usd(self, error: BaseException | None) -> float | None:
        """What was reserved counts as spent where an answer does not say what it took, and where the provider may have made
        one that we did not wait for."""
        if error is None or isinstance(error, (*ANSWER_ERRORS, Broken)):
            cost = self.by.cost_of(self.request, self.usage, images_paid(self.request, error))
            return self._open.usd if cost is None else cost
        if isinstance(error, TimedOut) or not isinstance(error, ModelError):
            return self._open.usd
        return None if self._open.usd is None else 0.0  # turned away, as the budget counts it


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    return CANCELLED if isinstance(error, asyncio.CancelledError) else type(error).__name__
