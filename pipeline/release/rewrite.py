"""Rewriting shards: the approved rows of a build, byte for byte, in files of their own. Readers cannot filter rows.

In: the folder of a build, the ids of approved samples, targets. Out: Parquet files in another folder, with the schema, metadata,
order and encoding of the build's, and row groups cut as a build of these rows would cut them. A file is read row group by row
group, so memory does not grow with the build.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.manifest.forms import PRODUCTS, Product
from pipeline.output.places import list_files, name_shard, stem_of
from pipeline.output.shards import ShardFile, Targets, describe_file, open_writer, plan

ID_COLUMNS: Mapping[Product, tuple[str, ...]] = {
    "sft": ("id",),
    "rl": ("extra_info", "id"),
    "pairs": ("sample_id",),
    "edit_pairs": ("sample_id",),
    "record": ("id",),
}
"""Where a row of each product names its sample."""


def rewrite(build: Path, folder: Path, approved: Collection[str], targets: Targets) -> dict[str, ShardFile]:
    """Write the rows of `approved` samples into `folder`; the files by name.

    A split without a row is left out where it is `validation`, as in a build. Raises OSError when a file cannot be read or written,
    pyarrow.ArrowException when one is damaged.
    """
    files: dict[str, ShardFile] = {}
    for product in PRODUCTS:
        for stem, names in _by_split(build, product).items():
            paths = [build / name for name in names]
            files |= _rewrite_split(product, stem, paths, folder, frozenset(approved), targets)
    return files


def _by_split(build: Path, product: Product) -> dict[str, list[str]]:
    splits: dict[str, list[str]] = {}
    for name in list_files(build, product):
        splits.setdefault(stem_of(name).partition("/")[2], []).append(name)
    return splits


def _rewrite_split(
    product: Product, stem: str, paths: list[Path], folder: Path, approved: frozenset[str], targets: Targets
) -> dict[str, ShardFile]:
    sizes = {
        f"{name} (row {number} of {product})": size
        for number, (name, size) in enumerate(
            (name, size) for table in _approved(product, paths, approved) for name, size in _sizes(product, table)
        )
    }
    if not sizes and stem == "validation":
        return {}
    planned = plan(sizes, targets)
    schema = pq.read_schema(paths[0])
    groups = _regroup(_approved(product, paths, approved), [rows for shard in planned for rows in shard])
    files = {}
    for number, shard in enumerate(planned):
        name = name_shard(product, stem, number, len(planned))
        files[name] = _write(folder / name, schema, groups, len(shard))
    return files


def _approved(product: Product, paths: list[Path], approved: frozenset[str]) -> Iterator[pa.Table]:
    """The approved rows, a table a row group."""
    wanted = pa.array(sorted(approved), pa.string())
    for path in paths:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number)
                if (kept := table.filter(pc.is_in(_ids(table, product), value_set=wanted))).num_rows:
                    yield kept


def sample_ids(file: pq.ParquetFile, product: Product) -> pa.ChunkedArray:
    """The samples that the rows of a file belong to. Raises pyarrow.ArrowException, LookupError."""
    return _ids(file.read(columns=[".".join(ID_COLUMNS[product])]), product)


def _ids(table: pa.Table, product: Product) -> pa.ChunkedArray:
    column, *inner = ID_COLUMNS[product]
    return pc.struct_field(table[column], inner) if inner else table[column]


def _sizes(product: Product, table: pa.Table) -> Iterator[tuple[str, int]]:
    """About how many bytes each row holds, with the id of its sample."""
    for number, name in enumerate(_ids(table, product).to_pylist()):
        yield str(name), table.slice(number, 1).nbytes


def _regroup(tables: Iterator[pa.Table], lengths: list[int]) -> Iterator[pa.Table]:
    """The same rows in tables of these lengths."""
    held: list[pa.Table] = []
    count = 0
    for length in lengths:
        while count < length:
            held.append(next(tables))
            count += held[-1].num_rows
        joined = pa.concat_tables(held)
        yield joined.slice(0, length)
        held, count = [joined.slice(length)], count - length


def _write(path: Path, schema: Any, groups: Iterator[pa.Table], count: int) -> ShardFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_writer(path, schema) as writer:
        for _ in range(count):
            table = next(groups)
            writer.write_table(table.combine_chunks(), row_group_size=table.num_rows)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return describe_file(path, sha256)
