"""Reads of the journal, off the event loop and in groups: who asks while a read is under way shares the next one.

In: call keys. Out: what is known of them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from pipeline.storage.database import AT_ONCE

T = TypeVar("T")


class Lookup(Generic[T]):
    """Looks keys up by `read`, which takes a few hundred at once and is run by `thread`. Lives on one event loop."""

    def __init__(self, read: Callable[[Sequence[str]], Mapping[str, T]], thread: Executor) -> None:
        self._read = read
        self._thread = thread
        self._waiting: list[tuple[str, asyncio.Future[T | None]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self, key: str) -> T | None:
        """What is known of `key`, None where nothing is. Raises whatever the read does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | None] = loop.create_future()
        self._waiting.append((key, future))
        if self._reading is None or self._reading.done():
            self._reading = loop.create_task(self._serve(loop))
        return await future

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            done = loop.run_in_executor(self._thread, self._read, [key for key, _ in group])
            await asyncio.wait({done})  # whatever a driver raises reaches those who wait, or they would wait for ever
            error = done.exception()
            for key, future in group:
                if future.done():
                    continue  # who asked was cancelled
                if error is None:
                    future.set_result(done.result().get(key))
                else:
                    future.set_exception(error)
