"""Parquet: row groups of a file, each read by itself, and only the columns that the mapping uses.

In: a file, or a chunk of it. Out: chunks, rows. One value that cannot be read fails its row; a file that is no Parquet raises
TableError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.bad_row import BadRow
from pipeline.sources.chunk import Cells, Chunk, Numbered
from pipeline.sources.files import SourceFile
from pipeline.sources.opening import BUFFER, open_raw
from pipeline.sources.remote import is_remote, shown
from pipeline.sources.spec import TableSpec
from pipeline.sources.table_error import TableError

BATCH_ROWS = 64  # several batches are in memory at once, and a row may hold images of a few MB


def row_groups(spec: TableSpec, file: SourceFile) -> Iterator[Chunk]:
    """The row groups of a file, by its footer alone. Raises TableError, OSError."""
    with _opened(file.path) as opened:
        _check_names(file.path, opened.schema_arrow)
        counts = [opened.metadata.row_group(group).num_rows for group in range(opened.num_row_groups)]
    before = 0
    for group, count in enumerate(counts):
        yield Chunk(spec, file, group, before, count)
        before += count


def read(chunk: Chunk) -> Numbered:
    """The rows of a row group, or of the whole file. Raises TableError, OSError."""
    number, groups = chunk.first, None if chunk.group is None else [chunk.group]
    try:
        with _opened(chunk.file.path) as file:
            columns = [name for name in file.schema_arrow.names if name in _columns_to_read(chunk.spec)]
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns):
                for row in _convert_batch(batch) if columns else ({} for _ in range(batch.num_rows)):
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        place = f" after row {number}" if number else ""
        problem = f"not readable as Parquet{place} ({' '.join(str(error).split())}); write it anew"
        raise TableError(shown(chunk.file.path), problem) from error


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    """The file, of which pages are read when they are needed: a row group of images need not fit into memory."""
    where = open_raw(path) if is_remote(path) else path
    try:
        with pq.ParquetFile(where, buffer_size=BUFFER, pre_buffer=False) as file:
            yield file
    except pa.ArrowInvalid as error:
        raise TableError(
            shown(path), f"not readable as Parquet ({' '.join(str(error).split())}); write it anew"
        ) from error
    finally:
        if not isinstance(where, str):
            where.close()


def _columns_to_read(spec: TableSpec) -> set[str]:
    return {name for column in spec.columns_to_read() for name in (column, column.split(".")[0])}


def _convert_batch(batch: pa.RecordBatch) -> list[Cells]:
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError):  # one value that is not UTF-8 fails the whole batch: find its row
        return [_convert_row(batch, index) for index in range(batch.num_rows)]


def _convert_row(batch: pa.RecordBatch, index: int) -> Cells:
    row: dict[str, Any] = {}
    first_error: BadRow | None = None
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            row[name] = column[index].as_py()
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 at byte {error.start + 1}"
            first_error = first_error or BadRow(name, problem, "store it as UTF-8 or as binary", row)
        except (ValueError, OverflowError) as error:
            problem = f"the value cannot be read ({error})"
            first_error = first_error or BadRow(name, problem, "store it in a plain type", row)
    return first_error or row


def schema(path: str) -> pa.Schema:
    """The columns of a Parquet file. Raises TableError, also where one name stands for two columns, and OSError."""
    with _opened(path) as file:
        return _check_names(path, file.schema_arrow)


def _check_names(path: str, columns: pa.Schema) -> pa.Schema:
    repeated = _find_repeated(list(columns))
    if repeated is not None:
        raise TableError(shown(path), f"two columns are called {repeated}; rename or drop one of them")
    return columns


def _find_repeated(fields: list[pa.Field], above: str = "") -> str | None:
    """A column, nested ones by their dotted path, that is there twice; None where none is."""
    names: list[str] = [field.name for field in fields]
    for field in fields:
        if names.count(field.name) > 1:
            return f"{above}{field.name}"
        inner = _find_repeated(_fields_inside(field.type), f"{above}{field.name}.")
        if inner is not None:
            return inner
    return None


def _fields_inside(kind: pa.DataType) -> list[pa.Field]:
    """The fields of a struct, also of one inside lists or maps."""
    if pa.types.is_struct(kind):
        return [kind.field(n) for n in range(kind.num_fields)]
    if pa.types.is_map(kind):
        return [*_fields_inside(kind.key_type), *_fields_inside(kind.item_type)]
    return _fields_inside(kind.value_type) if isinstance(kind, _LISTS) else []


_LISTS = (pa.ListType, pa.LargeListType, pa.FixedSizeListType)
