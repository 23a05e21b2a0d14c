"""`SHA256SUMS`: every file of a release with its checksum, as `sha256sum --check` reads it.

In: a folder. Out: the file; or what is missing, changed or unlisted.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.output.problem import Problem
from pipeline.storage.files import write_synced

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_sums(folder: Path) -> None:
    """List every file of `folder`. Raises OSError."""
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in _files(folder)]
    write_synced(folder / NAME, "".join(lines))


def check_sums(folder: Path) -> Iterator[Problem]:
    """What does not fit the list."""
    try:
        lines = (folder / NAME).read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        yield Problem(NAME, None, f"cannot be read ({type(error).__name__})")
        return
    matches = [_LINE.fullmatch(line) for line in lines]
    if None in matches:
        yield Problem(NAME, None, f"line {matches.index(None) + 1} is none of `sha256sum`")
    listed = {match[2]: match[1] for match in matches if match}
    present = set(_files(folder))
    yield from (Problem(name, None, f"is listed in {NAME} and missing") for name in sorted(listed.keys() - present))
    yield from (Problem(name, None, f"is not listed in {NAME}") for name in sorted(present - listed.keys()))
    for name in sorted(present & listed.keys()):
        if _sha256(folder / name) != listed[name]:
            yield Problem(
                name, None, f"the checksum differs from the one in {NAME}: the file was changed after the release"
            )


def _files(folder: Path) -> list[str]:
    """All files as paths within the folder, in order, without the list itself."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != NAME)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
