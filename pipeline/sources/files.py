"""Which files a table consists of: one file, all files of a folder, or those that fit a pattern, here or elsewhere.

In: the `path` and `kind` of a `TableSpec`. Out: files in the order of their names, each with the name that error lines and failed
rows give it. A name never holds the folder that the table lies in, so that a table may be moved.
"""

import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.sources import remote
from pipeline.sources.opening import COMPRESSED
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import TableSpec
from pipeline.sources.table_error import TableError as TableError

SUFFIXES = {
    "jsonl": (".jsonl", ".ndjson"),
    "json": (".json",),
    "parquet": (".parquet", ".pq"),
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "webdataset": (".tar", ".tgz"),
    "huggingface": (".arrow",),
}
"""How the names of a kind's files end; asked only where a folder is named."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a table. `name`: its path below the folder that the table names."""

    path: str
    name: str


def list_files(spec: TableSpec) -> list[SourceFile]:
    """The files of the table, sorted by name, at least one. Raises TableError, OSError."""
    files = _list_remote(spec) if is_remote(spec.path) else _list_local(spec)
    return sorted(files, key=lambda file: file.name)


def is_one_file(spec: TableSpec) -> bool:
    """True where `path` names a file itself."""
    if is_remote(spec.path):
        return not _is_pattern(spec.path) and not remote.is_folder(spec.path)
    return os.path.lexists(spec.path) and not os.path.isdir(spec.path)


def _list_local(spec: TableSpec) -> list[SourceFile]:
    path = spec.path
    try:
        if os.path.isdir(path):
            found = (p for p in _walk(Path(path)) if _is_of(spec, p.name))
            files = [SourceFile(str(p), _name(p.relative_to(path).as_posix())) for p in found]
            return _some(files, path, _absent_in_folder(spec))
        if not os.path.lexists(path) and glob.has_magic(path):
            absent = "no file fits this pattern; correct it, it starts at the manifest's folder"
            return _some(_that_fit(path), path, absent)
        return [_single_file(spec)]
    except ValueError as error:
        raise TableError(path, "no such file; correct the path, which starts at the manifest's folder") from error


def _name(path: str) -> str:
    """A path as lines and shards can hold it: what is no UTF-8 in it is escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _some(files: list[SourceFile], path: str, absent: str) -> list[SourceFile]:
    if not files:
        raise TableError(remote.shown(path), absent)
    return files


def _absent_in_folder(spec: TableSpec) -> str:
    return f"the folder holds no {' or '.join(SUFFIXES[spec.kind])} file; name another"


def _single_file(spec: TableSpec) -> SourceFile:
    if not os.path.exists(spec.path):
        raise TableError(spec.path, "no such file; correct the path, which starts at the manifest's folder")
    if not os.path.isfile(spec.path):
        raise TableError(spec.path, f"not a file; name one {spec.kind} file, a folder of them, or a pattern")
    return SourceFile(spec.path, _name(os.path.basename(spec.path)))


def _is_of(spec: TableSpec, name: str) -> bool:
    """Whether a file is of the kind by its name, which may say how it is compressed."""
    lower = name.lower()
    packed = next((suffix for suffix in COMPRESSED if lower.endswith(suffix)), "")
    return lower.removesuffix(packed).endswith(SUFFIXES[spec.kind])


def _is_hidden(name: str) -> bool:
    return any(part[0] in "._" for part in name.split("/") if part)


def _walk(folder: Path) -> Iterator[Path]:
    """All files below `folder`, but none whose name, or whose folder's name, begins with a dot or an underscore. Links to folders
    are not followed, and pipes and devices are passed over: reading one would wait for ever.
    """
    for root, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        for path in (Path(root, name) for name in names if not _is_hidden(name)):
            if not path.exists() or stat.S_ISREG(path.stat().st_mode):  # a broken link is for the reader to report
                yield path


def _refuse(error: OSError) -> None:
    raise error


def _that_fit(pattern: str) -> list[SourceFile]:
    parts = Path(pattern).parts
    fixed = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    folder = Path(*parts[:fixed])
    paths = sorted(path for path in set(glob.glob(pattern, recursive=True)) if os.path.isfile(path))
    # `**` follows links to folders, also to one that leads back: a file counts once
    once = {os.path.realpath(path): path for path in reversed(paths)}
    return [SourceFile(path, _name(Path(path).relative_to(folder).as_posix())) for path in once.values()]


def _list_remote(spec: TableSpec) -> list[SourceFile]:
    address = spec.path
    if _is_pattern(address):
        found, absent = remote.find_matches(address), "no file fits this pattern; correct the address"
    elif remote.is_folder(address):
        found = [(path, name) for path, name in remote.find_below(address) if _is_of(spec, name)]
        absent = _absent_in_folder(spec)
    else:
        return [SourceFile(address, remote.shown(address).rstrip("/").rpartition("/")[2])]
    return _some([SourceFile(path, name) for path, name in found if not _is_hidden(name)], address, absent)


def _is_pattern(address: str) -> bool:
    """Whether an address is a pattern; in one of the web a question mark begins a query."""
    return bool(remote.MAGIC.search(address.partition("?")[0] if address.startswith("http") else address))
