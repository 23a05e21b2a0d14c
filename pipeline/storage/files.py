"""Files that must outlive a crash: written aside, synced, then put in their place.

In: a path and a text, or a folder. Out: the file, synced; or a fresh folder beside what it will replace.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import writing

_PREFIX = ".aside-"


@contextmanager
def aside(out: Path) -> Iterator[Path]:
    """A fresh folder to write into; what crashed writers left behind is removed, and so is this one in the end."""
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob(f"{_PREFIX}*"):
        shutil.rmtree(stale)
    folder = out / f"{_PREFIX}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        with writing(out):
            yield folder
    finally:
        shutil.rmtree(folder)


def write_synced(path: Path, text: str) -> None:
    """Write a small file and sync it. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
