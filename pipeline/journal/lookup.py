"""Reads the journal in a thread and in groups: keys that are asked for during one read share the next read.

In: call keys. Out: whatever the read function returns for each of them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from pipeline.storage.database import AT_ONCE

T = TypeVar("T")


class Lookup(Generic[T]):
    """Looks keys up with `read`, which gets at most `AT_ONCE` keys at a time and runs in `thread`. Lives on one event loop."""

    def __init__(self, read: Callable[[Sequence[str]], Mapping[str, T]], thread: Executor) -> None:
        self._read = read
        self._thread = thread
        self._waiting: list[tuple[str, asyncio.Future[T | None]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self, key: str) -> T | None:
        """The value of `key`, None where it has none. Raises whatever the read function raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | None] = loop.create_future()
        self._waiting.append((key, future))
        if self._reading is None or self._reading.done():
            self._reading = loop.create_task(self._read_waiting(loop))
        return await future

    async def _read_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            done = loop.run_in_executor(self._thread, self._read, [key for key, _ in group])
            # not awaited itself: its error must reach those who wait below, else they wait for ever
            await asyncio.wait({done})
            error = done.exception()
            for key, future in group:
                if future.done():
                    continue  # its task was cancelled while it waited
                if error is None:
                    future.set_result(done.result().get(key))
                else:
                    future.set_exception(error)
