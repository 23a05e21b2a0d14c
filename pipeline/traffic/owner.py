"""The owner of the run's traffic: one lane per provider, one budget, one queue. Lives on one event loop, in the hub.

In: calls that wait, in groups (one actor, one provider), and how calls ended. Out: tickets, first come first served; or why not.
Money is set aside before a ticket is given. A group that finds no money waits for calls in flight to cost less than was set
aside; when none is in flight that could, the budget is spent and the run drains. Tickets of a silent holder are taken back.
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
LOST = After("cancelled")
"""A call whose actor fell silent: it was sent, as far as anybody knows, and counts as paid."""


@dataclass(frozen=True)
class _Group:
    holder: str
    provider: str
    loads: Sequence[Load]
    answered: "asyncio.Future[Answer]"


class Owner:
    """Lets calls through. `capacity` calls are in flight over all lanes.

    `drain` is told, in words, that the money is spent; nothing is let through any more then.
    `look` says whether the server of a provider is there; it is asked when calls fail in a row, and costs nothing.
    A provider that `providers` does not name has no lane: only the budget holds its calls.
    """

    def __init__(
        self,
        capacity: int,
        providers: Mapping[str, Provider],
        budget: Budget,
        patience_s: float,
        drain: Callable[[str], None],
        look: Callable[[str], Awaitable[bool]],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.budget = budget
        self.tokens = 0
        self._capacity = capacity
        self._lanes = {name: Lane(name, provider, capacity, patience_s) for name, provider in providers.items()}
        self._drain = drain
        self._look_at = look
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._clock = clock or asyncio.get_running_loop().time
        self._queue: deque[_Group] = deque()
        self._sent: dict[int, Sent] = {}
        self._numbers = itertools.count(1)
        self._seen: dict[str, float] = {}
        self._closed: str | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def enter(self, holder: str, provider: str, loads: Sequence[Load]) -> Answer:
        """Tickets for the first of these calls, at least one, as soon as there is room and money; or why there are none."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(_Group(holder, provider, loads, answered))
        self.seen(holder)
        return await answered

    def leave(self, holder: str, ended: Sequence[tuple[int, After]]) -> None:
        """Calls have ended. A ticket that was taken back meanwhile is ignored."""
        for ticket, after in ended:
            self._end(ticket, after)
        self.seen(holder)

    def seen(self, holder: str) -> None:
        """`holder` is alive; the moment to take back the tickets of silent ones, and to serve who waits."""
        now = self._clock()
        self._seen[holder] = now
        for silent in [name for name, at in self._seen.items() if now - at > PATIENCE_S]:
            del self._seen[silent]
            for ticket in [ticket for ticket, sent in self._sent.items() if sent.holder == silent]:
                self._end(ticket, LOST)
        self._serve()

    def close(self, words: str) -> None:
        """No call is let through any more; who waits is told so."""
        self._closed = words
        self._serve()

    @property
    def in_flight(self) -> int:
        """Calls let through that have not ended."""
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
        if sent.provider in self._lanes:
            lane = self._lanes[sent.provider]
            lane.end(ticket, sent, after, self._clock())
            if lane.is_out and after.outcome == "transient" and sent.provider not in self._looking:
                self._looking[sent.provider] = asyncio.create_task(self._look_after(sent.provider))

    async def _look_after(self, provider: str) -> None:
        """Calls to a provider fail in a row: is it out, or only these calls?"""
        try:
            self._lanes[provider].seen(await self._look_at(provider))
        finally:
            del self._looking[provider]

    def _serve(self) -> None:
        """Go through the queue once. Who must wait keeps its place, and those behind it in the same lane wait, too."""
        now, again, left = self._clock(), math.inf, deque[_Group]()
        waiting: set[str] = set()
        while self._queue:
            group = self._queue.popleft()
            if group.answered.done():
                continue
            answer, ready = self._look(group, now) if group.provider not in waiting else (None, math.inf)
            if answer is None:
                waiting.add(group.provider)
                left.append(group)
                again = min(again, ready)
            else:
                group.answered.set_result(answer)
        if self._closed is not None:  # perhaps only now: the money ran out on the way
            for group in left:
                group.answered.set_result(Answer(no="drained", words=self._closed))
            left.clear()
        self._queue = left
        self._wake(again, now)

    def _look(self, group: _Group, now: float) -> tuple[Answer | None, float]:
        """The answer to a group; None while it must wait, and when to look again."""
        lane = self._lanes.get(group.provider)
        tickets: list[int] = []
        # A part of the run at a time: groups for the CPU's sake, small ones for the other actors' sake.
        for load in group.loads[: max(1, self._capacity // 8)]:
            answer, ready = self._may(lane, load, now)
            if answer is not None or ready > now:
                return (Answer(tuple(tickets)), now) if tickets else (answer, ready)
            tickets.append(self._let_through(group, lane, load, now))
        return Answer(tuple(tickets)), now

    def _may(self, lane: Lane | None, load: Load, now: float) -> tuple[Answer | None, float]:
        if self._closed is not None:
            return Answer(no="drained", words=self._closed), now
        if lane is not None:
            refused = lane.refuses(now)
            if refused is not None:
                return refused, now
            if len(self._sent) >= self._capacity:
                return None, math.inf
            ready = lane.ready_at(load, now)
            if ready > now:
                return None, ready
        if self.budget.reserve(load.usd):
            return None, now
        if self.budget.in_flight > 0:
            return None, math.inf
        spent = f"{self.budget.spent:.2f} US dollars are spent, and the next call may cost {load.usd:.4f}; raise run.budget_usd"
        self._closed = spent
        self._drain(spent)
        return Answer(no="drained", words=spent), now

    def _let_through(self, group: _Group, lane: Lane | None, load: Load, now: float) -> int:
        ticket = next(self._numbers)
        self._sent[ticket] = Sent(group.holder, group.provider, load, now)
        if lane is not None:
            lane.take(ticket, load, now)
        return ticket

    def _wake(self, at: float, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at < math.inf:
            self._alarm = asyncio.get_running_loop().call_later(max(at - now, 0.001), self._serve)
