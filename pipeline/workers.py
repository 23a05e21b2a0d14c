"""Worker processes for drawing, vision and encoding, which must never run on an event loop.

In: functions and their arguments. Out: executors. `process_pool` is for the driver's own work, before and after a climb; its
workers end when the process that started them ends, in any way. `RayExecutor` is for actors: it uses Ray's workers, on any node.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

T = TypeVar("T")
# the terminal sends these to the whole process group, but the parent decides when its workers end
_FOR_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CPUS = 0.98  # of a worker: a whole one would leave no room for the small shares of the actors that wait for it


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start_watching() -> None:
    """End this worker with its parent. Runs first in a worker, which was started with the signals of `_FOR_PARENT` blocked."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if sys.platform == "linux":
        threading.Thread(target=_end_on_signal_of_parent, daemon=True).start()
    else:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_on_signal_of_parent() -> None:
    """Obey only signals of the parent, whose executor ends all workers once one has died; ignore those to the whole group."""
    while signal.sigwaitinfo(_FOR_PARENT).si_pid != os.getppid():
        pass
    os._exit(1)


@contextmanager
def _block_signals() -> Iterator[None]:
    """Block the signals of `_FOR_PARENT` in the processes that are started in this context."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Pool(ProcessPoolExecutor):
    """A pool whose workers have the parent's signals blocked from their first moment, not only once they have initialised."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        with _block_signals():
            return super().submit(fn, *args, **kwargs)


def process_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of `workers` fresh processes, started as they are needed."""
    with _block_signals():
        resource_tracker.ensure_running()  # a helper of the standard library, which ignores Ctrl-C by itself but dies of a SIGHUP
    return _Pool(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_watching)


class RayExecutor(Executor):
    """Runs module-level functions in Ray's workers, as many at once as there are CPUs. Ray replaces a worker that dies."""

    def __init__(self) -> None:
        self._remote: dict[Callable[..., Any], Any] = {}

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """A future of the function's own result or error, without Ray's wrapping."""
        import ray  # here, because finalise and verify use process pools and need no Ray

        if fn not in self._remote:
            function: Any = ray.remote(fn)
            self._remote[fn] = function.options(num_cpus=CPUS)
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()
        self._remote[fn].remote(*args, **kwargs).future().add_done_callback(lambda f: _copy_result(f, done))
        return done


def _copy_result(source: "Future[T]", done: "Future[T]") -> None:
    error = source.exception()
    if error is None:
        done.set_result(source.result())
    else:  # Ray wraps what a function raised; the caller wants the error itself
        cause = getattr(error, "cause", None)
        done.set_exception(cause if isinstance(cause, BaseException) else error)
