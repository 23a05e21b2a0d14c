"""Putting a new output in the place of an old one, so that a crash leaves either the old one or one that says it is unfinished.

In: a folder `.aside-<uuid>` inside the output, filled and synced. Out: its parts in their places. The old `run.json` goes first
and the new one comes last: whoever finds a `run.json` finds the files it speaks of. Only one process may do this at a time.
"""

import os
from pathlib import Path

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.run_json import NAME

CARD = "README.md"


def install(folder: Path, out: Path) -> None:
    """Move `sft rl pairs edit_pairs record`, the card and `run.json` from `folder` into `out`. Raises OSError."""
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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
