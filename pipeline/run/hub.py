"""The one actor that all rung actors talk to: it owns the traffic (all calls in flight), the feed, and the tally and state of the
run.

In: calls that wait to be sent, calls that ended, deltas; the driver's orders, and blocks of samples. Out: tickets, gates,
progress, blocks. It does nothing but count and hand on, so one suffices. The driver's questions for progress are its heartbeat:
while they fail to come, no call begins. `pipeline.run.link` is the client in each rung actor.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import ray
import ray.exceptions

from pipeline.backends.openai.check import reachable
from pipeline.backends.openai.spec import Provider
from pipeline.errors import RunStopped, one_line
from pipeline.money.budget import Budget
from pipeline.money.cost import Load
from pipeline.output.cut import Finished, Quotas
from pipeline.run.feed import Feed, FeedNeed, Row
from pipeline.run.tally import Delta, Gate, Progress, Tally
from pipeline.traffic.owner import Owner
from pipeline.traffic.terms import After, Answer

HEARTBEAT_S = 3.0  # many polls of the display: a busy driver may miss a few
GONE = "the hub of the run died; the samples that are finished are kept"


@dataclass(frozen=True)
class RunLimits:
    """What holds calls back: providers by name, the budget with what was spent before, and how long a provider may be out."""

    providers: Mapping[str, Provider] = field(default_factory=dict)
    budget_usd: float | None = None
    spent_usd: float = 0.0
    patience_s: float = 600.0


class Hub:
    """Owns traffic, tally and state. Run as an async Ray actor by `start`."""

    def __init__(
        self, concurrency: int, planned: int, earlier: list[Finished], quotas: Quotas, limits: RunLimits
    ) -> None:
        self._tally = Tally(planned, earlier, quotas)
        self._feed = Feed()
        self._limits = limits
        self._concurrency = concurrency
        self._owner: Owner | None = None
        self._stopped_by: str | None = None
        self._driver_asked_at: float | None = None

    @property
    def _traffic(self) -> Owner:
        if self._owner is None:  # an actor's event loop does not run yet while it is made
            limits = self._limits
            budget = Budget(limits.budget_usd, limits.spent_usd)
            self._owner = Owner(
                self._concurrency, limits.providers, budget, limits.patience_s, self._end, self._is_there
            )
        return self._owner

    async def enter(self, holder: str, provider: str | None, loads: Sequence[Load]) -> Answer:
        """See `pipeline.traffic.owner.Owner.enter`."""
        return await self._traffic.enter(holder, provider, loads)

    async def leave(self, holder: str, ended: Sequence[tuple[int, After]]) -> None:
        """See `pipeline.traffic.owner.Owner.leave`."""
        self._traffic.leave(holder, ended)

    async def report(self, holder: str, delta: Delta) -> Gate:
        """Take a delta in, note that the holder is alive, and say what may still begin."""
        self._traffic.heard_from(holder)
        gate = self._tally.add(delta)
        self._feed.forget_below(gate.low)
        return replace(
            gate, paused=self._driver_asked_at is not None and self._now() - self._driver_asked_at > HEARTBEAT_S
        )

    async def progress(self) -> Progress:
        """The run as it stands. Only the driver asks, so it is alive."""
        self._driver_asked_at = self._now()
        traffic = self._traffic
        return replace(
            self._tally.progress(),
            usd=traffic.budget.spent,
            budget_usd=self._limits.budget_usd,
            tokens=traffic.tokens,
            held_up=traffic.held_up(),
            more=not self._feed.over,
        )

    async def feed(self, blocks: Sequence[Sequence[Row]], planned: int, earlier: Sequence[Finished]) -> None:
        """Blocks of samples in rank order after those fed before; of `planned` further samples `earlier` are finished already."""
        self._tally.plan(planned, earlier)
        self._feed.put(blocks)

    async def end_feed(self) -> None:
        """No further block comes."""
        self._feed.end()

    async def need(self) -> FeedNeed:
        """Whether to feed more."""
        blocks = self._feed.count if self._tally.running else 0
        return FeedNeed(
            self._feed.untaken, self._feed.fed - self._tally.low, self._tally.bound, blocks, self._feed.over
        )

    async def take(self, number: int) -> Sequence[Row]:
        """See `pipeline.run.feed.Feed.take`."""
        return await self._feed.take(number)

    async def drain(self, reason: str) -> int:
        """Let no further call begin: those in flight end, samples in hand stay without an outcome. The first reason is kept.

        Returns the number of calls in flight.
        """
        self._end(reason)
        self._traffic.close(reason)
        return self._tally.in_flight

    async def halt(self, reason: str) -> None:
        """As `drain`, and calls in flight are given up unless their answer has come."""
        self._end(reason)
        self._tally.halt()
        self._traffic.close(reason)

    async def stopped(self, words: str) -> None:
        """An actor cannot go on, for the reason in `words`; the first reason is kept, and the run drains."""
        self._stopped_by = self._stopped_by or words
        await self.drain(words)

    async def stopped_by(self) -> str | None:
        """Why the run stopped, in the words of the first actor that could not go on."""
        return self._stopped_by

    async def _is_there(self, name: str) -> bool:
        return await reachable(name, self._limits.providers[name]) is None

    def _end(self, reason: str) -> None:
        self._tally.drain(reason)
        self._feed.end()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def start(
    concurrency: int, planned: int, earlier: list[Finished], quotas: Quotas, limits: RunLimits | None = None
) -> Any:
    """The hub as a Ray actor; `ray.init` must have been called."""
    actor: Any = ray.remote(Hub)
    # calls of `enter` wait inside the actor; they must never use up its concurrency, or reports would not get through
    made = actor.options(num_cpus=0, max_concurrency=10_000)
    return made.remote(concurrency, planned, earlier, quotas, limits or RunLimits())


@contextmanager
def telling(hub: Any) -> Iterator[None]:
    """Tell the hub why this actor cannot go on. Ray carries a traceback to the driver, but not the error itself."""
    try:
        yield
    except (
        Exception
    ) as error:  # the one broad except: the person who runs the build must read of every error, whatever its class
        ray.get(hub.stopped.remote(one_line(error)))
        raise


def why_stopped(hub: Any, error: BaseException) -> RunStopped:
    """The error to report for a run that ended with `error`: in an actor's own words, where the hub has any."""
    try:
        words = ray.get(hub.stopped_by.remote(), timeout=10)
    except ray.exceptions.RayActorError:  # then `error` only says where its absence was noticed
        words = GONE
    except ray.exceptions.RayError:
        words = None
    return RunStopped(words or one_line(error))
