"""The way into the traffic from one actor: calls that wait go to the owner together, and those that ended are told together.

In: loads, and how calls ended, on the event loop of the actor. Out: tickets. A message to the owner per call would cost as much
CPU as the call. Where nothing limits a call, no message is sent at all.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.traffic.terms import After, Answer, ProviderOut
from stages.errors import EngineDead

COLLECT_S = 0.01
FLUSH_S = 0.02
MOST_AT_ONCE = 64
FREE = 0
"""The ticket of a call that nothing limits."""


@dataclass(frozen=True)
class _Waiting:
    load: Load
    ticket: "asyncio.Future[int]"


@dataclass
class Entrance:
    """`ask` and `tell` reach the owner (`Owner.enter`, `Owner.leave`). `lanes` are the providers it paces.

    With a `budget` every call that may cost money must pass the owner, whoever answers it.
    """

    ask: Callable[[str, Sequence[Load]], Awaitable[Answer]]
    tell: Callable[[Sequence[tuple[int, After]]], None]
    lanes: frozenset[str]
    budget: bool
    _waiting: dict[str, deque[_Waiting]] = field(default_factory=dict)
    _asking: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _ended: list[tuple[int, After]] = field(default_factory=list)
    _flush: asyncio.TimerHandle | None = None

    async def enter(self, provider: str, load: Load) -> int:
        """A ticket, as soon as the call may be sent. Raises Drained, ProviderOut, EngineDead."""
        if provider not in self.lanes and not (self.budget and load.usd):
            return FREE
        mine = _Waiting(load, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(provider, deque()).append(mine)
        asking = self._asking.get(provider)
        if asking is None or asking.done():
            self._asking[provider] = asyncio.create_task(self._ask(provider))
        try:
            return await mine.ticket
        except asyncio.CancelledError:
            if mine.ticket.done() and not mine.ticket.cancelled() and mine.ticket.exception() is None:
                self.leave(mine.ticket.result(), _UNSENT)  # it was given in the same moment
            raise

    def leave(self, ticket: int, after: After) -> None:
        """The call with this ticket has ended."""
        if ticket == FREE:
            return
        self._ended.append((ticket, after))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Tell the owner now which calls have ended."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._ended:
            ended, self._ended = self._ended, []
            self.tell(ended)

    async def _ask(self, provider: str) -> None:
        queue = self._waiting[provider]
        while queue:
            await asyncio.sleep(COLLECT_S)  # calls take seconds: ten milliseconds gather those that wait together
            group = self._first(queue)
            if not group:
                continue
            asked = asyncio.ensure_future(self.ask(provider, [waiting.load for waiting in group]))
            await asyncio.wait({asked})  # if the owner cannot be reached, those who wait hear of it
            error = asked.exception()
            if error is None:
                self._hand_out(queue, group, asked.result())
            else:
                _fail(group, error)

    def _first(self, queue: deque[_Waiting]) -> list[_Waiting]:
        group: list[_Waiting] = []
        while queue and len(group) < MOST_AT_ONCE:
            waiting = queue.popleft()
            if not waiting.ticket.done():  # else it was cancelled meanwhile
                group.append(waiting)
        return group

    def _hand_out(self, queue: deque[_Waiting], group: list[_Waiting], answer: Answer) -> None:
        for waiting, ticket in zip(group, answer.tickets, strict=False):
            if waiting.ticket.done():
                self.leave(ticket, _UNSENT)
            else:
                waiting.ticket.set_result(ticket)
        rest = group[len(answer.tickets) :]
        if answer.no is None:
            queue.extendleft(reversed(rest))
        else:
            _fail(rest, _error(answer))


_UNSENT = After("unsent", tokens=0, usd=0.0)


def _fail(group: Sequence[_Waiting], error: BaseException) -> None:
    for waiting in group:
        if not waiting.ticket.done():
            waiting.ticket.set_exception(error)


def _error(answer: Answer) -> Exception:
    match answer.no:
        case "drained":
            return Drained(answer.words)
        case "out":
            return ProviderOut(answer.words, answer.wait_s)
        case _:
            return EngineDead(answer.words)
