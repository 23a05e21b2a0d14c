"""Where an export goes: a folder that is written aside and then takes its name at once.

In: the folder that is to be. Out: an `ExportPlace` to write into; it bears its name once all is written, and on any failure
nothing is left of it. `--overwrite` replaces nothing but an export: each holds the file `MARK`.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.export.problem import ExportProblem

MARK = ".x2i-export"
"""An empty file in each export. Its name begins with a dot: readers that list a folder pass over it."""


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
def aside(out: Path, source: Path, overwrite: bool) -> Iterator[Path]:
    """A folder beside `out` to write into, which becomes `out` when the block ends well. Leftovers of a killed export are removed.

    Raises ExportProblem where `out` exists and is not to be overwritten, or is no export; where it and `source`, which is exported,
    lie in one another; where nothing can be written; where another export is writing it.
    """
    check_place(out, source, overwrite)
    folder = out.parent / f".{out.name}.aside"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportProblem(f"{out} cannot be written ({error.strerror}); name another folder with --out") from None
    lock = os.open(folder, os.O_RDONLY)
    try:
        _hold(lock, out)
        for child in folder.iterdir():
            _remove(child)
        whole = False
        try:
            yield folder
            (folder / MARK).touch()
            _swap(folder, out)
            whole = True
        finally:
            if not whole:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def check_place(out: Path, source: Path, overwrite: bool) -> None:
    """Raises ExportProblem where an export of `source` must not take the name `out`: nothing but an export is ever replaced."""
    here, there = out.resolve(), source.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise ExportProblem(
            f"{out} and {source}, which is exported, lie in one another; name another folder with --out"
        )
    if not out.exists():
        return
    if not overwrite:
        raise ExportProblem(f"{out} exists; name another folder with --out, or say --overwrite")
    if not (out / MARK).exists():
        raise ExportProblem(f"{out} is no export, so --overwrite leaves it alone; name another folder with --out")


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
