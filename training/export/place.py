"""Where an export goes: a folder that is written aside and then takes its name at once.

In: the folder that is to be. Out: an `ExportPlace` to write into; it bears its name once all is written, and on any failure
nothing is left of it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.export.problem import ExportProblem


@dataclass(frozen=True, slots=True)
class ExportPlace:
    """`folder`: where files are written now. `final`: where they will lie, absolute; names within files are those. `source`: the
    output that is exported, absolute. `model`: the folder of a model, for forms that need its tokenizer.
    """

    folder: Path
    final: Path
    source: Path
    model: Path | None = None


@contextmanager
def aside(out: Path, overwrite: bool) -> Iterator[Path]:
    """A folder beside `out` to write into, which becomes `out` when the block ends well. Leftovers of a killed export are removed.

    Raises ExportProblem where `out` exists and is not to be overwritten, or where another export is writing it.
    """
    if out.exists() and not overwrite:
        raise ExportProblem(f"{out} exists; name another folder with --out, or say --overwrite")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = out.parent / f".{out.name}.aside"
    folder.mkdir(exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        _hold(lock, out)
        for child in folder.iterdir():
            _remove(child)
        try:
            yield folder
            _swap(folder, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _hold(lock: int, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ExportProblem(f"{out} is being written by another export; wait for it, or name another folder") from None


def _swap(folder: Path, out: Path) -> None:
    """Give `folder` the name `out`; what bore it before is removed after."""
    old = out.parent / f".{out.name}.old"
    _remove(old)
    if out.exists():
        out.rename(old)
    folder.rename(out)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
