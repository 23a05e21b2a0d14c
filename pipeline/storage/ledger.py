"""The ledger of a run: what every call took, apart from the data, joined to it by call key.

In: `Call`s as they were sent; a connection to the database of the run. Out: rows of the table `ledger`, and `ledger.parquet`.
A call that is sent again, by a retry or by a resumed run, is a row of its own: the next `try` of its key. What nobody
reported is null, never zero. Unlike the shards it holds times, so its bytes differ from run to run. A row is committed together
with the answer it tells of; a call that was open when its process was killed is "Lost", and costs what was reserved for it.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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

from pipeline.storage.database import METADATA
from pipeline.storage.entries import ANSWERS
from pipeline.storage.files import aside
from stages.protocols import Role

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
)
_TYPES = {"String": pa.string(), "Text": pa.string(), "Double": pa.float64()} | {
    "Integer": pa.int32(),
    "BigInteger": pa.int64(),
}
SCHEMA = pa.schema(
    [pa.field(c.name, _TYPES[type(c.type).__name__], nullable=bool(c.nullable)) for c in LEDGER.c if c.name != "run"]
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was sent. `kind` is the schema of its request (image, evaluation, reflection, diagnosis, plan).

    `started` in seconds since 1970, `seconds` until the answer or the error, without waiting for a permit. `images` counts
    those made. `usd` in US dollars, what was reserved where an answer
    does not say what it took. `provider` is who was asked: one of the manifest's, or the backend's own.
    `outcome` is "ok", the name of the error, "Cancelled" for a call given up on its way, or "Lost" for one that was open at a kill.
    """

    call_key: str
    role: Role
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


def enter(connection: Connection, run: str, calls: Sequence[Call]) -> None:
    """Put `calls` into the ledger of `run`, each as the next try of its key. Raises sqlalchemy.exc.SQLAlchemyError.

    A call that was given up for lost, and ended after all, takes the place of its "Lost" row.
    """
    if not calls:
        return
    rows = [{f"new_{name}": value for name, value in {"run": run, **asdict(call)}.items()} for call in calls]
    connection.execute(_FIND, [{"of": run, "found": c.call_key, "begun": c.started} for c in calls])
    connection.execute(_ENTER, rows)


def _entering() -> Insert:
    """One statement a row: what another process entered meanwhile, and the row before, count for `try`."""
    given = {c.name: cast(bindparam(f"new_{c.name}", type_=c.type), c.type) for c in LEDGER.c if c.name != "try"}
    same = (LEDGER.c.run == given["run"]) & (LEDGER.c.call_key == given["call_key"])
    before = select(func.coalesce(func.max(LEDGER.c["try"]), 0)).where(same).scalar_subquery()
    return insert(LEDGER).from_select([*given, "try"], select(*given.values(), before + 1))


_ENTER = _entering()
_FIND = delete(LEDGER).where(
    LEDGER.c.run == bindparam("of"),
    LEDGER.c.call_key == bindparam("found"),
    LEDGER.c.started == bindparam("begun"),
    LEDGER.c.outcome == LOST,
)


def spent(connection: Connection, run: str) -> float:
    """What the calls of `run` have cost so far, in US dollars, as far as it is known."""
    return float(connection.execute(select(func.sum(LEDGER.c.usd)).where(LEDGER.c.run == run)).scalar() or 0.0)


def paid(connection: Connection, keys: Collection[str]) -> dict[str, float]:
    """What the answers to these calls (a few hundred at a time) cost (US dollars), whoever paid; unknown ones are left out."""
    answers = LEDGER.c.outcome.in_(("ok", *ANSWERS))
    dear = select(LEDGER.c.call_key, func.max(LEDGER.c.usd).label("usd")).where(LEDGER.c.call_key.in_(keys), answers)
    rows = connection.execute(dear.group_by(LEDGER.c.call_key))
    return {row.call_key: row.usd for row in rows if row.usd is not None}


def write(connection: Connection, run: str, out: Path) -> None:
    """Write the ledger of `run` to `out`/ledger.parquet, in the order in which the calls began; aside, synced, renamed.

    Hold the output's lock. Raises OSError, sqlalchemy.exc.SQLAlchemyError.
    """
    wanted = select(*(LEDGER.c[name] for name in SCHEMA.names)).where(LEDGER.c.run == run)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(
        wanted.order_by(LEDGER.c.started, LEDGER.c.call_key, LEDGER.c["try"])
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
