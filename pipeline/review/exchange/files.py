"""Verdicts in files: JSON lines and Parquet, one `verdict/1` a row (`pipeline.review.exchange.forms`).

In: verdicts and a path; or a path. Out: the file, written aside and renamed; or verdicts again. A row that is none is named by
file, row and field, with what to do; then nothing is taken from the file.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.review.errors import ReviewError
from pipeline.review.exchange.forms import SCHEMA, BadVerdict, row_of, verdict_of
from pipeline.review.people import checked_name
from pipeline.review.records import HumanVerdict
from pipeline.review.verdicts import checked

_AT_ONCE = 1000


def write_lines(path: Path, verdicts: Iterable[HumanVerdict], build: str) -> None:
    """Write them as JSON lines. Raises OSError."""
    write_text(path, (json.dumps(row_of(verdict, build), ensure_ascii=False) + "\n" for verdict in verdicts))


def write_parquet(path: Path, verdicts: Iterable[HumanVerdict], build: str) -> None:
    """Write them as Parquet. Raises OSError."""
    aside = path.with_name(f".{path.name}.part")
    table = pa.Table.from_pylist([row_of(verdict, build) for verdict in verdicts], schema=SCHEMA)
    pq.write_table(table, aside, compression="zstd")
    os.replace(aside, path)


def write_text(path: Path, chunks: Iterable[str]) -> None:
    """Write a file whole or not at all, a chunk at a time. Raises OSError."""
    aside = path.with_name(f".{path.name}.part")
    with aside.open("w", encoding="utf-8") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read_verdicts(path: Path, build: str) -> list[HumanVerdict]:
    """All verdicts of a JSON lines or Parquet file. Raises ReviewError for the first row that is none, OSError."""
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _line_rows(path)
    return [read_row(path, number, row, build) for number, row in rows]


def read_row(path: Path, number: int, row: Mapping[str, Any], build: str) -> HumanVerdict:
    """The verdict of a row (from 1). Raises ReviewError."""
    try:
        verdict = verdict_of(row, build)
        checked(verdict, 0.0)
        checked_name(verdict.reviewer)
    except (BadVerdict, ReviewError) as error:
        raise ReviewError(f"{path}: row {number}: {error}") from None
    return verdict


def _line_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8"))
            except (ValueError, RecursionError) as error:
                what = str(error).partition(":")[0]
                raise ReviewError(f"{path}: row {number}: no JSON ({what}); write one verdict a line") from None
            if not isinstance(row, dict):
                raise ReviewError(f"{path}: row {number}: is no object; write one verdict a line")
            yield number, row


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with pq.ParquetFile(path) as file:
            if missing := [name for name in SCHEMA.names if name not in file.schema_arrow.names]:
                raise ReviewError(f"{path}: it lacks the columns {', '.join(missing)}; export the verdicts again")
            number = 0
            # a release's sidecar has a column more
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=SCHEMA.names):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: value for name, value in row.items() if value is not None}
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise ReviewError(f"{path}: cannot be read as Parquet ({type(error).__name__}); export it again") from None
