"""A rung actor's end of the hub: permits, traffic, gates and reports. Made and used on the event loop that the actor owns.

In: what the actor counts and finishes; what the hub says of the run. Out: leave to begin samples and to send calls. It reports a
few times a second; when the hub cannot be reached, no call begins, and after a while the process ends: nobody would miss it.
"""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.output.cut import Finished
from pipeline.run.limiter import Permits
from pipeline.run.tally import Delta, Gate
from pipeline.traffic.entrance import Entrance
from pipeline.traffic.terms import After, Answer

REPORT_S = 0.25
SILENT_S = 2.0
LOST_S = 10.0
T = TypeVar("T")


class HubLink:
    """`holder` names the actor; `window` is how far feeding may run ahead; `lanes` are the providers the hub paces.

    `halted` is set when calls in flight are to be given up.
    """

    def __init__(
        self, hub: Any, holder: str, window: int, lanes: frozenset[str] = frozenset(), budget: bool = False
    ) -> None:
        self._hub = hub
        self._holder = holder
        self._window = window
        self._gate = Gate(None, 0)
        self._moved = asyncio.Event()
        self._stopping = asyncio.Event()
        self._heard = asyncio.get_running_loop().time()
        self._parent = os.getppid()
        self.halted = asyncio.Event()
        self.delta = Delta()
        self.permits = Permits(self._lease, self._give_back)
        self._entrance = Entrance(self._enter, self._leave, lanes, budget)
        self._tasks = [asyncio.create_task(self._report_forever()), asyncio.create_task(self._end_when_lost())]

    async def _lease(self, wanted: int) -> int:
        granted: int = await self._hub.lease.remote(self._holder, wanted)
        return granted

    def _give_back(self, count: int) -> None:
        self._hub.give_back.remote(self._holder, count)

    async def _enter(self, provider: str, loads: Sequence[Load]) -> Answer:
        answer: Answer = await self._hub.enter.remote(self._holder, provider, loads)
        return answer

    def _leave(self, ended: Sequence[tuple[int, After]]) -> None:
        self._hub.leave.remote(self._holder, ended)

    def count(self, rung: str, what: str, by: int = 1) -> None:
        """Add to a counter; reaches the hub with the next report."""
        self.delta.counts[rung, what] += by

    def finished(self, order: int, outcome: Finished) -> None:
        """A sample has its outcome."""
        self.delta.finished.append((order, outcome))

    @property
    def running(self) -> bool:
        """False when the run is coming to its end: no sample is to be begun, no call to be sent."""
        return self._gate.state == "running"

    async def may_begin(self, order: int, rank: int) -> bool:
        """Wait until the sample is near enough to the oldest unfinished one; False when it is not to be begun in this run."""
        while True:
            if not self.running or (self._gate.bound is not None and rank > self._gate.bound):
                return False
            if order < self._gate.low + self._window:
                return True
            await self._moved.wait()

    async def enter(self, provider: str, load: Load) -> int:
        """See `pipeline.traffic.paced.Traffic`."""
        return await self._entrance.enter(provider, load)

    def leave(self, ticket: int, after: After) -> None:
        """See `pipeline.traffic.paced.Traffic`."""
        self._entrance.leave(ticket, after)

    async def leave_to_send(self) -> None:
        """Wait while the driver is silent or the hub cannot be reached. Raises Drained when the run is coming to its end."""
        while True:
            if not self.running:
                raise Drained(self._gate.reason)
            if not self._gate.paused and self._silent_s() < SILENT_S and not self._orphaned:
                return
            await self._moved.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not on when the run is coming to its end."""
        await _within(self._stopping.wait(), seconds)

    async def stop(self, words: str) -> None:
        """This actor cannot go on: the run drains, and ends with these words."""
        await self._hub.stopped.remote(words)

    async def report(self) -> None:
        """Send what has been counted since the last report, and which calls have ended."""
        self._entrance.flush()
        delta, self.delta = self.delta, Delta()
        self._gate = await self._hub.report.remote(self._holder, delta)
        self._heard, self._known = asyncio.get_running_loop().time(), True
        if not self.running:
            self._stopping.set()
        if self._gate.state == "halting":
            self.halted.set()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    @property
    def _orphaned(self) -> bool:
        """True once the raylet that started this process is dead. It dies with a local driver, and this process soon after:
        the answer to what is sent now would be lost."""
        return os.getppid() != self._parent

    def _silent_s(self) -> float:
        return asyncio.get_running_loop().time() - self._heard

    async def _report_forever(self) -> None:
        while True:
            await self.report()
            await asyncio.sleep(REPORT_S)

    async def _end_when_lost(self) -> None:
        while self._silent_s() < LOST_S:
            await asyncio.sleep(REPORT_S)
        os._exit(1)


async def _within(waited: Awaitable[T], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waited
    except TimeoutError:
        return
