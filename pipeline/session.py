"""A Ray session for the length of a build.

In: an address (None: a fresh local Ray of our own, never a leftover cluster) and a file for Ray's chatter. Out: a context in
which Ray is up. Usage statistics are off. Ray's native code writes to standard error whatever we ask it; that goes to the file,
so that it neither drowns the display nor is lost.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

OBJECT_STORE_BYTES = 256 << 20  # rows are tiny: images never pass through Ray


@contextmanager
def session(address: str | None, log: Path) -> Iterator[None]:
    """Ray, up and down again. Raises ConnectionError when `address` does not answer."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    with _standard_error_into(log):
        ray.init(
            address=address or "local",
            logging_level=logging.ERROR,
            log_to_driver=False,
            **(local if address is None else {}),
        )
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
