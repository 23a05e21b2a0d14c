"""Reads the rows of a table lazily, in file order, each with its number.

In: a `TableSpec`. Out: (row number from 1, row or BadRow) pairs; a JSONL row has the number of its line, blank lines are
skipped. A broken line or value makes a BadRow; a file that is broken as a whole raises TableError.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.spec import TableSpec

BATCH_ROWS = 64  # several batches are in memory at once, and a row may hold images of a few MB

Item = tuple[int, Mapping[str, Any] | BadRow]


class TableError(Exception):
    """The file as a whole cannot be read; the message says what is wrong and what to do, in one line."""


def rows(spec: TableSpec) -> Iterator[Item]:
    """The rows of the file, at most `spec.limit`. Raises TableError, and OSError when the file cannot be opened."""
    reader = {"jsonl": _read_jsonl, "json": _read_json, "parquet": _read_parquet}[spec.kind]
    return islice(reader(spec), spec.limit)


def _read_jsonl(spec: TableSpec) -> Iterator[Item]:
    with open(spec.path, "rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, _parse_line(line)


def _parse_line(line: bytes) -> Mapping[str, Any] | BadRow:
    try:
        return _check_object(parse(line))
    except UnicodeDecodeError as error:
        return BadRow("line", f"not UTF-8 at byte {error.start + 1}", "save the file as UTF-8")
    except (ValueError, RecursionError) as error:
        return BadRow("line", f"not JSON ({error})", "write one JSON object a line")


def _read_json(spec: TableSpec) -> Iterator[Item]:
    with open(spec.path, "rb") as file:
        data = file.read()
    try:
        values = parse(data.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError as error:
        raise TableError(f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise TableError(
            f"not JSON ({error}); mend the file, or say kind jsonl if it holds one object a line"
        ) from error
    if not isinstance(values, list):
        raise TableError(f"holds no JSON array but {type(values).__name__}; make it a list of objects")
    for number, value in enumerate(values, 1):
        yield number, _check_object(value)


def _check_object(value: Any) -> Mapping[str, Any] | BadRow:
    if isinstance(value, dict):
        return value
    return BadRow("row", f"{quote(value)} is no object", "make it a JSON object, column -> value")


def parse(data: bytes) -> Any:
    """Parse UTF-8 JSON, without the NaN and Infinity that Python would allow. Raises ValueError, RecursionError."""
    return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_parquet(spec: TableSpec) -> Iterator[Item]:
    number = 0
    try:
        with pq.ParquetFile(spec.path) as file:
            columns = [name for name in file.schema_arrow.names if name in _columns_to_read(spec)]
            for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                for row in _convert_batch(batch):
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        place = f" after row {number}" if number else ""
        raise TableError(f"not readable as Parquet{place} ({' '.join(str(error).split())}); write it anew") from error


def _columns_to_read(spec: TableSpec) -> set[str]:
    columns = [*spec.columns_used().values(), *spec.checker.optional]
    return {name for column in columns for name in (column, column.split(".")[0])}


def _convert_batch(batch: pa.RecordBatch) -> list[Mapping[str, Any] | BadRow]:
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError):  # one value that is not UTF-8 fails the whole batch: find its row
        return [_convert_row(batch, index) for index in range(batch.num_rows)]


def _convert_row(batch: pa.RecordBatch, index: int) -> Mapping[str, Any] | BadRow:
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


def schema(spec: TableSpec) -> pa.Schema:
    """The columns of a Parquet file. Raises TableError, OSError."""
    try:
        return pq.read_schema(spec.path)
    except pa.ArrowException as error:
        raise TableError(f"not readable as Parquet ({' '.join(str(error).split())}); write it anew") from error
