"""Runs coroutines up to their n-th suspension, as in a process that is killed: from then on none of them takes another step.

In: a coroutine and a number. Out: its result, or nothing. At the kill, a commit is either done and its result not delivered
("unheard"), or begun and never committed ("dropped").
"""

import asyncio
import inspect
import types
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from typing import Any, Literal

from sqlalchemy import Engine, event

Moment = Literal["unheard", "dropped"]
_DEAD: list[object] = []  # keeps what died from being collected: a collected coroutine runs its finally blocks


class Dropped(Exception):
    """The connection went away before its commit."""


class Life:
    """One process. `suspensions`: how often any of its coroutines waited. `died`: whether it was killed."""

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
        """The result of `work()`; None when the life ended first."""
        task = self.loop.create_task(work())
        task.add_done_callback(lambda _: self.loop.stop())
        self.loop.run_forever()
        if self.died:
            for left in asyncio.all_tasks(self.loop):
                left._log_destroy_pending = False  # type: ignore[attr-defined]
                _DEAD.append(left)
            for coroutine in self._works:
                if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                    coroutine.close()  # it never ran, and would warn that it was not awaited
            _DEAD.append(self)
            return None
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        return task.result()

    def _task(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        self._works.append(work)
        return asyncio.Task(self._step_through(work), loop=loop, **more)

    @types.coroutine
    def _step_through(self, work: Any) -> Generator[Any, Any, Any]:
        """Take the steps of `work` until the life ends."""
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
                raise  # the interpreter ends
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes on into the work
                step = work.throw, error


class Threads(Executor):
    """Stands for the threads of a scribe: works at once ("unheard"), or in a later step, which may come too late ("dropped")."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()

        def carry_out() -> None:
            try:
                done.set_result(work(*arguments, **named))
            except Exception as error:  # noqa: BLE001 - as an executor does
                done.set_exception(error)

        def later() -> None:
            if not self._life.died:
                self._life.unfinished.remove(operation)
                carry_out()

        def operation() -> object:
            return work(*arguments, **named)

        if self._life.moment == "unheard":
            carry_out()
        else:
            self._life.unfinished.append(operation)
            self._life.loop.call_soon(later)
        return done


def drop(life: Life, engine: Engine) -> None:
    """Carry out the unfinished writes of a life up to their commit, at which the connection breaks."""

    def refuse(_: object) -> None:
        raise Dropped

    event.listen(engine, "commit", refuse)
    for operation in life.unfinished:
        try:
            operation()
        except Dropped:
            continue
