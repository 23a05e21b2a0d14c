"""A rung actor's end of the hub: traffic, gates and reports. Made and used on the event loop that the actor owns.

In: what the actor counts and finishes; what the hub says of the run. Out: permission to begin samples and to send calls. The link
reports a few times a second. When the hub cannot be reached, no call begins, and after a while this process ends, because the
run it worked for is over.
"""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.output.cut import Finished
from pipeline.run.feed import Row
from pipeline.run.tally import Delta, Gate
from pipeline.traffic.entrance import Entrance
from pipeline.traffic.terms import After, Answer

REPORT_S = 0.25
SILENT_S = 2.0  # no call begins: its answer might find nobody
LOST_S = 10.0  # the hub, and with it the run, is over
T = TypeVar("T")


class HubLink:
    """`holder` names the actor; `window` is how far feeding may run ahead; `budget` says whether the run has one.

    `halted` is set when calls in flight are to be given up.
    """

    def __init__(self, hub: Any, holder: str, window: int, budget: bool = False) -> None:
        self._hub = hub
        self._holder = holder
        self._window = window
        self._gate = Gate(None, 0)
        self._gate_changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._heard_at = asyncio.get_running_loop().time()
        self._parent = os.getppid()  # becomes another process's id when the parent dies
        self.halted = asyncio.Event()
        self.delta = Delta()
        self._entrance = Entrance(self._enter, self._leave, budget)
        self._tasks = [asyncio.create_task(self._report_forever()), asyncio.create_task(self._end_when_lost())]

    async def _enter(self, provider: str | None, loads: Sequence[Load]) -> Answer:
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
            await self._gate_changed.wait()

    async def take(self, number: int) -> Sequence[Row]:
        """See `pipeline.run.feed.Feed.take`."""
        block: Sequence[Row] = await self._hub.take.remote(number)
        return block

    async def enter(self, provider: str | None, load: Load) -> int:
        """See `pipeline.traffic.paced.Traffic`."""
        return await self._entrance.enter(provider, load)

    def leave(self, ticket: int, after: After) -> None:
        """See `pipeline.traffic.paced.Traffic`."""
        self._entrance.leave(ticket, after)

    async def wait_to_send(self) -> None:
        """Wait while the driver is silent or the hub cannot be reached. Raises Drained when the run is coming to its end."""
        while True:
            if not self.running:
                raise Drained(self._gate.reason)
            if not self._gate.paused and self._silent_s() < SILENT_S and not self._orphaned:
                return
            await self._gate_changed.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but only until the run is coming to its end."""
        await _wait_at_most(self._stopping.wait(), seconds)

    async def stop(self, words: str) -> None:
        """This actor cannot go on: the run drains, and ends with `words` as its error."""
        await self._hub.stopped.remote(words)

    async def report(self) -> None:
        """Send what has been counted since the last report, and which calls have ended."""
        self._entrance.flush()
        delta, self.delta = self.delta, Delta()  # before the wait, during which counting goes on
        self._gate = await self._hub.report.remote(self._holder, delta)
        self._heard_at = asyncio.get_running_loop().time()
        if not self.running:
            self._stopping.set()
        if self._gate.state == "halting":
            self.halted.set()
        # a new event for those who wait from now on: a set one would let them through at once
        changed, self._gate_changed = self._gate_changed, asyncio.Event()
        changed.set()

    @property
    def _orphaned(self) -> bool:
        """True once the raylet that started this process is dead. The raylet dies with a local driver, and this process soon after
        it: the answer to a call sent now would be lost."""
        return os.getppid() != self._parent

    def _silent_s(self) -> float:
        return asyncio.get_running_loop().time() - self._heard_at

    async def _report_forever(self) -> None:
        while True:
            await self.report()
            await asyncio.sleep(REPORT_S)

    async def _end_when_lost(self) -> None:
        while self._silent_s() < LOST_S:
            await asyncio.sleep(REPORT_S)
        os._exit(1)  # `sys.exit` would only end the thread of this event loop


async def _wait_at_most(waited: Awaitable[T], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waited
    except TimeoutError:
        return
