"""Row groups, read one ahead: while the rows of one are used, the next is being fetched.

In: shards, and which rows of which units are wanted. Out: the rows, images still encoded. At most `read_ahead` + 1 row groups are
in memory. Without images, the pages that hold image bytes are not read at all.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training.loader.columns import GroupColumns
from training.loader.footers import COLUMNS, ReadUnit, Shards, parse_footer, read_footer
from training.loader.problem import LoaderProblem
from training.row import TrainingRow, read_row

FOOTERS_KEPT = 64
"""How many parsed footers a reader keeps, about 100 KB each: units come in a shuffled order, so files come again."""
_BUFFER = 1 << 16
"""Bytes that are read from a local file at once, so that a column of images is not held twice."""
PATHS_ONLY = "images.list.element.path"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of a unit, in the order in which they are given out; whether they are padding."""

    unit: ReadUnit
    rows: list[int]
    padding: bool


class GroupReader:
    """Reads row groups of `shards`, in the process that made it."""

    def __init__(self, shards: Shards, *, images: bool = True, read_ahead: int = 1) -> None:
        self._shards, self._images, self._read_ahead = shards, images, read_ahead
        self._local = shards.place.is_local()
        self._file_system = shards.place.file_system()
        self._footers: OrderedDict[int, Any] = OrderedDict()
        others = sorted(COLUMNS - {"images"})
        self._columns = [*others, "images" if images else PATHS_ONLY]

    def rows(self, wanted: Iterable[Wanted]) -> Iterator[tuple[TrainingRow, bool]]:
        """The rows, each with whether it is padding. Raises LoaderProblem or RowProblem, which name file and row."""
        for want, table in self._tables(iter(wanted)):
            columns, path = GroupColumns(table), self._shards.files[want.unit.file].path
            del table
            for row in want.rows:
                yield read_row(columns.row(row), f"{path}: row {row} of row group {want.unit.group}"), want.padding

    def _tables(self, wanted: Iterator[Wanted]) -> Iterator[tuple[Wanted, Any]]:
        """Each unit wanted, with its table. The reading thread ends with the iterator, whoever closes it."""
        if not self._read_ahead:
            yield from ((want, self._read(want.unit)) for want in wanted)
            return
        with ThreadPoolExecutor(1, "read-ahead") as reader:
            coming: deque[tuple[Wanted, Future[Any]]] = deque()
            for want in islice(wanted, self._read_ahead):
                coming.append((want, reader.submit(self._read, want.unit)))
            while coming:
                want, future = coming.popleft()
                table = future.result()
                coming.extend((more, reader.submit(self._read, more.unit)) for more in islice(wanted, 1))
                yield want, table
                del table, future

    def _read(self, unit: ReadUnit) -> Any:
        file = self._shards.files[unit.file]
        try:
            with self._open(unit.file) as source:
                parquet = pq.ParquetFile(
                    source,
                    metadata=self._footer(unit.file),
                    pre_buffer=not self._local,
                    buffer_size=_BUFFER if self._local else 0,
                )
                table = parquet.read_row_group(unit.group, columns=self._columns, use_threads=False)
                # else the pool keeps what earlier groups took, tens of megabytes a worker
                pa.default_memory_pool().release_unused()
                return table
        except (pa.ArrowException, OSError) as error:
            words = " ".join(str(error).split())[:120]
            raise LoaderProblem(
                f"{file.path}: row group {unit.group} cannot be read ({words}): fetch the file again, or build it again"
            ) from None

    def _open(self, number: int) -> Any:
        file = self._shards.files[number]
        if self._local:
            return pa.OSFile(file.path)
        return self._file_system.open(file.path, "rb", cache_type="none")

    def _footer(self, number: int) -> Any:
        if number not in self._footers:
            file = self._shards.files[number]
            footer = read_footer(self._file_system, file.path, file.size)
            if sha256(footer).hexdigest() != file.footer:
                raise LoaderProblem(
                    f"{file.path}: changed while it was being read; begin anew once nobody writes there"
                )
            self._footers[number] = parse_footer(footer, file.path)
            if len(self._footers) > FOOTERS_KEPT:
                self._footers.popitem(last=False)
        self._footers.move_to_end(number)
        return self._footers[number]
