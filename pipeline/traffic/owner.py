"""The owner of the run's traffic, and the one place that counts its calls in flight. Lives on one event loop, in the hub.

In: calls that wait, in groups (one actor; one provider, or none), and how calls ended. Out: tickets, first come first served;
or why there are none.

A ticket stands for all that a call needs at once: one of `capacity` places in flight, its provider's pace, and the money that it
may cost. They are granted together, because a call that has some of them and waits for the rest holds them back from others:
with its provider's pace and no place it would use up the minute's requests, and set money aside, long before it is sent; with a
place and no pace it would keep the place from a call that could go.

Calls without a provider and without a price need the place only. Their actors lease tickets and pass them on from call to call
(`pipeline.traffic.leases`); here these are tickets like all others. Tickets of a holder that has fallen silent are taken back.

A group that finds no money waits for calls in flight to cost less than was set aside; when none is in flight that could, the
budget is spent and the run drains.
"""

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.backends.openai.spec import Provider
from pipeline.money.budget import Budget
from pipeline.money.cost import Load
from pipeline.traffic.lane import Lane, Sent
from pipeline.traffic.terms import After, Answer

PATIENCE_S = 15.0
_SHARE = 8  # a group gets an eighth of the capacity at a time: groups for the CPU's sake, small ones for the other actors' sake
_LOST = After("cancelled")  # a call whose actor fell silent was sent, as far as anybody knows, and counts as paid


@dataclass(frozen=True)
class _Group:
    holder: str
    lane: Lane | None
    loads: Sequence[Load]
    answered: "asyncio.Future[Answer]"


class Owner:
    """Lets calls through: at most `capacity`, at least 1, are in flight over the whole run. `providers` by name, a lane each.

    `patience_s`: how long a provider may be out before it is given up. `drain` gets the words to end the run with when the money
    is spent. `is_there` says whether the server of a provider answers at all; it is asked when calls fail in a row, and costs
    nothing.
    """

    def __init__(
        self,
        capacity: int,
        providers: Mapping[str, Provider],
        budget: Budget,
        patience_s: float,
        drain: Callable[[str], None],
        is_there: Callable[[str], Awaitable[bool]],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.budget = budget
        self.tokens = 0
        self._capacity = capacity
        self._lanes = {name: Lane(name, provider, capacity, patience_s) for name, provider in providers.items()}
        self._drain = drain
        self._is_there = is_there
        self._checks: dict[Lane, asyncio.Task[None]] = {}
        self._clock = clock or asyncio.get_running_loop().time
        self._queue: deque[_Group] = deque()
        self._sent: dict[int, Sent] = {}
        self._numbers = itertools.count(1)
        self._heard_at: dict[str, float] = {}
        self._closed: str | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def enter(self, holder: str, provider: str | None, loads: Sequence[Load]) -> Answer:
        """Tickets for the first of these calls, at least one, as soon as there is room and money; or why there are none."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        lane = None if provider is None else self._lanes[provider]
        # in the queue even where there is room: calls that came before may wait for the same lane
        self._queue.append(_Group(holder, lane, loads, answered))
        self.heard_from(holder)
        return await answered

    def leave(self, holder: str, ended: Sequence[tuple[int, After]]) -> None:
        """Calls have ended. A ticket that was taken back meanwhile is ignored."""
        for ticket, after in ended:
            self._end(ticket, after)
        self.heard_from(holder)

    def heard_from(self, holder: str) -> None:
        """`holder` is alive; the moment to take back the tickets of silent ones, and to answer groups that wait."""
        now = self._clock()
        self._heard_at[holder] = now
        for silent in [name for name, at in self._heard_at.items() if now - at > PATIENCE_S]:
            del self._heard_at[silent]
            for ticket in [ticket for ticket, sent in self._sent.items() if sent.holder == silent]:
                self._end(ticket, _LOST)
        self._answer_queue()

    def close(self, words: str) -> None:
        """No call is let through any more; groups that wait get `words` as the reason."""
        self._closed = words
        self._answer_queue()

    @property
    def in_flight(self) -> int:
        """Tickets granted and not returned, 0 to `capacity`: calls in flight, and leased tickets between two calls."""
        return len(self._sent)

    def held_up(self) -> tuple[str, ...]:
        """What holds lanes up, in few words each."""
        now = self._clock()
        return tuple(words for lane in self._lanes.values() if (words := lane.words(now)))

    def _end(self, ticket: int, after: After) -> None:
        sent = self._sent.pop(ticket, None)
        if sent is None:
            return
        self.budget.settle(sent.load.usd, after.usd)
        self.tokens += after.tokens or 0
        lane = sent.lane
        if lane is not None:
            lane.end(ticket, sent, after, self._clock())
            if lane.is_out and after.outcome == "transient" and lane not in self._checks:
                self._checks[lane] = asyncio.create_task(self._check_server(lane))

    async def _check_server(self, lane: Lane) -> None:
        """Calls to a provider fail in a row: is it out, or only these calls?"""
        try:
            lane.server_checked(await self._is_there(lane.name))
        finally:
            del self._checks[lane]

    def _answer_queue(self) -> None:
        """Go through the queue once. A group that must wait keeps its place, and those behind it in the same lane wait, too."""
        now, try_again_at = self._clock(), math.inf
        blocked: set[Lane | None] = set()
        still_waiting = deque[_Group]()
        while self._queue:
            group = self._queue.popleft()
            if group.answered.done():
                continue
            answer, ready_at = (None, math.inf) if group.lane in blocked else self._answer_to(group, now)
            if answer is not None:
                group.answered.set_result(answer)
                continue
            blocked.add(group.lane)
            still_waiting.append(group)
            try_again_at = min(try_again_at, ready_at)
        if self._closed is not None:  # perhaps only now: the money ran out on the way
            for group in still_waiting:
                group.answered.set_result(Answer(no="drained", words=self._closed))
            still_waiting.clear()
        self._queue = still_waiting
        self._set_alarm(try_again_at, now)

    def _answer_to(self, group: _Group, now: float) -> tuple[Answer | None, float]:
        """Tickets for the calls of a group that may go now, or a refusal; else None, and the moment to try again."""
        tickets: list[int] = []
        for load in group.loads[: max(1, self._capacity // _SHARE)]:
            refusal, ready_at = self._reserve(group.lane, load, now)
            if refusal is None and ready_at <= now:
                tickets.append(self._grant(group, load, now))
            elif tickets:
                break  # the rest of the group asks again, behind those who came meanwhile
            else:
                return refusal, ready_at
        return Answer(tuple(tickets)), now

    def _reserve(self, lane: Lane | None, load: Load, now: float) -> tuple[Answer | None, float]:
        """A refusal, or else the moment to try again: `now` if the call may go, and then its money is set aside."""
        if self._closed is not None:
            return Answer(no="drained", words=self._closed), now
        # before the capacity: where a provider is out, its calls go to the next one without waiting for a place
        if lane is not None and (refusal := lane.refusal(now)):
            return refusal, now
        if len(self._sent) >= self._capacity:
            return None, math.inf
        if lane is not None and (ready_at := lane.ready_at(load, now)) > now:
            return None, ready_at
        if self.budget.reserve(load.usd):
            return None, now
        if self.budget.in_flight > 0:
            return None, math.inf  # a call that ends for less than its reserve makes room
        spent = f"{self.budget.spent:.2f} US dollars are spent, and the next call may cost {load.usd:.4f}; raise run.budget_usd"
        self._closed = spent
        self._drain(spent)
        return Answer(no="drained", words=spent), now

    def _grant(self, group: _Group, load: Load, now: float) -> int:
        ticket = next(self._numbers)
        self._sent[ticket] = Sent(group.holder, group.lane, load, now)
        if group.lane is not None:
            group.lane.take(ticket, load, now)
        return ticket

    def _set_alarm(self, at: float, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at < math.inf:
            self._alarm = asyncio.get_running_loop().call_later(max(at - now, 0.001), self._answer_queue)
