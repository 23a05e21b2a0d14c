"""A model whose calls are noted, with their time, their price and their errors; and one that only counts what calls may cost.

In: a bare model, and what each call is for. Out: its replies and errors, unchanged, and `Exchange`s. A call that passes its time
ends with TimedOut; one that failed for a passing reason is made once more.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pipeline.doctor.findings import Exchange
from pipeline.doctor.patients import Tariff
from pipeline.journal.metered import paid
from pipeline.money.cost import LoadOf
from stages.errors import ModelError, RateLimited, TimedOut, Transient
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Model,
    Request,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    TokenLogprob,
    Usage,
)
from stages.records import ImageRef

PAUSE_S, LONGEST_PAUSE_S = 2.0, 20.0
Reply = TextReply | ImageReply | ScoreReply
R = TypeVar("R", TextReply, ImageReply, ScoreReply)


@dataclass
class Overheard:
    """Passes calls on to `model`, each of which may take `limit_s` seconds. `purpose` is what the next call is for."""

    model: Model
    tariff: Tariff
    limit_s: float
    exchanges: list[Exchange] = field(default_factory=list)
    errors: list[ModelError] = field(default_factory=list)
    purpose: str = ""
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """The identity of `model`."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of `model`. Raises stages.errors.ModelError."""
        return await self._call(self.model.ask, request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The reply of `model`. Raises stages.errors.ModelError."""
        return await self._call(self.model.draw, request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The reply of `model`. Raises stages.errors.ModelError."""
        return await self._call(self.model.score, request)

    async def _call(self, method: Callable[..., Awaitable[R]], request: Request) -> R:
        try:
            return await self._once(method, request)
        except TimedOut:
            raise
        except Transient as error:
            wish_s = (error.retry_after or PAUSE_S) if isinstance(error, RateLimited) else PAUSE_S
            await asyncio.sleep(min(wish_s, LONGEST_PAUSE_S))
        return await self._once(method, request)

    async def _once(self, method: Callable[..., Awaitable[R]], request: Request) -> R:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self.limit_s):
                reply = await method(request)
        except TimeoutError:
            late = TimedOut(f"no answer within {self.limit_s:g} s")
            self._note(request, begun, None, late)
            raise late from None
        except ModelError as error:
            self._note(request, begun, None, error)
            raise
        self._note(request, begun, reply, None)
        return reply

    def _note(self, request: Request, begun: float, reply: Reply | None, error: ModelError | None) -> None:
        usage = reply.usage if reply is not None else error.usage if error is not None else None
        if reply is not None:
            self.replies.append(reply)
            self.requests.append(request)
        if error is not None:
            self.errors.append(error)
        most = self.tariff.load_of(request).usd if self.tariff.known else None
        # as the ledger has it: a call that we gave up may be paid all the same
        usd = paid(request, usage, error, most, self.tariff.cost_of)
        self.exchanges.append(
            Exchange(
                self.purpose,
                next((m.content for m in reversed(request.messages) if m.role == "user"), ""),
                request.images,
                time.perf_counter() - begun,
                _words(reply) if error is None else error.text,
                reply.image if isinstance(reply, ImageReply) else None,
                None if error is None else f"{type(error).__name__}: {error}",
                usage.input_tokens if usage else None,
                usage.output_tokens if usage else None,
                usd,
            )
        )


def _words(reply: Reply | None) -> str | None:
    if isinstance(reply, ScoreReply):
        return f"{len(reply.tokens)} tokens, log-probability {reply.total:.2f}"
    return None if reply is None else reply.text


@dataclass
class PriceRehearsal:
    """Answers as a model that does all right, and counts the calls and what they may cost at most, in US dollars."""

    load_of: LoadOf
    answer: ImageRef
    identity: str = "rehearsal"
    calls: int = 0
    images: int = 0
    usd: float = 0.0

    def _count(self, request: Request) -> None:
        self.calls += 1
        self.images += isinstance(request, ImageRequest)
        self.usd += self.load_of(request).usd

    async def ask(self, request: TextRequest) -> TextReply:
        """A reply of the shape that is asked for."""
        self._count(request)
        if request.schema == "reflection":
            fields: dict[str, object] = {
                "error_type": "logic_flaw",
                "failure_analysis": "The two things have changed places.",
                "improvement_plan": "Put the heart on the left and the star on the right.",
            }
        else:
            verdicts = {axis: {"score": 2, "reason": "The things have changed places."} for axis in request.axes}
            fields = {"demands": [{"demand": "the heart is on the left", "met": False}], **verdicts}
        return TextReply(json.dumps(fields), Usage(0, 0))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """A picture that is right."""
        self._count(request)
        return ImageReply(self.answer, None, Usage(0, 0))

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """One token."""
        self._count(request)
        return ScoreReply((TokenLogprob(request.text, -1.0),), Usage(0, 0))
