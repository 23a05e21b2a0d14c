"""The truth about world samples: what the scene should be, for `report` and `verify` only; no shard depends on it.

In: truth rows. Out: `truth.parquet`, the same bytes for the same rows in any order.
"""

import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("clauses", pa.int32(), nullable=False),
        pa.field("exotic", pa.bool_(), nullable=False),
        pa.field("cause", pa.string()),
        pa.field("truth", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What is true of the sample `id`: the whole of it as JSON in `truth`, the rest to group by."""

    id: str
    clauses: int
    exotic: bool
    cause: str | None
    truth: str


def write_truth(rows: Iterable[TruthRow], path: str | Path) -> None:
    """Writes `rows` in order of id: aside, synced, renamed. Raises OSError."""
    ordered = sorted(rows, key=lambda row: row.id)
    table = pa.Table.from_pylist([asdict(row) for row in ordered], schema=SCHEMA)
    aside = Path(f"{path}.{uuid.uuid4().hex}")
    try:
        with open(aside, "wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
