"""What a caller and the owner of the traffic tell each other: how a call ended, and whether the next may be sent.

In: nothing. Out: immutable values, which travel between processes, and the errors that they amount to.
"""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.errors import Drained
from stages.errors import EngineDead, Transient

queued_s: ContextVar[float] = ContextVar("queued_s", default=0.0)
"""Seconds that this task's calls have waited for their turn, in all: not the fault of the call, nor of the provider."""

Ended = Literal["ok", "rate_limited", "transient", "other", "dead", "cancelled", "unsent"]
"""`ok`: it answered, be it to decline. `other`: it turned the request down. `dead`: it will not serve us. `cancelled`: we left,
and it may have answered. `unsent`: nothing was sent."""


@dataclass(frozen=True, slots=True)
class After:
    """How a call ended. `retry_after` in seconds. `tokens` and `usd` are what it took, None where that is not known.

    `model` is who was asked. `words` are the provider's, kept for the message should it be given up.
    """

    outcome: Ended
    retry_after: float | None = None
    tokens: int | None = None
    usd: float | None = None
    words: str = ""
    model: str = ""


UNSENT = After("unsent", tokens=0, usd=0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the owner answers to calls that wait: a ticket for each of the first of them, or why they get none.

    `drained`: the run is coming to its end. `out`: the provider does not answer; it is asked again in `wait_s` seconds. `dead`: it
    has not answered for so long that it is given up.
    """

    tickets: tuple[int, ...] = ()
    no: Literal["drained", "out", "dead"] | None = None
    words: str = ""
    wait_s: float = 0.0


class ProviderOut(Transient):
    """The call was not sent, because the provider does not answer now; it is asked again in `wait_s` seconds."""

    # Transient, because it may pass; a class of its own, because it is no failure of the call
    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(text, wait_s)
        self.wait_s = wait_s


def refusal(answer: Answer) -> Exception:
    """The error that an answer with a `no` amounts to: Drained, ProviderOut or EngineDead."""
    match answer.no:
        case "drained":
            return Drained(answer.words)
        case "out":
            return ProviderOut(answer.words, answer.wait_s)
        case _:
            return EngineDead(answer.words)


def fail_all(waiting: Iterable["asyncio.Future[Any]"], error: BaseException) -> None:
    """Raise `error` in all who still wait for one of these futures."""
    for future in waiting:
        if not future.done():
            future.set_exception(error)
