"""The ledger of a run: what every call took, apart from the data, joined to it by call key.

In: `Call`s as they were sent; a connection to the database of the run. Out: rows of the table `ledger`, and `ledger.parquet`.
A call that is sent again, by a retry or by a resumed run, is a row of its own: the next `try` of its key. What nobody
reported is null, never zero. Unlike the shards it holds times, so its bytes differ from run to run. Rows are committed with the
outcomes they led to, or when a block leaves a rung; a run that is killed loses those of the calls it had not come to commit.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
)

from pipeline.output.install import aside
from stages.protocols import Role

NAME = "ledger.parquet"
_AT_ONCE = 20_000  # rows in memory while the file is written
METADATA = MetaData()
_LEDGER = Table(
    "ledger",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("call_key", String(64), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("role", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("started", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("images", Integer, nullable=False),
    Column("usd", Double),
    Column("outcome", String(64), nullable=False),
)
_TYPES = {"String": pa.string(), "Text": pa.string(), "Double": pa.float64()} | {
    "Integer": pa.int32(),
    "BigInteger": pa.int64(),
}
SCHEMA = pa.schema(
    [pa.field(c.name, _TYPES[type(c.type).__name__], nullable=bool(c.nullable)) for c in _LEDGER.c if c.name != "run"]
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was sent. `kind` is the schema of its request (image, evaluation, reflection, diagnosis, plan).

    `started` in seconds since 1970, `seconds` until the answer or the error, without waiting for a permit. `images` counts
    those made. `usd` in US dollars. `outcome` is "ok" or the name of the error.
    """

    call_key: str
    role: Role
    model: str
    kind: str
    started: float
    seconds: float
    input_tokens: int | None
    output_tokens: int | None
    images: int
    usd: float | None
    outcome: str


def enter(connection: Connection, run: str, calls: Sequence[Call]) -> None:
    """Put `calls` into the ledger of `run`, each as the next try of its key. Raises sqlalchemy.exc.SQLAlchemyError."""
    if not calls:
        return
    given = {c.name: cast(bindparam(f"new_{c.name}", type_=c.type), c.type) for c in _LEDGER.c if c.name != "try"}
    same = (_LEDGER.c.run == given["run"]) & (_LEDGER.c.call_key == given["call_key"])
    before = select(func.coalesce(func.max(_LEDGER.c["try"]), 0)).where(same).scalar_subquery()
    # one statement a row: what another process entered meanwhile, and the row before, count
    row = select(*given.values(), before + 1)
    rows = [{f"new_{name}": value for name, value in {"run": run, **asdict(call)}.items()} for call in calls]
    connection.execute(insert(_LEDGER).from_select([*given, "try"], row), rows)


def write(connection: Connection, run: str, out: Path) -> None:
    """Write the ledger of `run` to `out`/ledger.parquet, in the order in which the calls began; aside, synced, renamed.

    Hold the output's lock. Raises OSError, sqlalchemy.exc.SQLAlchemyError.
    """
    wanted = select(*(_LEDGER.c[name] for name in SCHEMA.names)).where(_LEDGER.c.run == run)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(
        wanted.order_by(_LEDGER.c.started, _LEDGER.c.call_key, _LEDGER.c["try"])
    )
    with aside(out) as folder:
        path = folder / NAME
        with path.open("wb") as file:
            with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
                for part in rows.mappings().partitions():
                    writer.write_table(pa.Table.from_pylist([dict(row) for row in part], schema=SCHEMA))
            file.flush()
            os.fsync(file.fileno())
        os.replace(path, out / NAME)
