"""A pool of worker processes for drawing, vision and encoding, which must never run on an event loop.

In: how many. Out: a `ProcessPoolExecutor` whose workers end when the process that made them ends, however it ends.
"""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _watch() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def process_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of `workers` fresh processes, started as they are needed."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_watch)
