"""Calls on their way: a row from just before a call is sent until its ledger row is there.

In: calls about to be sent, with what they may cost at most. Out: rows of the table `open_calls`. A row that outlives its process
is a call lost at a kill: it becomes a ledger row with outcome "Lost", and what was reserved for it counts as spent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Double, String, Table, Text, bindparam, delete, func, select

from pipeline.storage import ledger
from pipeline.storage.database import METADATA, alone
from stages.protocols import Role

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
)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call about to be sent. `id` is its own, a hex uuid; `usd` what it may cost at most, None where that is not known."""

    id: str
    call_key: str
    role: Role
    model: str
    provider: str
    kind: str
    started: float
    usd: float | None


def enter(connection: Connection, run: str, calls: Sequence[OpenCall]) -> None:
    """Note calls about to be sent by `run`. Raises sqlalchemy.exc.SQLAlchemyError."""
    if calls:
        connection.execute(OPEN_CALLS.insert(), [{"run": run, **asdict(call)} for call in calls])


def end(connection: Connection, ids: Sequence[str]) -> None:
    """Calls that have their ledger row, or were never sent. Raises sqlalchemy.exc.SQLAlchemyError."""
    if ids:
        connection.execute(
            delete(OPEN_CALLS).where(OPEN_CALLS.c.id == bindparam("ended")), [{"ended": name} for name in ids]
        )


def settle(connection: Connection, run: str) -> int:
    """Enter the calls that `run` lost at a kill in the ledger, and say how many. No process of the run may be at work.

    How long they took is not known and stands as 0. One that outlived its driver, and hears its answer after all, replaces
    the row (`ledger.enter`).
    """
    alone(connection, run)
    mine = OPEN_CALLS.c.run == run
    lost = connection.execute(select(OPEN_CALLS).where(mine).order_by(OPEN_CALLS.c.started, OPEN_CALLS.c.id)).all()
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
    end(connection, [row.id for row in lost])
    return len(lost)


def reserved(connection: Connection, run: str) -> float:
    """What the open calls of `run` may cost together, in US dollars."""
    return float(connection.execute(select(func.sum(OPEN_CALLS.c.usd)).where(OPEN_CALLS.c.run == run)).scalar() or 0.0)
