"""Where a release comes to lie: written aside, then put in the place of an older one at a stroke.

In: the folder that is to hold it. Out: a fresh folder beside that, and a swap. A kill at any moment leaves the old release whole or
the new one whole. A folder that is no release of ours is never replaced.
"""

import ctypes
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from pipeline.errors import BuildError, name_in_errors
from pipeline.manifest.forms import PRODUCTS

NAME = "release.json"
"""What a release says of itself."""

_AT_FOLDER = -100  # AT_FDCWD: paths are read from the working folder
_EXCHANGE = 2  # RENAME_EXCHANGE
_OLD = "-old"
_OF_BUILD = (*PRODUCTS, "store", "review")
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class ReleaseError(BuildError):
    """There is no release to be made as things are; the message says why and what to do."""


def check_target(target: Path) -> None:
    """Raises ReleaseError when something lies at `target` that is no release."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ReleaseError(f"{target}: is no folder; name another place with --to")
    if target.exists() and any(target.iterdir()) and not (target / NAME).exists():
        raise ReleaseError(f"{target}: holds something that is no release of x2i; name another place with --to")


def check_beside(target: Path, build: Path) -> None:
    """Raises ReleaseError for a place within the build where its readers look for its own files."""
    for place, folder in ((target.absolute(), build.absolute()), (target.resolve(), build.resolve())):
        if place.is_relative_to(folder) and (place.parent != folder or place.name in _OF_BUILD):
            raise ReleaseError(
                f"{target}: is a place of the build's own files; leave --to out, or name a folder outside {build}"
            )


@contextmanager
def release_aside(target: Path) -> Iterator[Path]:
    """A fresh folder beside `target`, put in its place at the end, unless something is raised.

    Removes what releases that were killed left there. Raises ReleaseError when another release is at work, or for what lies at
    `target`; OSError.
    """
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(target.parent / f".{target.name}.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ReleaseError(f"{target}: another release is being written there; wait for it") from None
    try:
        _clear_away(target)
        folder = target.parent / f".{target.name}-{uuid.uuid4().hex}"
        folder.mkdir()
        try:
            with name_in_errors(target):
                yield folder
                _put(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # after the swap it is the old release
    finally:
        lock.release()


def _clear_away(target: Path) -> None:
    """Remove what killed releases left; an old release that one of them had moved aside goes back first."""
    left = sorted(target.parent.glob(f".{target.name}-*"))
    old = [path for path in left if path.name.endswith(_OLD)]
    if old and not target.exists():
        os.replace(old[0], target)
    for path in left:
        shutil.rmtree(path, ignore_errors=True)


def _put(folder: Path, target: Path) -> None:
    for place in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        sync(place)
    check_target(target)
    if not target.exists() or not _exchange(folder, target):
        old = folder.with_name(folder.name + _OLD)
        if target.exists():
            os.replace(target, old)
        os.replace(folder, target)
        shutil.rmtree(old, ignore_errors=True)
    sync(target.parent)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step; False where the system cannot. Raises OSError."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FOLDER, os.fsencode(first), _AT_FOLDER, os.fsencode(second), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNABLE:
        return False
    raise OSError(code, os.strerror(code), str(second))


def sync(path: Path) -> None:
    """Make what was written to a file or folder outlive a crash. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
