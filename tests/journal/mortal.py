"""A life that ends at its n-th suspension, as a killed process does: from then on nothing of it takes another step.

In: a coroutine and a number. Out: its result, or nothing. Commits are made by an executor that a kill finds either done and
unheard of, or begun and never committed.
"""

import asyncio
import inspect
import types
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from typing import Any, Literal

from sqlalchemy import Engine, event

Moment = Literal["unheard", "dropped"]
_DEAD: list[object] = []  # what died is never collected: a coroutine that is, runs its finally blocks


class Dropped(Exception):
    """The connection went away before its commit."""


class Life:
    """One process. `suspensions` counts how often any of its coroutines waited; `died` says whether it was killed."""

    def __init__(self, kill_at: int | None, moment: Moment) -> None:
        self._kill_at = kill_at
        self.moment = moment
        self.suspensions = 0
        self.died = False
        self.loop = asyncio.new_event_loop()
        self.loop.set_task_factory(self._task)
        self.unfinished: list[Callable[[], object]] = []
        self._works: list[Any] = []

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The result of `work()`; None when it did not live to see it."""
        task = self.loop.create_task(work())
        task.add_done_callback(lambda _: self.loop.stop())
        self.loop.run_forever()
        if self.died:
            for left in asyncio.all_tasks(self.loop):
                left._log_destroy_pending = False  # type: ignore[attr-defined]
                _DEAD.append(left)
            for begun in self._works:
                if inspect.getcoroutinestate(begun) == inspect.CORO_CREATED:
                    begun.close()  # nothing of it has run, or will
            _DEAD.append(self)
            return None
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        return task.result()

    def _task(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        self._works.append(work)
        return asyncio.Task(self._stepped(work), loop=loop, **more)

    @types.coroutine
    def _stepped(self, work: Any) -> Generator[Any, Any, Any]:
        """Each step of `work`, until death."""
        step: tuple[Callable[[Any], Any], Any] = work.send, None
        while True:
            if self.died:
                yield from self.loop.create_future()
            try:
                awaited = step[0](step[1])
            except StopIteration as end:
                return end.value
            self.suspensions += 1
            if self.suspensions == self._kill_at:
                self.died = True
                self.loop.stop()
            try:
                step = work.send, (yield awaited)
            except GeneratorExit:
                raise  # this interpreter ends
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes on into the work
                step = work.throw, error


class Threads(Executor):
    """Stands for the threads of a scribe: at once, or a little later, when it may be too late."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()

        def carry_out() -> None:
            try:
                done.set_result(work(*given, **named))
            except Exception as error:  # noqa: BLE001 - as an executor does
                done.set_exception(error)

        def later() -> None:
            if not self._life.died:
                self._life.unfinished.remove(begun)
                carry_out()

        def begun() -> object:
            return work(*given, **named)

        if self._life.moment == "unheard":
            carry_out()
        else:
            self._life.unfinished.append(begun)
            self._life.loop.call_soon(later)
        return done


def drop(life: Life, engine: Engine) -> None:
    """What the life had begun to write is written up to its commit, and the connection goes away."""

    def refuse(_: object) -> None:
        raise Dropped

    event.listen(engine, "commit", refuse)
    for begun in life.unfinished:
        try:
            begun()
        except Dropped:
            continue
