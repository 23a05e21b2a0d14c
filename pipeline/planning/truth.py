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
    """What is true of the sample `id`: `truth` holds all of it as JSON, the other columns serve to group by."""

    id: str
    clauses: int
    exotic: bool
    cause: str | None
    truth: str


def write_truth(rows: Iterable[TruthRow], path: str | Path) -> None:
    """Write `rows` to `path` in order of id: into a file beside it, which is synced and renamed. Raises OSError."""
    ordered = sorted(rows, key=lambda row: row.id)
    table = pa.Table.from_pylist([asdict(row) for row in ordered], schema=SCHEMA)
    temporary = Path(f"{path}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
