"""The shared limit on calls in flight, leased in batches.

In: a capacity for the whole run, and holders (one per rung actor) that want permits. Out: leases. `Limiter` is the one owner;
`Permits` is the client in each actor. A call to the owner per model call would cost as much CPU as the call, and a static
share per rung would leave most slots idle; so permits are leased in batches, passed on from call to call, and given back
when idle or after a few uses, so that no rung starves another. What a silent holder had is taken back.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

IDLE_S = 0.05
USES = 8


@dataclass
class _Holder:
    leased: int = 0
    seen: float = 0.0


class Limiter:
    """Owns `capacity` permits. Lives on one event loop; `patience_s` is how long a holder may be silent."""

    def __init__(self, capacity: int, patience_s: float = 15.0) -> None:
        self.capacity = capacity
        self.free = capacity
        self._patience_s = patience_s
        self._holders: dict[str, _Holder] = {}
        self._waiting: deque[tuple[str, int, asyncio.Future[int]]] = deque()

    async def lease(self, holder: str, wanted: int) -> int:
        """Between 1 and `wanted` permits, as soon as there are any; first come, first served."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((holder, wanted, future))
        self.seen(holder)
        return await future

    def give_back(self, holder: str, count: int) -> None:
        """`count` permits are free again. More than the holder has left (a lease taken back meanwhile) is ignored."""
        kept = self._holders.setdefault(holder, _Holder())
        count = min(count, kept.leased)
        kept.leased -= count
        self.free += count
        self.seen(holder)

    def seen(self, holder: str) -> None:
        """`holder` is alive; the moment to take back leases of silent ones and to serve who waits."""
        now = asyncio.get_running_loop().time()
        self._holders.setdefault(holder, _Holder()).seen = now
        for other in self._holders.values():
            if now - other.seen > self._patience_s:
                self.free += other.leased
                other.leased = 0
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self.free:
            holder, wanted, future = self._waiting.popleft()
            if future.done():
                continue
            # An eighth of the run at a time: batches for the CPU's sake, small ones for the other rungs' sake.
            granted = min(wanted, self.free, max(1, self.capacity // 8))
            self.free -= granted
            self._holders[holder].leased += granted
            future.set_result(granted)


@dataclass
class _Token:
    uses: int = USES


@dataclass
class Permits:
    """The client side, on the event loop of one actor. `lease` and `give_back` reach the owner."""

    lease: Callable[[int], Awaitable[int]]
    give_back: Callable[[int], None]
    _idle: list[_Token] = field(default_factory=list)
    _waiting: deque[asyncio.Future[_Token]] = field(default_factory=deque)
    _asking: asyncio.Task[None] | None = None
    _sweep: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Hold one permit for the length of a call."""
        token = await self._acquire()
        try:
            yield
        finally:
            self._release(token)

    async def _acquire(self) -> _Token:
        if self._idle:
            return self._idle.pop()
        future: asyncio.Future[_Token] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._release(future.result())  # it was granted in the same moment
            raise

    async def _ask(self) -> None:
        while any(not f.done() for f in self._waiting):
            granted = await self.lease(len(self._waiting))
            wanted = min(granted, sum(not f.done() for f in self._waiting))
            for _ in range(wanted):
                self._hand_on(_Token())
            if granted > wanted:  # those who waited were served by permits handed on meanwhile
                self.give_back(granted - wanted)

    def _release(self, token: _Token) -> None:
        token.uses -= 1
        if token.uses > 0:
            self._hand_on(token)
        else:
            self.give_back(1)

    def _hand_on(self, token: _Token) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(token)
                return
        self._idle.append(token)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_S, self._return_idle)

    def _return_idle(self) -> None:
        self._sweep = None
        if self._idle:
            self.give_back(len(self._idle))
            self._idle.clear()
