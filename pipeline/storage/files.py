"""Files that must outlive a crash: they are written aside, synced, and then renamed to their place.

In: a path and a text, or an output folder. Out: the synced file; or a fresh folder inside the output, for what will replace
parts of it.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import name_in_errors

_PREFIX = ".aside-"


@contextmanager
def aside(out: Path) -> Iterator[Path]:
    """A fresh folder inside `out` to write into. Removes the folders of crashed writers first, and this one in the end."""
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob(f"{_PREFIX}*"):
        shutil.rmtree(stale)
    # inside `out`, so that its files can be renamed to their place without a copy
    folder = out / f"{_PREFIX}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        with name_in_errors(out):
            yield folder
    finally:
        shutil.rmtree(folder)


def write_synced(path: Path, text: str) -> None:
    """Write a small file, as UTF-8, and sync it. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
