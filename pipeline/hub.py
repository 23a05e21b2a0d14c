"""The one actor all rung actors talk to: permits for calls, and the tally of the run.

In: leases wanted, permits given back, deltas. Out: permits, gates, progress. It does nothing but count, so one suffices.
`HubLink` is its client: it lives on the event loop that a rung actor owns, reports a few times a second, and gates samples.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
import ray.exceptions

from pipeline.errors import RunStopped, one_line
from pipeline.limiter import Limiter, Permits
from pipeline.manifest import Quotas
from pipeline.output.cut import Finished
from pipeline.tally import Delta, Gate, Progress, Tally

REPORT_S = 0.25


class Hub:
    """Owns the limiter and the tally. Run as an async Ray actor by `start`."""

    def __init__(self, concurrency: int, planned: int, earlier: list[Finished], quotas: Quotas) -> None:
        self._limiter = Limiter(concurrency)
        self._tally = Tally(planned, earlier, quotas)
        self._stopped_by: str | None = None

    async def lease(self, holder: str, wanted: int) -> int:
        """See `Limiter.lease`."""
        return await self._limiter.lease(holder, wanted)

    async def give_back(self, holder: str, count: int) -> None:
        """See `Limiter.give_back`."""
        self._limiter.give_back(holder, count)

    async def report(self, holder: str, delta: Delta) -> Gate:
        """Take a delta in, note that the holder is alive, and say what may still begin."""
        self._limiter.seen(holder)
        return self._tally.add(delta)

    async def progress(self) -> Progress:
        """The run as it stands."""
        return self._tally.progress()

    async def stopped(self, words: str) -> None:
        """An actor cannot go on; the first one's words are kept."""
        self._stopped_by = self._stopped_by or words

    async def stopped_by(self) -> str | None:
        """Why the run stopped, in the words of the first actor that could not go on."""
        return self._stopped_by


def start(concurrency: int, planned: int, earlier: list[Finished], quotas: Quotas) -> Any:
    """The hub as a Ray actor; `ray.init` must have been called."""
    actor: Any = ray.remote(Hub)
    return actor.options(num_cpus=0, max_concurrency=10_000).remote(concurrency, planned, earlier, quotas)


@contextmanager
def telling(hub: Any) -> Iterator[None]:
    """Tell the hub why this actor cannot go on. Ray carries a traceback to the driver, but not the error itself."""
    try:
        yield
    except Exception as error:  # the one broad except: whatever it is, the person who runs the build must read it
        ray.get(hub.stopped.remote(one_line(error)))
        raise


def why_stopped(hub: Any, error: BaseException) -> RunStopped:
    """What to tell of a run that ended with `error`: an actor's own words, where the hub heard any."""
    try:
        words = ray.get(hub.stopped_by.remote(), timeout=10)
    except ray.exceptions.RayError:
        words = None
    return RunStopped(words or one_line(error))


class HubLink:
    """A rung actor's end of the hub. Made and used on the actor's own event loop only."""

    def __init__(self, hub: Any, holder: str, window: int) -> None:
        self._hub = hub
        self._holder = holder
        self._window = window
        self._gate = Gate(None, 0)
        self._moved = asyncio.Event()
        self.delta = Delta()
        self.permits = Permits(self._lease, self._give_back)
        self._reporting = asyncio.create_task(self._report_forever())

    async def _lease(self, wanted: int) -> int:
        granted: int = await self._hub.lease.remote(self._holder, wanted)
        return granted

    def _give_back(self, count: int) -> None:
        self._hub.give_back.remote(self._holder, count)

    def count(self, rung: str, what: str, by: int = 1) -> None:
        """Add to a counter; reaches the hub with the next report."""
        self.delta.counts[rung, what] += by

    def finished(self, order: int, outcome: Finished) -> None:
        """A sample has its outcome."""
        self.delta.finished.append((order, outcome))

    async def may_begin(self, order: int, rank: int) -> bool:
        """Wait until the sample is near enough to the oldest unfinished one; False when its rank is not needed any more."""
        while True:
            if self._gate.bound is not None and rank > self._gate.bound:
                return False
            if order < self._gate.low + self._window:
                return True
            await self._moved.wait()

    async def report(self) -> None:
        """Send what has been counted since the last report."""
        delta, self.delta = self.delta, Delta()
        self._gate = await self._hub.report.remote(self._holder, delta)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _report_forever(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            await self.report()
