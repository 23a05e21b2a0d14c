"""The way into the traffic from one actor: it gets tickets from the owner for calls that wait, and reports those that ended.

In: loads, and how calls ended, on the event loop of the actor. Out: tickets. Messages to the owner are gathered, because one per
call would cost as much CPU as the call; a call that only the run's own limit holds back takes hardly any (`leases`).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pipeline.money.cost import Load
from pipeline.traffic.leases import Leases
from pipeline.traffic.terms import UNSENT, After, Answer, fail_all, refusal

COLLECT_S = 0.01  # calls take seconds: ten milliseconds gather those that wait together
FLUSH_S = 0.02  # a place stays taken for so long after its call
MOST_AT_ONCE = 64
_NOTHING = Load(0, 0.0)


@dataclass(frozen=True)
class _Waiting:
    load: Load
    ticket: "asyncio.Future[int]"


@dataclass
class Entrance:
    """`ask` and `tell` reach the owner (`Owner.enter`, `Owner.leave`).

    A call needs a ticket of its own where a provider paces it, or where there is a `budget` and it may cost money.
    """

    ask: Callable[[str | None, Sequence[Load]], Awaitable[Answer]]
    tell: Callable[[Sequence[tuple[int, After]]], None]
    budget: bool
    _leases: Leases = field(init=False)
    _waiting: dict[str | None, deque[_Waiting]] = field(default_factory=dict)
    _asking: dict[str | None, "asyncio.Task[None]"] = field(default_factory=dict)
    _ended: list[tuple[int, After]] = field(default_factory=list)
    _flush: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._leases = Leases(self._lease, self._give_back)

    async def enter(self, provider: str | None, load: Load) -> int:
        """A ticket, as soon as the call may be sent; `provider` is None where none paces it.

        Raises Drained, ProviderOut, EngineDead.
        """
        if provider is None and not (self.budget and load.usd):
            return await self._leases.take()
        mine = _Waiting(load, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(provider, deque()).append(mine)
        asking = self._asking.get(provider)
        if asking is None or asking.done():
            self._asking[provider] = asyncio.create_task(self._ask_for_waiting(provider))
        try:
            return await mine.ticket
        except asyncio.CancelledError:
            if mine.ticket.done() and not mine.ticket.cancelled() and mine.ticket.exception() is None:
                self.leave(mine.ticket.result(), UNSENT)  # it was granted in the same moment
            raise

    def leave(self, ticket: int, after: After) -> None:
        """The call with this ticket has ended."""
        if ticket in self._leases:
            self._leases.put_back(ticket)
            return
        self._ended.append((ticket, after))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Report to the owner now which calls have ended."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._ended:
            ended, self._ended = self._ended, []
            self.tell(ended)

    async def _lease(self, calls: int) -> Answer:
        return await self.ask(None, [_NOTHING] * min(calls, MOST_AT_ONCE))

    def _give_back(self, tickets: Sequence[int]) -> None:
        self.tell([(ticket, UNSENT) for ticket in tickets])

    async def _ask_for_waiting(self, provider: str | None) -> None:
        queue = self._waiting[provider]
        while queue:
            await asyncio.sleep(COLLECT_S)
            group = self._next_group(queue)
            if not group:  # all were cancelled meanwhile
                continue
            request = asyncio.ensure_future(self.ask(provider, [waiting.load for waiting in group]))
            await asyncio.wait({request})
            if error := request.exception():  # the owner cannot be reached: those who wait must not do so for ever
                fail_all((waiting.ticket for waiting in group), error)
            else:
                self._hand_out(queue, group, request.result())

    def _next_group(self, queue: deque[_Waiting]) -> list[_Waiting]:
        group: list[_Waiting] = []
        while queue and len(group) < MOST_AT_ONCE:
            waiting = queue.popleft()
            if not waiting.ticket.done():  # else it was cancelled meanwhile
                group.append(waiting)
        return group

    def _hand_out(self, queue: deque[_Waiting], group: list[_Waiting], answer: Answer) -> None:
        for waiting, ticket in zip(group, answer.tickets, strict=False):
            if waiting.ticket.done():
                self.leave(ticket, UNSENT)
            else:
                waiting.ticket.set_result(ticket)
        # the owner grants an eighth of the run at a time: the rest asks again, in its old order
        rest = group[len(answer.tickets) :]
        if answer.no is None:
            queue.extendleft(reversed(rest))
        else:
            fail_all((waiting.ticket for waiting in rest), refusal(answer))
