"""Open calls: a call has a row here from just before it is sent until its ledger row is written.

In: calls about to be sent, with what they may cost at most. Out: rows of the table `open_calls`. A row whose process was killed
becomes a ledger row with outcome "Lost", and what was reserved for the call counts as spent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Double, String, Table, Text, bindparam, delete, func, select

from pipeline.errors import RunStopped
from pipeline.storage import checksum, ledger
from pipeline.storage.database import METADATA, lock_run

OPEN_CALLS = Table(
    "open_calls",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("call_key", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("started", Double, nullable=False),
    Column("usd", Double),
    Column(checksum.COLUMN, String(checksum.LENGTH)),
)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call about to be sent. `id`: a hex uuid of this one call. `started`: in seconds since 1970.

    `usd`: what it may cost at most, in US dollars; None where that is unknown.
    """

    id: str
    call_key: str
    role: str
    model: str
    provider: str
    kind: str
    started: float
    usd: float | None


def enter(connection: Connection, run: str, calls: Sequence[OpenCall]) -> None:
    """Write the calls that `run` is about to send. Raises sqlalchemy.exc.SQLAlchemyError."""
    if calls:
        rows = [checksum.seal(OPEN_CALLS.name, {"run": run, **asdict(call)}) for call in calls]
        connection.execute(OPEN_CALLS.insert(), rows)


def delete_ended(connection: Connection, ids: Sequence[str]) -> None:
    """Delete the open calls `ids`, which have their ledger row or were never sent. Raises sqlalchemy.exc.SQLAlchemyError."""
    if ids:
        connection.execute(
            delete(OPEN_CALLS).where(OPEN_CALLS.c.id == bindparam("ended")), [{"ended": name} for name in ids]
        )


def settle(connection: Connection, run: str) -> int:
    """Enter the open calls of `run` in the ledger as lost; returns how many there were. No process of the run may be at work.

    Their duration is unknown and entered as 0 seconds. An actor that outlived its driver may still get an answer to such a
    call: then its row replaces the lost one (`ledger.enter`).
    Raises RunStopped for a row that was changed, sqlalchemy.exc.SQLAlchemyError.
    """
    lock_run(connection, run)
    of_run = OPEN_CALLS.c.run == run
    # in the order in which they began, which numbers the tries of a key
    lost = connection.execute(select(OPEN_CALLS).where(of_run).order_by(OPEN_CALLS.c.started, OPEN_CALLS.c.id)).all()
    for row in lost:
        if not checksum.is_whole(OPEN_CALLS.name, row._mapping):
            raise RunStopped(
                f"the open call of key {row.call_key} is not what was written (its checksum differs); restore a copy of the "
                "database, or let x2i mend DIR take the row as it is"
            )
    calls = [
        ledger.Call(
            call_key=row.call_key,
            role=row.role,
            model=row.model,
            provider=row.provider,
            kind=row.kind,
            started=row.started,
            seconds=0.0,
            input_tokens=None,
            output_tokens=None,
            images=0,
            usd=row.usd,
            outcome=ledger.LOST,
        )
        for row in lost
    ]
    ledger.enter(connection, run, calls)
    delete_ended(connection, [row.id for row in lost])
    return len(lost)


def sum_reserved(connection: Connection, run: str) -> float:
    """What all open calls of `run` may cost at most, in US dollars."""
    return float(connection.execute(select(func.sum(OPEN_CALLS.c.usd)).where(OPEN_CALLS.c.run == run)).scalar() or 0.0)
