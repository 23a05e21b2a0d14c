"""Reading shards for export: one row after the other, undecoded, at most one batch of rows in memory.

In: the folder of an output. Out: its files by product and split, rows as columns with the place they were read at, counts.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training.export.problem import ExportProblem

SPLITS = ("train", "validation")
IMAGES = ("images", "references", "jpg_0", "jpg_1")
"""The columns that hold encoded images."""
_ROWS = 16
"""Rows that are in memory at a time; a row holds some megabytes of images."""


def files(folder: Path, product: str, split: str) -> list[Path]:
    """The shards of a product and split, in order; none where there are none."""
    return sorted((folder / product / split).glob("*.parquet"))


def count_rows(path: Path) -> int:
    """The rows of a shard, by its footer. Raises ExportProblem."""
    return int(_open(path).metadata.num_rows)


def count_groups(path: Path) -> int:
    """The row groups of a shard, by its footer. Raises ExportProblem."""
    return int(_open(path).metadata.num_row_groups)


def read_columns(path: Path, images: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row of a shard: where it stands, and its columns; without those of encoded images where `images` is false.

    Raises ExportProblem for a file that cannot be read.
    """
    file = _open(path)
    names = [name for name in file.schema_arrow.names if images or name not in IMAGES]
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_ROWS, columns=names):
            for row in batch.to_pylist():
                yield f"{path}: row {number}", row
                number += 1
    except (OSError, pa.ArrowException) as error:
        raise ExportProblem(f"{path}: row {number} cannot be read ({error}); run `x2i verify` on its folder") from error


def _open(path: Path) -> Any:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise ExportProblem(f"{path} is no Parquet file ({error}); run `x2i verify` on its folder") from error
