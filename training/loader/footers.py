"""What the files hold, read from their footers alone: row groups, and a hash by which a changed data set is known.

In: a `ShardPlace`. Out: `Shards`: files, units (a file's row group each, those without rows left out) and the data set's
identity. It covers names, sizes and footers. Footers hold the least and the greatest value of every column of every group, so a
change of rows changes it; where the files lie does not.
"""

import hashlib
import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training.loader.files import ShardPlace, find_files
from training.loader.problem import LoaderProblem
from training.row import TrainingRow

MAGIC = b"PAR1"
TAIL = 64 * 1024
"""How much of a file is read first: most footers fit in it, so that most files cost one request."""
AT_ONCE = 16
COLUMNS = frozenset(field.name for field in fields(TrainingRow))


@dataclass(frozen=True, slots=True)
class ShardFacts:
    """A Parquet file: its path in the file system, its size in bytes, the rows of each row group, the sha256 of its footer."""

    path: str
    size: int
    groups: tuple[int, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class ReadUnit:
    """The smallest thing that is read at once: the number of a file and of a row group in it, and how many rows that has."""

    file: int
    group: int
    rows: int


@dataclass(frozen=True)
class Shards:
    """The files of a data set, in order of their names. Small: it travels to worker processes."""

    place: ShardPlace
    files: tuple[ShardFacts, ...]

    @cached_property
    def units(self) -> tuple[ReadUnit, ...]:
        """All row groups that hold rows, in order of files and groups."""
        return tuple(
            ReadUnit(number, group, rows)
            for number, file in enumerate(self.files)
            for group, rows in enumerate(file.groups)
            if rows
        )

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(unit.rows for unit in self.units)

    @cached_property
    def identity(self) -> str:
        """The sha256 over names, sizes and footers: equal exactly if these are the same shards, wherever they lie."""
        lines = [f"{PurePosixPath(file.path).name} {file.size} {file.footer}" for file in self.files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def open_shards(place: ShardPlace) -> Shards:
    """The shards of `place`. Raises LoaderProblem, which names the file, for one that is damaged, foreign or there twice."""
    paths = find_files(place)
    file_system = place.file_system()
    with ThreadPoolExecutor(AT_ONCE) as readers:
        files = list(readers.map(lambda path: _shard_file(file_system, path), paths))
    _check_unlike(files)
    empty = [file.path for file in files if not sum(file.groups)]
    if len(empty) == len(files):
        raise LoaderProblem(f"{empty[0]}: this data set holds no rows; build it again, or name another")
    if empty:
        warnings.warn(f"{empty[0]}: holds no rows and is left out ({len(empty)} of {len(files)} files)", stacklevel=2)
    return Shards(place, tuple(files))


def _shard_file(file_system: Any, path: str) -> ShardFacts:
    size = int(file_system.info(path)["size"])
    footer = read_footer(file_system, path, size)
    metadata = parse_footer(footer, path)
    names = set(metadata.schema.to_arrow_schema().names)
    if COLUMNS - names:
        lacks = ", ".join(sorted(COLUMNS - names)[:3])
        raise LoaderProblem(f"{path}: has no column {lacks}; this reads sft shards (traj/2): name their folder")
    groups = tuple(metadata.row_group(n).num_rows for n in range(metadata.num_row_groups))
    return ShardFacts(path, size, groups, hashlib.sha256(footer).hexdigest())


def read_footer(file_system: Any, path: str, size: int) -> bytes:
    """The footer of a Parquet file with its length and the closing magic. Raises LoaderProblem where there is none."""
    tail: bytes = file_system.cat_file(path, start=max(0, size - TAIL), end=size) if size else b""
    if len(tail) < 12 or tail[-4:] != MAGIC:
        raise LoaderProblem(
            f"{path}: ends before its footer ({size} bytes): cut short on its way? Fetch or build it again"
        )
    length = struct.unpack("<I", tail[-8:-4])[0] + 8
    if length + len(MAGIC) > size:
        raise LoaderProblem(f"{path}: is shorter than its footer says ({size} bytes): fetch or build it again")
    if length > len(tail):
        tail = file_system.cat_file(path, start=size - length, end=size)
    return tail[-length:]


def parse_footer(footer: bytes, path: str) -> Any:
    """The Arrow metadata of a footer; `path` is for the message of the LoaderProblem."""
    try:
        return pq.read_metadata(pa.BufferReader(MAGIC + footer))
    except (pa.ArrowException, OSError) as error:
        words = " ".join(str(error).split())[:120]
        raise LoaderProblem(f"{path}: its footer cannot be read ({words}): fetch or build it again") from None


def _check_unlike(files: Sequence[ShardFacts]) -> None:
    """Refuses a file that is there twice under two names."""
    seen = Counter((file.size, file.footer) for file in files if sum(file.groups))
    for size, footer in (key for key, times in seen.items() if times > 1):
        first, second, *_ = [file.path for file in files if (file.size, file.footer) == (size, footer)]
        raise LoaderProblem(f"{second}: holds the same rows as {first}; they would be trained twice: remove one")
