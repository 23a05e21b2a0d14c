"""The ledger of a run: the time, tokens and money that every call took. It is joined to the data by call key.

In: `Call`s that have ended; a connection to the database of the run. Out: rows of the table `ledger`, and `ledger.parquet`.
A call that is sent again, by a retry or by a resumed run, has a row of its own: the next `try` of its key. A figure that
nobody reported is null, never zero. The ledger holds times, so its bytes differ from run to run, unlike those of the shards.
A row is committed together with the answer to its call. A call that was open when its process was killed gets the outcome
"Lost", and costs what was reserved for it.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Insert,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
)

from pipeline.errors import RunStopped
from pipeline.storage import checksum
from pipeline.storage.database import METADATA
from pipeline.storage.entries import ANSWERS
from pipeline.storage.files import aside

NAME = "ledger.parquet"
_AT_ONCE = 20_000  # rows in memory while the file is written
LOST = "Lost"
LEDGER = Table(
    "ledger",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("call_key", String(64), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("role", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False, server_default=""),
    Column("kind", String(32), nullable=False),
    Column("started", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("images", Integer, nullable=False),
    Column("usd", Double),
    Column("outcome", String(64), nullable=False),
    Column("carrier", String(32)),
    Column(checksum.COLUMN, String(checksum.LENGTH)),
)
_TYPES = {"String": pa.string(), "Text": pa.string(), "Double": pa.float64()} | {
    "Integer": pa.int32(),
    "BigInteger": pa.int64(),
}
SCHEMA = pa.schema(
    [
        pa.field(c.name, _TYPES[type(c.type).__name__], nullable=bool(c.nullable))
        for c in LEDGER.c
        if c.name not in ("run", checksum.COLUMN)
    ]
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was sent. `kind` is the schema of its request (image, evaluation, reflection, diagnosis, plan).

    `provider`: one of the manifest's, or the backend's own. `started`: in seconds since 1970. `seconds`: from sending to the
    answer or the error, without the wait for a permit. `images`: how many were made. `usd`: in US dollars; what was reserved,
    where the answer does not say what it took. `outcome`: "ok", the name of the error, "Cancelled" for a call that was given
    up on its way, or "Lost" for one that was open at a kill. `carrier`: the part of the answer that held its text (`TextReply`);
    None where no text came.
    """

    call_key: str
    role: str
    model: str
    provider: str
    kind: str
    started: float
    seconds: float
    input_tokens: int | None
    output_tokens: int | None
    images: int
    usd: float | None
    outcome: str
    carrier: str | None = None


def enter(connection: Connection, run: str, calls: Sequence[Call]) -> None:
    """Put `calls` into the ledger of `run`, each as the next try of its key. Raises sqlalchemy.exc.SQLAlchemyError.

    A call that had been entered as "Lost", and ended after all, replaces that row.
    """
    if not calls:
        return
    sealed = [checksum.seal(LEDGER.name, {"run": run, **asdict(call)}) for call in calls]
    rows = [{f"new_{name}": value for name, value in row.items()} for row in sealed]
    connection.execute(_DELETE_LOST, [{"of": run, "key": c.call_key, "begun": c.started} for c in calls])
    connection.execute(_INSERT, rows)


def _build_insert() -> Insert:
    """An insert that numbers the `try` of its own row, after every earlier row of the key."""
    # Executed for one row after another: a single statement would not see the rows that it inserts itself.
    # The cast is for PostgreSQL, which takes a parameter of a SELECT without a type, such as a null, for text.
    values = {c.name: cast(bindparam(f"new_{c.name}", type_=c.type), c.type) for c in LEDGER.c if c.name != "try"}
    same_key = (LEDGER.c.run == values["run"]) & (LEDGER.c.call_key == values["call_key"])
    before = select(func.coalesce(func.max(LEDGER.c["try"]), 0)).where(same_key).scalar_subquery()
    return insert(LEDGER).from_select([*values, "try"], select(*values.values(), before + 1))


_INSERT = _build_insert()
# the time of its start tells a call from other tries of the same key
_DELETE_LOST = delete(LEDGER).where(
    LEDGER.c.run == bindparam("of"),
    LEDGER.c.call_key == bindparam("key"),
    LEDGER.c.started == bindparam("begun"),
    LEDGER.c.outcome == LOST,
)


def sum_usd(connection: Connection, run: str) -> float:
    """What the calls of `run` have cost so far, in US dollars; a call of unknown cost counts as 0."""
    return float(connection.execute(select(func.sum(LEDGER.c.usd)).where(LEDGER.c.run == run)).scalar() or 0.0)


def paid(connection: Connection, keys: Collection[str]) -> dict[str, float]:
    """US dollars that the answers to the calls `keys` (at most `AT_ONCE`) cost, in any run; calls of unknown cost are left out."""
    answers = LEDGER.c.outcome.in_(("ok", *ANSWERS))
    dearest = select(LEDGER.c.call_key, func.max(LEDGER.c.usd).label("usd")).where(LEDGER.c.call_key.in_(keys), answers)
    rows = connection.execute(dearest.group_by(LEDGER.c.call_key))
    return {row.call_key: row.usd for row in rows if row.usd is not None}


def write(connection: Connection, run: str, out: Path) -> None:
    """Write the ledger of `run` to `out`/ledger.parquet, in the order in which the calls began: aside, synced, renamed.

    The caller holds the output's lock. Raises OSError, sqlalchemy.exc.SQLAlchemyError, RunStopped for a row that was changed.
    """
    query = select(LEDGER).where(LEDGER.c.run == run)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(
        query.order_by(LEDGER.c.started, LEDGER.c.call_key, LEDGER.c["try"])
    )
    with aside(out) as folder:
        path = folder / NAME
        with path.open("wb") as file:
            with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
                for part in rows.mappings().partitions():
                    writer.write_table(pa.Table.from_pylist([_whole(row) for row in part], schema=SCHEMA))
            file.flush()
            os.fsync(file.fileno())
        os.replace(path, out / NAME)


def _whole(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as the file takes it. Raises RunStopped when it is not what was written."""
    if not checksum.is_whole(LEDGER.name, row):
        raise RunStopped(
            f"the ledger's row of try {row['try']} of call {row['call_key']} is not what was written (its checksum differs); "
            "restore a copy of the database, or let x2i mend DIR take the row as it is"
        )
    return {name: row[name] for name in SCHEMA.names}
