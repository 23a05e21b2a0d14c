"""Reads the rows of a table lazily, chunk by chunk, each with its place.

In: a `TableSpec`. Out: its chunks, in the order in which they are read, and the (place, row or BadRow) pairs of a chunk. A broken
row makes a BadRow, and so does what is missing of a file that breaks off; a file that is none of its kind raises TableError. A
further kind of table is a reader in `_READERS`.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice

from pipeline.sources.bad_row import Place
from pipeline.sources.chunk import Cells, Chunk, Numbered
from pipeline.sources.files import list_files
from pipeline.sources.readers import array, hub, lines, parquet, separated, tar
from pipeline.sources.spec import Kind, TableSpec

Item = tuple[Place, Cells]


def chunks(spec: TableSpec, seed: int = 0) -> Iterator[Chunk]:
    """The chunks of a table in the order in which they are read: that of the files' names, or, where `spec.order` is shuffled, by a
    hash of `seed` and name. A file is opened when its turn comes, and then for its footer alone. `spec.limit` is for the caller to
    heed. Raises TableError, OSError.
    """
    if spec.kind == "huggingface":
        yield hub.chunk_of(spec)
        return
    files = list_files(spec)
    if spec.order == "shuffled":
        files.sort(key=lambda file: hashlib.sha256(f"{seed}:{file.name}".encode()).digest())
    for file in files:
        if spec.kind == "parquet":
            yield from parquet.row_groups(spec, file)
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
    """How many rows `rows` gives, bad ones included. Files are read where no footer says it. Raises TableError, OSError."""
    counts = (_count(chunk) if chunk.rows is None else chunk.rows for chunk in chunks(spec))
    if spec.limit is None:
        return sum(counts)
    counted = 0
    for count in counts:
        counted += count
        if counted >= spec.limit:
            return spec.limit
    return counted


def _count(chunk: Chunk) -> int:
    count = _COUNTERS.get(chunk.spec.kind)
    rows = count(chunk) if count else _READERS[chunk.spec.kind](chunk)
    return sum(1 for _ in islice(rows, chunk.spec.limit))


_READERS: dict[Kind, Callable[[Chunk], Numbered]] = {
    "jsonl": lines.read,
    "json": array.read,
    "parquet": parquet.read,
    "csv": separated.read,
    "tsv": separated.read,
    "webdataset": tar.read,
    "huggingface": hub.read,
}
_COUNTERS: dict[Kind, Callable[[Chunk], Iterator[object]]] = {"jsonl": lines.read_lines, "webdataset": tar.read_keys}
"""What gives an item a row for less than reading it."""
