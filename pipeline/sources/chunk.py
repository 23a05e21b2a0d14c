"""What readers are given and give: a chunk of a table, and rows. Data only."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.sources.bad_row import BadRow
from pipeline.sources.files import SourceFile
from pipeline.sources.spec import TableSpec

Cells = Mapping[str, Any] | BadRow
"""What a row holds, by column; or why it cannot be read."""
Numbered = Iterator[tuple[int, Cells]]
"""Rows with their numbers in the file, from 1."""

MOST_BYTES = 256 << 20
"""A row, or a member of a tar, of more bytes is no row but a mistake, and would not fit into memory many times over."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a table that are read by themselves: one file, or one row group of a Parquet file.

    `group`: the row group, None where the chunk is the whole file. `first`: rows of the file that come before. `rows`: how many it
    has, None where only reading the file would tell.
    """

    spec: TableSpec = dataclasses.field(hash=False)
    file: SourceFile
    group: int | None = None
    first: int = 0
    rows: int | None = None
