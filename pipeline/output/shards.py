"""Planning and writing Parquet shards.

In: row sizes and targets; then rows-to-be and a path. Out: a plan (shards of row groups), then files, synced, with their
checksums. A row group is what a reader holds in memory and what a trainer hands to a worker: it is flushed by bytes, or
by a number of rows, and never passes 200 MB (the Hugging Face viewer gives up at 300); where that makes too few for those who
are to read at once, rows are shared out evenly. Images stay uncompressed (they are compressed already), text is zstd, addressed by
full leaf path.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from pipeline.manifest.forms import Product
from pipeline.output.frame import RunFrame, Unit
from pipeline.output.parts import build_row
from pipeline.output.places import name_shard
from pipeline.output.schema import leaves, with_metadata
from pipeline.output.view import Views

MOST_BYTES = 200_000_000  # of a row, and of a row group


class RowTooLarge(Exception):
    """A row holds more than a reader can take; the message names it, and what to do."""


class RowGroup(BaseModel):
    """Where a row group begins in its file, and how much it holds (`bytes` uncompressed)."""

    model_config = ConfigDict(frozen=True)

    offset: int
    rows: int
    bytes: int


class ShardFile(BaseModel):
    """A file as it was written."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int
    rows: int
    row_groups: tuple[RowGroup, ...]


@dataclass(frozen=True, slots=True)
class Targets:
    """When to begin a new row group, and a new shard. `least_groups`: how many row groups to make at least, where there are rows
    enough."""

    shard_bytes: int
    group_bytes: int
    group_rows: int
    least_groups: int = 1


@dataclass(frozen=True)
class Shard:
    """A file to write: `name` is its path within the output, `groups` its row groups."""

    product: Product
    name: str
    groups: tuple[tuple[Unit, ...], ...]


def plan(sizes: Mapping[str, int], targets: Targets) -> list[list[int]]:
    """Shards of row groups, as numbers of rows in the given order; one empty shard for no rows. Raises RowTooLarge.

    `sizes` maps the id of a row to its bytes.
    """
    shards: list[list[int]] = [[]]
    filled = 0
    for rows, size in _groups(sizes, targets):
        if shards[-1] and filled + size > targets.shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(rows)
        filled += size
    return shards


def _groups(sizes: Mapping[str, int], targets: Targets) -> list[tuple[int, int]]:
    """Row groups as (rows, bytes): filled up where that makes enough of them, else cut evenly."""
    rows = list(sizes.items())
    filled = _fill(rows, targets)
    if len(filled) >= min(targets.least_groups, len(rows)):
        return filled
    count = min(targets.least_groups, len(rows))
    cuts = [len(rows) * n // count for n in range(count + 1)]
    return [group for begin, end in pairwise(cuts) for group in _fill(rows[begin:end], targets)]


def _fill(sizes: Sequence[tuple[str, int]], targets: Targets) -> list[tuple[int, int]]:
    most = min(targets.group_bytes, MOST_BYTES)
    groups: list[tuple[int, int]] = []
    rows = filled = 0
    for name, size in sizes:
        if size > MOST_BYTES:
            raise RowTooLarge(
                f"{name}: the row holds {size:,} bytes, the most is {MOST_BYTES:,}: lower output.image.size"
            )
        if rows and (rows == targets.group_rows or filled + size > most):
            groups.append((rows, filled))
            rows = filled = 0
        rows, filled = rows + 1, filled + size
    return [*groups, (rows, filled)] if rows else groups


def lay_out(product: Product, stem: str, units: Sequence[Unit], planned: Sequence[Sequence[int]]) -> list[Shard]:
    """The shards of a part."""
    rest = iter(units)
    shards = []
    for n, lengths in enumerate(planned):
        groups = tuple(tuple(next(rest) for _ in range(length)) for length in lengths)
        shards.append(Shard(product, name_shard(product, stem, n, len(planned)), groups))
    return shards


def write(shard: Shard, folder: Path, frame: RunFrame, views: Views) -> ShardFile:
    """Write and sync one shard below `folder`. Raises OSError on a failed write or a missing view."""
    path = folder / shard.name
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = with_metadata(shard.product, frame.about(shard.product))
    with open_writer(path, schema) as writer:
        for group in shard.groups:
            rows = [build_row(shard.product, unit, frame, views) for unit in group]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema), row_group_size=len(rows))
    with path.open("rb") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return describe_file(path, sha256)


def open_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of shards: images as they are, text as zstd, statistics of text alone."""
    paths = dict(leaves(schema))
    text = [leaf for leaf, kind in paths.items() if not pa.types.is_binary(kind)]
    return pq.ParquetWriter(
        path,
        schema,
        compression={leaf: "ZSTD" if leaf in text else "NONE" for leaf in paths},
        use_dictionary=text,
        write_statistics=text,
        write_page_index=True,
        use_content_defined_chunking=True,
    )


def describe_file(path: Path, sha256: str) -> ShardFile:
    """What `run.json` says of a written file. Raises OSError or pyarrow.ArrowException when it is none."""
    metadata = pq.read_metadata(path)
    groups = tuple(_group(metadata.row_group(n)) for n in range(metadata.num_row_groups))
    return ShardFile(sha256=sha256, bytes=path.stat().st_size, rows=metadata.num_rows, row_groups=groups)


def _group(group: pq.RowGroupMetaData) -> RowGroup:
    first = group.column(0)
    offset = first.dictionary_page_offset or first.data_page_offset
    return RowGroup(offset=offset, rows=group.num_rows, bytes=group.total_byte_size)
