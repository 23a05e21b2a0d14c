"""What is left of a server. In: a mark in its command line or environment. Out: its processes that are alive."""

import os
import time
from pathlib import Path


def marked(mark: str) -> dict[int, str]:
    """The processes whose command line or environment holds `mark`, those that have ended aside."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            inherited = (folder / "environ").read_bytes()
        except OSError:
            continue
        if line and (mark in line or mark.encode() in inherited):
            found[int(folder.name)] = line
    return found


def wait_until(holds, seconds=60.0):
    """The first true value of `holds()`; fails after so many seconds."""
    until = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
    return value
