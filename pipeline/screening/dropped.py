"""What a screen says of a row that stays out. In: why. Out: a `Dropped`, one row of `screened.parquet`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.bad_row import Place

Reason = Literal[
    "duplicate",
    "near_duplicate",
    "contaminated",
    "too_small",
    "aspect",
    "blank",
    "language",
    "unsafe_words",
    "unsafe_image",
    "licence",
    "leak_bridge",
]
"""Why a row stays out; `leak_bridge` is noted by the plan, the others by `Screen.judge`."""
REASONS: tuple[Reason, ...] = get_args(Reason)

FILE = "screened.parquet"
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Dropped:
    """`detail`: the measured value and its threshold, or which row or evaluation prompt it is like; one line."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class ScreenedRow:
    """A row that was dropped: where it stands, what it asked for, and why it stays out."""

    source: str
    place: Place
    row_id: str
    instruction: str
    dropped: Dropped


SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("row_id", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("instruction", pa.string()),
    ]
)


def write_screened(rows: Iterable[ScreenedRow], path: Path) -> int:
    """Write the rows to a Parquet file, at once; how many there are. Raises OSError."""
    aside, count = path.with_name(path.name + ".part"), 0
    with pq.ParquetWriter(aside, SCHEMA, compression="zstd") as writer:
        batch: list[dict[str, object]] = []
        for row in rows:
            batch.append(_as_cells(row))
            count += 1
            if len(batch) == _BATCH:
                writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
    aside.replace(path)
    return count


def read_screened(path: Path) -> Iterator[ScreenedRow]:
    """The rows of such a file, in their order. Raises OSError and pyarrow.ArrowException."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH):
            for cells in batch.to_pylist():
                dropped = Dropped(cells["reason"], cells["detail"])
                place = Place(cells["file"], cells["row"], cells["row"])
                yield ScreenedRow(cells["source"], place, cells["row_id"], cells["instruction"], dropped)


def _as_cells(row: ScreenedRow) -> dict[str, object]:
    return {
        "source": row.source,
        "file": row.place.file,
        "row": row.place.row,
        "row_id": row.row_id,
        "reason": row.dropped.reason,
        "detail": row.dropped.detail,
        "instruction": row.instruction,
    }
