"""The tickets of calls that nothing but the run's own limit holds back: leased by an actor, passed on from call to call.

In: calls of one actor, on its event loop. Out: tickets. Such calls may take milliseconds, and a message to the owner for each
would cost as much CPU as the call. A static share of the run's limit per actor would leave most places idle instead. So tickets
are leased in groups, and given back when they are idle or after a few uses, so that no actor starves another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pipeline.traffic.terms import Answer, fail_all, refusal

IDLE_S = 0.05  # a gap between two calls is shorter; a rung without work gives its places away soon
USES = 8  # an eighth of a message a call; more would make the other actors wait longer


@dataclass
class Leases:
    """`lease` gets tickets for at most so many calls from the owner, `give_back` returns tickets to it."""

    lease: Callable[[int], Awaitable[Answer]]
    give_back: Callable[[Sequence[int]], None]
    _uses_left: dict[int, int] = field(default_factory=dict)
    _idle: list[int] = field(default_factory=list)
    _waiting: deque["asyncio.Future[int]"] = field(default_factory=deque)
    _leasing: "asyncio.Task[None] | None" = None
    _sweep: asyncio.TimerHandle | None = None

    def __contains__(self, ticket: int) -> bool:
        """True for a ticket that was leased here and not given back."""
        return ticket in self._uses_left

    async def take(self) -> int:
        """A ticket for one call. Raises Drained; whatever `lease` raises when the owner cannot be reached."""
        if self._idle:
            return self._idle.pop()
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._leasing is None or self._leasing.done():
            self._leasing = asyncio.create_task(self._lease_for_waiting())
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.put_back(future.result())  # it was granted in the same moment
            raise

    def put_back(self, ticket: int) -> None:
        """The call with this ticket has ended."""
        self._uses_left[ticket] -= 1
        if self._uses_left[ticket] > 0:
            self._pass_on(ticket)
        else:  # even if calls wait here: those of other actors have waited, too
            self._return([ticket])

    async def _lease_for_waiting(self) -> None:
        while waiting := self._still_waiting():
            request = asyncio.ensure_future(self.lease(len(waiting)))
            await asyncio.wait({request})  # does not raise: the error must reach those who wait, not this task
            if error := request.exception():
                fail_all(self._still_waiting(), error)
                return
            answer = request.result()
            needed = len(self._still_waiting())
            for ticket in answer.tickets[:needed]:
                self._uses_left[ticket] = USES
                self._pass_on(ticket)
            if surplus := answer.tickets[needed:]:  # those who waited were served meanwhile, by tickets passed on
                self.give_back(surplus)
            if answer.no is not None:
                fail_all(self._still_waiting(), refusal(answer))

    def _still_waiting(self) -> list["asyncio.Future[int]"]:
        return [future for future in self._waiting if not future.done()]

    def _pass_on(self, ticket: int) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(ticket)
                return
        self._idle.append(ticket)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_S, self._return_idle)

    def _return_idle(self) -> None:
        self._sweep = None
        if self._idle:
            idle, self._idle = self._idle, []
            self._return(idle)

    def _return(self, tickets: Sequence[int]) -> None:
        for ticket in tickets:
            del self._uses_left[ticket]
        self.give_back(tickets)
