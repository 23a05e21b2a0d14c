"""The scribe of an actor: all it writes to the database of a run, and what it reads of the journal there.

In: on one event loop, answers, outcomes, calls about to be sent and calls that ended. Out: durable rows. What is waiting when a
commit ends goes into the next one, so that a commit with full sync (about 4 ms) serves many. Commits are made on one thread,
reads on another.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from pipeline.journal.lookup import Lookup
from pipeline.storage.batch import Batch
from pipeline.storage.calls import OpenCall
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from pipeline.storage.outcomes import Outcomes
from stages.records import Trajectory


class Scribe:
    """Writes and reads for one actor, on one event loop; `Scribe(outcomes)` is all it takes.

    `writing` and `reading` run its commits and its reads: a thread each where they are not given. Rows are in the order
    in which they were handed in; a commit that fails is heard by everybody who waits for it, and what nobody waits for (ledger
    rows, replays) goes with the next, so that nothing is ever kept without the calls it came from.
    """

    def __init__(self, outcomes: Outcomes, writing: Executor | None = None, reading: Executor | None = None) -> None:
        self._outcomes = outcomes
        self._writing: Executor = writing or ThreadPoolExecutor(1, "journal-writing")
        self._reading: Executor = reading or ThreadPoolExecutor(1, "journal-reading")
        self._batch = Batch()
        self._waiting: list[asyncio.Future[None]] = []
        self._committing: asyncio.Task[None] | None = None
        self._lookup: Lookup[Entry] = Lookup(self._read, self._reading)

    async def known(self, key: str) -> Entry | None:
        """The journal's entry for the call `key`. Raises RunStopped when it cannot be read, or whatever the database does."""
        return await self._lookup(key)

    async def opened(self, call: OpenCall) -> None:
        """Return once it is durable that `call` is about to be sent. Raises whatever the database does."""
        self._batch.opened.append(call)
        try:
            await self._commit()
        except asyncio.CancelledError:
            self._batch.ended.append(call.id)  # it is not sent any more
            raise

    def closed(self, opened_id: str, call: Call) -> None:
        """Enter the call that was opened as `opened_id` in the ledger, with the next commit."""
        self._batch.ended.append(opened_id)
        self._batch.calls.append(call)

    async def answered(self, entry: Entry) -> None:
        """Return once the answer, and every call closed by now, is durable. Raises whatever the database does."""
        self._batch.entries.append(entry)
        await self._commit()

    def hit(self, key: str) -> None:
        """Count a replay, with the next commit."""
        self._batch.hits[key] += 1

    async def keep(self, t: Trajectory) -> None:
        """Return once the outcome, and every call closed by now, is durable. Raises whatever the database does."""
        self._batch.outcomes.append(t)
        await self._commit()

    async def flush(self) -> None:
        """Return once everything handed in by now is durable. Raises whatever the database does."""
        await self._commit()

    def close(self) -> None:
        """Let go of the threads. Whatever was not flushed is lost."""
        self._writing.shutdown()
        self._reading.shutdown()

    def _read(self, keys: Sequence[str]) -> Mapping[str, Entry]:
        return self._outcomes.answers(keys)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if self._committing is None or self._committing.done():
            self._committing = loop.create_task(self._commit_waiting(loop))
        await future

    async def _commit_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            batch, self._batch = self._batch, Batch()
            done = loop.run_in_executor(self._writing, self._outcomes.commit, batch)
            await asyncio.wait({done})  # whatever a driver raises reaches those who wait, or they would wait for ever
            error = done.exception()
            if error is not None:
                self._batch = batch.before(self._batch)
            for future in waiting:
                if future.done():
                    continue  # who waited was cancelled
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
