"""Which files a table consists of: one file, all files of a folder, or those that fit a pattern.

In: the `path` and `kind` of a `TableSpec`. Out: files in the order of their names, each with the name that error lines and failed
rows give it. A name never holds the folder that the table lies in, so that a table may be moved.
"""

import glob
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.sources.spec import TableSpec

SUFFIXES = {"jsonl": (".jsonl", ".ndjson"), "json": (".json",), "parquet": (".parquet", ".pq")}
"""How the names of a kind's files end; asked only where a folder is named."""


class TableError(Exception):
    """A table or a file of it cannot be read at all; the message names the file, what is wrong and what to do, in one line."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a table. `name`: its path below the folder that the table names."""

    path: str
    name: str


def list_files(spec: TableSpec) -> list[SourceFile]:
    """The files of the table, sorted by name, at least one. Raises TableError."""
    path = spec.path
    try:
        if os.path.isdir(path):
            files, absent = (
                _in_folder(spec),
                f"the folder holds no {' or '.join(SUFFIXES[spec.kind])} file; name another",
            )
        elif not os.path.lexists(path) and glob.has_magic(path):
            files, absent = _that_fit(path), "no file fits this pattern; correct it, it starts at the manifest's folder"
        else:
            return [_single_file(spec)]
    except ValueError as error:
        raise TableError(path, "no such file; correct the path, which starts at the manifest's folder") from error
    if not files:
        raise TableError(path, absent)
    return sorted(files, key=lambda file: file.name)


def _single_file(spec: TableSpec) -> SourceFile:
    if not os.path.exists(spec.path):
        raise TableError(spec.path, "no such file; correct the path, which starts at the manifest's folder")
    if not os.path.isfile(spec.path):
        raise TableError(spec.path, f"not a file; name one {spec.kind} file, a folder of them, or a pattern")
    return SourceFile(spec.path, os.path.basename(spec.path))


def _in_folder(spec: TableSpec) -> list[SourceFile]:
    return [
        SourceFile(str(path), path.relative_to(spec.path).as_posix())
        for path in _walk(Path(spec.path))
        if path.suffix.lower() in SUFFIXES[spec.kind]
    ]


def _walk(folder: Path) -> Iterator[Path]:
    """All files below `folder`, but none whose name, or whose folder's name, begins with a dot or an underscore."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in "._"]
        yield from (Path(root, name) for name in names if name[0] not in "._")


def _that_fit(pattern: str) -> list[SourceFile]:
    parts = Path(pattern).parts
    fixed = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    folder = Path(*parts[:fixed])
    paths = sorted(set(glob.glob(pattern, recursive=True)))
    return [SourceFile(path, Path(path).relative_to(folder).as_posix()) for path in paths if os.path.isfile(path)]


def is_one_file(spec: TableSpec) -> bool:
    """True where `path` names a file itself."""
    return os.path.lexists(spec.path) and not os.path.isdir(spec.path)


def content_hash(spec: TableSpec) -> str:
    """sha256 (hex) of the table: of its bytes, or of the names and bytes of its files. Raises TableError, OSError."""
    hashes = [(file.name, _hash_file(file.path)) for file in list_files(spec)]
    if is_one_file(spec):
        return hashes[0][1]
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _hash_file(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
