"""What a caller and the owner of the traffic say to each other: how a call ended, and whether the next may be sent.

In: nothing. Out: immutable values, which travel between processes, and the error for a provider that is out.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from stages.errors import Transient

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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the owner says to calls that wait for one provider: a ticket for each of the first of them, or why not.

    `drained`: the run is coming to its end. `out`: the provider does not answer; it is asked again in `wait_s`. `dead`: it has not
    answered for so long that it is given up.
    """

    tickets: tuple[int, ...] = ()
    no: Literal["drained", "out", "dead"] | None = None
    words: str = ""
    wait_s: float = 0.0


class ProviderOut(Transient):
    """The call was not sent, because the provider does not answer now; it is asked again in `wait_s`."""

    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(text, wait_s)
        self.wait_s = wait_s
