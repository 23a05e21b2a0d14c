"""Worker processes for drawing, vision and encoding, which must never run on an event loop.

In: functions and their arguments. Out: executors. `process_pool` is for the driver's own work, before and after a climb; its
workers end when the process that made them ends, however it ends. `RayExecutor` is for actors: Ray's workers, on any node.
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
# these may reach a whole process group; the parent decides when its workers end
_FOR_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CPUS = 0.98  # of a worker: a whole one would leave no room for the slivers of the actors that wait for it


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _watch() -> None:
    """In a worker, which was started deaf to these signals."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if sys.platform == "linux":
        threading.Thread(target=_end_when_told, daemon=True).start()
    else:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_when_told() -> None:
    """Obey the parent, whose executor ends all workers once one has died; a signal to the whole group comes from elsewhere."""
    while signal.sigwaitinfo(_FOR_PARENT).si_pid != os.getppid():
        pass
    os._exit(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """Have the processes that are started in this context hear nothing that is meant for their parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Pool(ProcessPoolExecutor):
    """Its workers are deaf to what is meant for their parent from the first moment on, not only once they have come up."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        with _deaf():
            return super().submit(fn, *args, **kwargs)


def process_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of `workers` fresh processes, started as they are needed."""
    with _deaf():
        resource_tracker.ensure_running()  # of the standard library: it is deaf to Ctrl-C by itself, and dies of a SIGHUP
    return _Pool(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_watch)


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
