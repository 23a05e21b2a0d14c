"""Calls of one shape, answered together: what waits for the device is put into batches, one batch at a time.

In: jobs, each with its shape (all that must be equal within a batch), and a function that works on a list of them. Out: each job's
own result. The function runs in one thread, so that the event loop stays free and a device has one master.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from stages.errors import TooLong

Job = TypeVar("Job")
Result = TypeVar("Result")
Run = Callable[[Hashable, Sequence[Job]], Sequence[Result | BaseException]]
"""Works on jobs of one shape; gives a result or an error for each, in their order. Raises OutOfMemory when they are too many."""


class OutOfMemory(Exception):
    """The device has no room for this batch."""


@dataclass(frozen=True)
class _NoRoom:
    words: str


@dataclass(eq=False)
class _QueuedJob(Generic[Job, Result]):
    shape: Hashable
    job: Job
    since: float
    answer: "asyncio.Future[Result]"


class Batcher(Generic[Job, Result]):
    """Puts jobs of equal shape into batches of at most `most`; the oldest job waits at most `wait_s` seconds for others.

    Where a batch finds no room, it is halved and goes on; the size that held is the most for its shape from then on. A job that
    finds none alone raises TooLong. A job that is cancelled before it has begun is dropped. Used on one event loop.
    """

    def __init__(self, run: "Run[Job, Result]", most: int, wait_s: float) -> None:
        """Raises ValueError where `most` is below 1 or `wait_s` below 0."""
        if most < 1 or wait_s < 0:
            raise ValueError(f"a batch of {most} calls after {wait_s} s: give at least 1 call and 0 seconds")
        self._run = run
        self._most = most
        self._wait_s = wait_s
        self._held: dict[Hashable, int] = {}
        self._waiting: list[_QueuedJob[Job, Result]] = []
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._worker: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def submit(self, shape: Hashable, job: Job) -> Result:
        """The result of `job`. Raises what the function gave for it or raised; TooLong where there is no room even for it alone;
        RuntimeError on another event loop than the first job's.
        """
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise RuntimeError("these batches were begun on another event loop; open the model anew for this one")
        self._loop = loop
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._work())
        waiting: _QueuedJob[Job, Result] = _QueuedJob(shape, job, loop.time(), loop.create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.answer

    def most_of(self, shape: Hashable) -> int:
        """How many jobs of this shape go into one batch: what was asked for, or what has held."""
        return min(self._most, self._held.get(shape, self._most))

    async def _work(self) -> None:
        while True:
            self._waiting = [job for job in self._waiting if not job.answer.done()]
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            # the oldest decides: no shape is starved by another that is asked more often
            shape = self._waiting[0].shape
            await self._gather(shape)
            batch = self._take(shape)
            if batch:
                await self._answer(shape, batch)

    async def _gather(self, shape: Hashable) -> None:
        """Wait for others of this shape, until a batch is full or the oldest has waited long enough."""
        loop = asyncio.get_running_loop()
        until = self._waiting[0].since + self._wait_s
        while sum(job.shape == shape for job in self._waiting) < self.most_of(shape) and loop.time() < until:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _take(self, shape: Hashable) -> list[_QueuedJob[Job, Result]]:
        alive = [job for job in self._waiting if not job.answer.done() and job.shape == shape]
        batch = alive[: self.most_of(shape)]
        self._waiting = [job for job in self._waiting if job not in batch]
        return batch

    async def _answer(self, shape: Hashable, batch: list[_QueuedJob[Job, Result]]) -> None:
        jobs = [waiting.job for waiting in batch]
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, self._try, shape, jobs)
        # awaited by `wait`: whatever the function raises belongs to these jobs, and must not end this worker
        await asyncio.wait([done])
        error = done.exception()
        results = [error] * len(batch) if error is not None else done.result()
        if isinstance(results, _NoRoom):
            await self._halve(shape, batch, results.words)
            return
        for waiting, result in zip(batch, results, strict=True):
            _settle(waiting.answer, result)

    def _try(self, shape: Hashable, jobs: list[Job]) -> "Sequence[Result | BaseException] | _NoRoom":
        try:
            results = self._run(shape, jobs)
        except OutOfMemory as error:
            # its words alone: the error holds the frames, and with them the memory that a smaller batch needs
            return _NoRoom(str(error))
        if len(results) != len(jobs):
            raise RuntimeError(f"a batch of {len(jobs)} calls gave {len(results)} results")
        return results

    async def _halve(self, shape: Hashable, batch: list[_QueuedJob[Job, Result]], words: str) -> None:
        if len(batch) == 1:
            _settle(batch[0].answer, TooLong(f"the device has no room for this call even alone: {words}"))
            return
        half = len(batch) // 2
        self._held[shape] = half
        for part in (batch[start : start + half] for start in range(0, len(batch), half)):
            alive = [waiting for waiting in part if not waiting.answer.done()]
            if alive:
                await self._answer(shape, alive)


def _settle(answer: "asyncio.Future[Result]", result: Result | BaseException) -> None:
    if answer.done():  # given up while the batch was at work
        return
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)
