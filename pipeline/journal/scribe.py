"""The scribe of an actor: does all its writing to the database of a run, and its reading of the journal there.

In: answers, outcomes, calls about to be sent and calls that ended, on one event loop. Out: durable rows. Whatever is handed in
during a commit goes into the next one, so that one commit with full sync (about 4 ms) serves many writes. Commits are made
on one thread, reads on another.
"""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor

from pipeline.journal.lookup import Lookup
from pipeline.storage.batch import Batch
from pipeline.storage.calls import OpenCall
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from pipeline.storage.letters import Letter
from pipeline.storage.outcomes import Outcomes
from stages.trajectory import Trajectory


class Scribe:
    """Writes and reads for one actor, on one event loop.

    `writing` and `reading` run its commits and its reads: a thread of its own each by default. Rows are written in the order
    in which they were handed in. When a commit fails, everybody who waits for it gets the error; the rows that nobody waits for
    (ledger, replays) go with the next commit, so that no outcome is ever stored without the calls it came from.
    """

    def __init__(self, outcomes: Outcomes, writing: Executor | None = None, reading: Executor | None = None) -> None:
        self._outcomes = outcomes
        self._writing: Executor = writing or ThreadPoolExecutor(1, "journal-writing")
        self._reading: Executor = reading or ThreadPoolExecutor(1, "journal-reading")
        self._batch = Batch()
        self._waiting: list[asyncio.Future[None]] = []
        self._committing: asyncio.Task[None] | None = None
        self._lookup: Lookup[Entry] = Lookup(outcomes.answers, self._reading)
        self._letters: Lookup[Letter] = Lookup(outcomes.letters, self._reading)

    async def find_answer(self, key: str) -> Entry | None:
        """The journal's entry for the call `key`, None where it has none.

        Raises RunStopped when the entry cannot be read, and whatever the database raises.
        """
        return await self._lookup(key)

    async def find_letter(self, key: str) -> Letter | None:
        """The question with this call key that waits for its answer, None where none does. Raises whatever the database raises."""
        return await self._letters(key)

    async def post(self, letter: Letter) -> None:
        """Return once it is durable that `letter` is posted. Raises whatever the database raises."""
        self._batch.posted.append(letter)
        await self._commit()

    async def open_call(self, call: OpenCall) -> None:
        """Return once it is durable that `call` is about to be sent. Raises whatever the database raises."""
        self._batch.opened.append(call)
        try:
            await self._commit()
        except asyncio.CancelledError:
            self._batch.ended.append(call.id)  # the caller sends it no more, and it must not count as lost
            raise

    def close_call(self, opened_id: str, call: Call) -> None:
        """Enter `call`, whose open call had the id `opened_id`, in the ledger with the next commit."""
        self._batch.ended.append(opened_id)
        self._batch.calls.append(call)

    async def keep_answer(self, entry: Entry) -> None:
        """Return once `entry`, and every call closed by now, is durable. Raises whatever the database raises."""
        self._batch.entries.append(entry)
        await self._commit()

    def count_hit(self, key: str) -> None:
        """Count a replay of the call `key`, with the next commit."""
        self._batch.hits[key] += 1

    async def keep(self, t: Trajectory) -> None:
        """Return once the outcome `t`, and every call closed by now, is durable. Raises whatever the database raises."""
        self._batch.outcomes.append(t)
        await self._commit()

    async def flush(self) -> None:
        """Return once everything handed in by now is durable. Raises whatever the database raises."""
        await self._commit()

    def close(self) -> None:
        """End the threads. Whatever was not flushed is lost."""
        self._writing.shutdown()
        self._reading.shutdown()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if self._committing is None or self._committing.done():
            self._committing = loop.create_task(self._commit_waiting(loop))
        await future

    async def _commit_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            # both in one step, without an await between: whoever waits now waits for this batch
            waiting, self._waiting = self._waiting, []
            batch, self._batch = self._batch, Batch()
            done = loop.run_in_executor(self._writing, self._outcomes.commit, batch)
            # not awaited itself: its error must reach those who wait below, else they wait for ever
            await asyncio.wait({done})
            error = done.exception()
            if error is not None:
                self._batch = batch.carry_over(self._batch)
            for future in waiting:
                if future.done():
                    continue  # its task was cancelled while it waited
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
