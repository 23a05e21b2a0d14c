"""Checks a table before anything runs: the file is there and readable, and has the columns that the mapping names.

In: a `TableSpec`. Out: (field of the source, problem and remedy) pairs, none when all is well.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from pipeline.sources import table
from pipeline.sources.bad_row import BadRow
from pipeline.sources.mapping import lookup, nearest, paths
from pipeline.sources.spec import TableSpec

Problem = tuple[str, str]


def problems(spec: TableSpec) -> list[Problem]:
    """What keeps this source from being read at all."""
    found = list(_places(spec))
    if any(field == "path" for field, _ in found):
        return found
    try:
        missing = _absent_in_schema(spec) if spec.kind == "parquet" else _absent_in_rows(spec)
    except (table.TableError, OSError) as error:
        text = (
            str(error)
            if isinstance(error, table.TableError)
            else f"cannot be read ({error.strerror}); correct its rights"
        )
        return [*found, ("path", f"{spec.path}: {text}")]
    return [*found, *missing]


def _places(spec: TableSpec) -> Iterator[Problem]:
    try:
        mode = os.stat(spec.path).st_mode
    except (OSError, ValueError):
        yield "path", f"{spec.path}: no such file; correct the path, which starts at the manifest's folder"
    else:
        if not stat.S_ISREG(mode):
            yield "path", f"{spec.path}: not a file; name one {spec.kind} file"
    if spec.images and not os.path.isdir(spec.images.root):
        yield (
            "images.root",
            f"{spec.images.root}: no such folder; correct the path, which starts at the manifest's folder",
        )


def _absent_in_schema(spec: TableSpec) -> list[Problem]:
    known = _schema_paths(table.schema(spec))
    file = os.path.basename(spec.path)
    return [
        (field, f"{column} is no column of {file}; {nearest(column, known)}")
        for field, column in spec.columns_used().items()
        if column not in known
    ]


def _schema_paths(fields: Iterable[pa.Field]) -> list[str]:
    known = []
    for field in fields:
        known.append(field.name)
        if pa.types.is_struct(field.type):
            known += [f"{field.name}.{path}" for path in _schema_paths(field.type)]
    return known


def _absent_in_rows(spec: TableSpec) -> list[Problem]:
    missing, seen, empty = dict(spec.columns_used()), set[str](), True
    for _, row in table.rows(spec):
        empty = False
        if isinstance(row, BadRow):
            continue
        missing = {field: column for field, column in missing.items() if not _in_row(row, column)}
        if not missing:  # as a rule after the first row
            return []
        seen |= set(paths(row))
    if empty:
        return [("path", f"{spec.path}: no rows; supply data or remove the source")]
    file = os.path.basename(spec.path)
    absent = [
        (field, f"{column} is no column of {file}; {nearest(column, sorted(seen))}")
        for field, column in missing.items()
    ]
    return absent if seen else []  # not one readable row: each will say so itself


def _in_row(row: Mapping[str, object], column: str) -> bool:
    try:
        lookup(row, column, "")
    except BadRow:
        return False
    return True
