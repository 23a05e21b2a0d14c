"""Putting a new output in the place of an old one, so that a crash leaves either the old one or one that says it is unfinished.

In: a folder `.aside-<uuid>` inside the output, filled and synced. Out: its parts in their places. The old `run.json` goes first
and the new one comes last: whoever finds a `run.json` finds the files it speaks of. Only one process may do this at a time.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import writing
from pipeline.output.run_json import NAME
from pipeline.output.schema import PRODUCTS

_PREFIX = ".aside-"
CARD = "README.md"


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


def install(folder: Path, out: Path) -> None:
    """Move `sft rl pairs record`, the card and `run.json` from `folder` into `out`. Raises OSError."""
    for product in PRODUCTS:
        _sync(folder / product)
    _sync(folder)
    old = folder / "old"
    old.mkdir()
    for name in (NAME, *PRODUCTS, CARD):
        if (out / name).exists():
            os.replace(out / name, old / name)
    _sync(out)
    for name in (*PRODUCTS, CARD):
        os.replace(folder / name, out / name)
    _sync(out)
    os.replace(folder / NAME, out / NAME)
    _sync(out)


def write_synced(path: Path, text: str) -> None:
    """Write a small file and sync it. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
