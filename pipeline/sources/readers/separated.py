"""CSV and TSV: a line of column names, then rows. In: a chunk. Out: rows by their numbers, the first below the names being 1.

Every cell is a text, an empty one too. A row with more or fewer cells than there are names is a BadRow; so is one that is no UTF-8
where it is used.
"""

import csv
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.chunk import MOST_BYTES, Cells, Chunk, Numbered
from pipeline.sources.opening import Damaged, check_end, opened
from pipeline.sources.readers.head import BOM, check_head
from pipeline.sources.readers.lines import broken_off
from pipeline.sources.remote import shown
from pipeline.sources.table_error import TableError

_PEEK = 512


def read(chunk: Chunk) -> Numbered:
    """The rows of a file. Raises TableError, OSError."""
    csv.field_size_limit(MOST_BYTES)  # the module has one limit for everybody; 128 KB would refuse an image in base64
    with opened(chunk.file.path) as file:
        number = 0
        try:
            _skip_mark(chunk.file.path, file)
            # bytes that are no UTF-8 fail the row that uses them, not the file
            text = TextIOWrapper(file, "utf-8", errors="surrogateescape", newline="")
            reader = csv.reader(text, "excel-tab" if chunk.spec.kind == "tsv" else "excel", strict=True)
            names = _read_names(chunk.file.path, reader)
            for number, cells in enumerate(_read_cells(reader), 1):
                yield number, cells if isinstance(cells, BadRow) else _name(cells, names)
            check_end(file)
        except Damaged as error:
            yield number + 1, broken_off(error, f"row {number}")


def _skip_mark(path: str, file: BufferedReader) -> None:
    head = file.peek(_PEEK)
    check_head(path, head)
    if head.startswith(BOM):
        file.read(len(BOM))


def _read_names(path: str, reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise TableError(shown(path), f"not CSV ({error}); begin with a line of column names") from error
    for name in names:
        if names.count(name) > 1:
            raise TableError(shown(path), f"two columns are called {quote(name)}; rename or drop one of them")
    return names


def _read_cells(reader: Iterator[list[str]]) -> Iterator[list[str] | BadRow]:
    """The rows that are not empty lines."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            open_end = str(error) == "unexpected end of data"
            problem = (
                "a double quote opens and never closes: all that follows is in it" if open_end else f"not CSV ({error})"
            )
            yield BadRow("row", problem, "put cells with quotes, separators or line breaks in double quotes")
            continue
        if cells:
            yield cells


def _name(cells: list[str], names: list[str]) -> Cells:
    if len(cells) != len(names):
        problem = f"has {len(cells)} cells, but there are {len(names)} columns"
        return BadRow(
            "row", problem, "put cells that hold separators in double quotes", dict(zip(names, cells, strict=False))
        )
    return dict(zip(names, cells, strict=True))
