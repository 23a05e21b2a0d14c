"""A Ray session for the length of a build.

In: an address (None: a fresh local Ray of our own, never a leftover cluster) and a file for Ray's chatter. Out: a context in
which Ray is up. Usage statistics are off. Ray's native code writes to standard error whatever we ask it; that goes to the file,
so that it neither drowns the display nor is lost.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray

OBJECT_STORE_BYTES = 256 << 20  # rows are tiny: images never pass through Ray


@contextmanager
def session(address: str | None, log: Path) -> Iterator[None]:
    """Ray, up and down again. Raises ConnectionError when `address` does not answer."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # A folder of its own: short, because sockets lie in it, and gone afterwards, because every session leaves logs there.
    with TemporaryDirectory(prefix="x2i-", ignore_cleanup_errors=True) as folder, _standard_error_into(log):
        local: dict[str, Any] = {
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_temp_dir": folder,
        }
        on_terminate = signal.getsignal(signal.SIGTERM)
        ray.init(
            address=address or "local",
            logging_level=logging.ERROR,
            log_to_driver=False,
            **(local if address is None else {}),
        )
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_terminate)  # Ray puts its own there, which ends us without a word
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _standard_error_into(log: Path) -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
