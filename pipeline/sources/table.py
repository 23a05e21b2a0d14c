"""Reads the rows of a table lazily, chunk by chunk, each with its place.

In: a `TableSpec`. Out: its chunks, in the order in which they are read, and the (place, row or BadRow) pairs of a chunk; a row of
JSONL has the number of its line, blank lines are skipped. A broken line or value makes a BadRow; a file that is broken as a whole
raises TableError. A further kind of table is a reader in `_READERS`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.bad_row import BadRow, Place, quote
from pipeline.sources.files import SourceFile, TableError, list_files
from pipeline.sources.spec import TableSpec
from pipeline.sources.strict_json import parse, repeated_key

BATCH_ROWS = 64  # several batches are in memory at once, and a row may hold images of a few MB

Cells = Mapping[str, Any] | BadRow
Item = tuple[Place, Cells]

_BOM = b"\xef\xbb\xbf"
_NO_JSON = (
    (b"PAR1", "is a Parquet file; say kind parquet"),
    (b"\x1f\x8b", "is compressed (gzip); unpack it first"),
    (b"BZh", "is compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ", "is compressed (xz); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd); unpack it first"),
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"\xff\xfe", "is UTF-16 or UTF-32; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as UTF-8"),
)
"""How files begin that are taken for JSON by mistake, and what to say of them."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a table that are read by themselves: one file, or one row group of a Parquet file.

    `group`: the row group, None where the chunk is the whole file. `first`: rows of the file that come before. `rows`: how many it
    has, None where only reading the file would tell.
    """

    spec: TableSpec
    file: SourceFile
    group: int | None = None
    first: int = 0
    rows: int | None = None


def chunks(spec: TableSpec, seed: int = 0) -> Iterator[Chunk]:
    """The chunks of a table in the order in which they are read: that of the files' names, or, where `spec.order` is shuffled, by a
    hash of `seed` and name. A file is opened when its turn comes, and then for its footer alone. `spec.limit` is for the caller to
    heed. Raises TableError, OSError.
    """
    files = list_files(spec)
    if spec.order == "shuffled":
        files.sort(key=lambda file: hashlib.sha256(f"{seed}:{file.name}".encode()).digest())
    for file in files:
        if spec.kind == "parquet":
            yield from _row_groups(spec, file)
        else:
            yield Chunk(spec, file)


def rows_of(chunk: Chunk, before: int = 0, skip: int = 0) -> Iterator[Item]:
    """The rows of a chunk, without the first `skip` of them. `before`: the number of the last row that was read before this chunk,
    0 where it is the first. Raises TableError, and OSError when a file cannot be opened.
    """
    for row, cells in islice(_READERS[chunk.spec.kind](chunk), skip, None):
        yield Place(chunk.file.name, row, before + row - chunk.first), cells


def rows(spec: TableSpec) -> Iterator[Item]:
    """The rows of all chunks, at most `spec.limit`. Raises TableError, and OSError when a file cannot be opened."""
    return islice(_read_all(spec), spec.limit)


def _read_all(spec: TableSpec) -> Iterator[Item]:
    before = 0
    for chunk in chunks(spec):
        place = None
        for place, cells in rows_of(chunk, before):
            yield place, cells
        before = place.number if place else before


def count_rows(spec: TableSpec) -> int:
    """How many rows `rows` gives, bad ones included. Raises TableError, OSError."""
    if spec.kind == "parquet":
        count = 0
        for file in list_files(spec):
            schema(file.path)  # raises in words that name the remedy
            count += pq.read_metadata(file.path).num_rows
        return count if spec.limit is None else min(count, spec.limit)
    if spec.kind == "jsonl":
        lines = (line for file in list_files(spec) for _, line in _read_lines(file.path))
        return sum(1 for _ in islice(lines, spec.limit))
    return sum(1 for _ in rows(spec))


def _read_jsonl(chunk: Chunk) -> Iterator[tuple[int, Cells]]:
    for number, line in _read_lines(chunk.file.path):
        yield number, _parse_line(line)


def _read_lines(path: str) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers. Raises TableError, OSError."""
    begun = False
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                _check_head(path, line)
                line = line.removeprefix(_BOM)
            if not line.strip():
                continue
            if not begun and line.strip() in (b"[", b"[{"):
                raise TableError(path, "holds one JSON array; say kind json")
            begun = True
            yield number, line


def _check_head(path: str, head: bytes) -> None:
    for mark, problem in _NO_JSON:
        if head.startswith(mark):
            raise TableError(path, problem)


def _parse_line(line: bytes) -> Cells:
    try:
        return _check_object(parse(line))
    except UnicodeDecodeError as error:
        return BadRow("line", f"not UTF-8 at byte {error.start + 1}", "save the file as UTF-8")
    except (ValueError, RecursionError) as error:
        return BadRow("line", f"not JSON ({error})", "write one JSON object a line")


def _read_json(chunk: Chunk) -> Iterator[tuple[int, Cells]]:
    path = chunk.file.path
    with open(path, "rb") as file:
        data = file.read()
    _check_head(path, data)
    try:
        values = parse(data.removeprefix(_BOM))
    except UnicodeDecodeError as error:
        raise TableError(path, f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        problem = f"not JSON ({error}); mend the file, or say kind jsonl if it holds one object a line"
        raise TableError(path, problem) from error
    if not isinstance(values, list):
        raise TableError(path, f"holds no JSON array but {type(values).__name__}; make it a list of objects")
    for number, value in enumerate(values, 1):
        yield number, _check_object(value)


def _check_object(value: Any) -> Cells:
    if not isinstance(value, dict):
        return BadRow("row", f"{quote(value)} is no object", "make it a JSON object, column -> value")
    key = repeated_key(value)
    if key is not None:
        return BadRow("row", f"the key {quote(key)} is given twice", "keep one of the two")
    return value


def _row_groups(spec: TableSpec, file: SourceFile) -> Iterator[Chunk]:
    schema(file.path)  # raises in words that name the remedy
    with pq.ParquetFile(file.path) as opened:
        counts = [opened.metadata.row_group(group).num_rows for group in range(opened.num_row_groups)]
    before = 0
    for group, count in enumerate(counts):
        yield Chunk(spec, file, group, before, count)
        before += count


def _read_parquet(chunk: Chunk) -> Iterator[tuple[int, Cells]]:
    number, groups = chunk.first, None if chunk.group is None else [chunk.group]
    try:
        with pq.ParquetFile(chunk.file.path) as file:
            columns = [name for name in file.schema_arrow.names if name in _columns_to_read(chunk.spec)]
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns):
                for row in _convert_batch(batch):
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        place = f" after row {number}" if number else ""
        problem = f"not readable as Parquet{place} ({' '.join(str(error).split())}); write it anew"
        raise TableError(chunk.file.path, problem) from error


def _columns_to_read(spec: TableSpec) -> set[str]:
    columns = [*spec.columns_used().values(), *spec.checker.optional]
    return {name for column in columns for name in (column, column.split(".")[0])}


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
    try:
        columns = pq.read_schema(path)
    except pa.ArrowException as error:
        raise TableError(path, f"not readable as Parquet ({' '.join(str(error).split())}); write it anew") from error
    repeated = _find_repeated(list(columns))
    if repeated is not None:
        raise TableError(path, f"two columns are called {repeated}; rename or drop one of them")
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
_READERS: dict[str, Callable[[Chunk], Iterator[tuple[int, Cells]]]] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "parquet": _read_parquet,
}
