"""Worker processes for drawing, vision and encoding, which must never run on an event loop.

In: functions and their arguments. Out: executors. `process_pool` is for the driver's own work, before and after a climb; its
workers end when the process that made them ends, however it ends. `RayExecutor` is for actors: Ray's workers, on any node.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
CPUS = 0.98  # of a worker: a whole one would leave no room for the slivers of the actors that wait for it


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _watch() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when workers end
    threading.Thread(target=_end_with_parent, daemon=True).start()


def process_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of `workers` fresh processes, started as they are needed."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_watch)


class RayExecutor(Executor):
    """Runs module-level functions in Ray's workers, as many at once as there are CPUs. A worker that dies is replaced."""

    def __init__(self) -> None:
        self._remote: dict[Callable[..., Any], Any] = {}

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """A future of the function's own result or error."""
        import ray  # here, because finalise and verify use process pools and need no Ray

        if fn not in self._remote:
            function: Any = ray.remote(fn)
            self._remote[fn] = function.options(num_cpus=CPUS)
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()
        self._remote[fn].remote(*args, **kwargs).future().add_done_callback(lambda f: _hand_on(f, done))
        return done


def _hand_on(source: "Future[T]", done: "Future[T]") -> None:
    error = source.exception()
    if error is None:
        done.set_result(source.result())
    else:  # Ray wraps what a function raised; the caller wants the error itself
        cause = getattr(error, "cause", None)
        done.set_exception(cause if isinstance(cause, BaseException) else error)
