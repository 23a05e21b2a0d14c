"""Checks a table before anything runs: its files must be readable and must have the columns that the mapping names.

In: a `TableSpec`. Out: (field of the source, "problem; remedy") pairs, none when all is well.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import pyarrow as pa

from pipeline.sources import table
from pipeline.sources.bad_row import BadRow
from pipeline.sources.files import TableError, list_files
from pipeline.sources.mapping import has_column, list_columns, suggest_column
from pipeline.sources.readers import parquet
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import TableSpec

Problem = tuple[str, str]
ROWS = 10_000
"""A column that none of so many rows has is in no row."""
FILES_ELSEWHERE = 3


def check_table(spec: TableSpec) -> list[Problem]:
    """All problems that keep this source from being read at all."""
    problems = list(_check_root(spec))
    try:
        missing = _check_schemas(spec) if spec.kind == "parquet" else _check_rows(spec)
    except TableError as error:
        return [("path", str(error)), *problems]
    except OSError as error:
        place = error.filename or spec.path
        return [("path", f"{place}: cannot be read ({error.strerror}); correct its rights"), *problems]
    return [*problems, *missing]


def _check_root(spec: TableSpec) -> Iterator[Problem]:
    if spec.images and not os.path.isdir(spec.images.root):
        yield (
            "images.root",
            f"{spec.images.root}: no such folder; correct the path, which starts at the manifest's folder",
        )


def _check_schemas(spec: TableSpec) -> list[Problem]:
    """What files lack that they must have. Of several files that lack a column the first is named. Of files elsewhere only the
    first are opened: of a later one that lacks a column each row fails.
    """
    problems: dict[str, str] = {}
    for file in islice(list_files(spec), FILES_ELSEWHERE if is_remote(spec.path) else None):
        columns = _list_schema_columns(parquet.schema(file.path))
        for field, wanted in _wanted(spec).items():
            if not set(wanted) & set(columns):
                problems.setdefault(field, _absent(spec, wanted, file.name, columns))
    if not problems and not any(chunk.rows for chunk in table.chunks(spec)):
        return [("path", f"{spec.path}: no rows; supply data or remove the source")]
    return list(problems.items())


def _wanted(spec: TableSpec) -> dict[str, tuple[str, ...]]:
    """Place in the mapping -> the columns of which one has to be there."""
    return {field: (column,) for field, column in spec.columns_used().items()} | spec.columns_to_choose()


def _absent(spec: TableSpec, wanted: tuple[str, ...], file: str, columns: Sequence[str]) -> str:
    named = f"{wanted[0]} is no column" if len(wanted) == 1 else f"none of {', '.join(wanted)} is a column"
    expected = f" (the preset {spec.preset} expects: {spec.layout})" if spec.layout else ""
    return f"{named} of {file}; {suggest_column(wanted[0], list(columns))}{expected}"


def _list_schema_columns(fields: Iterable[pa.Field]) -> list[str]:
    columns = []
    for field in fields:
        columns.append(field.name)
        if pa.types.is_struct(field.type):
            columns += [f"{field.name}.{inner}" for inner in _list_schema_columns(field.type)]
    return columns


def _check_rows(spec: TableSpec) -> list[Problem]:
    missing, columns, empty = _wanted(spec), set[str](), True
    for _, row in islice(table.rows(spec), ROWS):
        empty = False
        if isinstance(row, BadRow):
            continue
        missing = {
            field: wanted for field, wanted in missing.items() if not any(has_column(row, column) for column in wanted)
        }
        if not missing:  # usually after the first row
            return []
        columns |= set(list_columns(row))
    if empty:
        return [("path", f"{spec.path}: no rows; supply data or remove the source")]
    file = os.path.basename(spec.path)
    absent = [(field, _absent(spec, wanted, file, sorted(columns))) for field, wanted in missing.items()]
    return absent if columns else []  # no row can be read: each row reports that itself
