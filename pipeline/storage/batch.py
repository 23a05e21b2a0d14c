"""What one commit holds: everything that came together since the last one, in one transaction.

In: outcomes, ledger rows, answers, calls about to be sent and ended, replays. Out: rows of the database, all of them or none.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text

from pipeline.storage import calls as open_calls
from pipeline.storage import entries as answers
from pipeline.storage import ledger
from pipeline.storage.calls import OpenCall
from pipeline.storage.database import METADATA, alone, inserted
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from stages.records import Trajectory, dump

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("rank", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("trajectory", Text, nullable=False),
)


@dataclass
class Batch:
    """`outcomes`: finished samples. `opened`: calls about to be sent. `ended`: ids of open calls that are so no more. `calls`:
    rows for the ledger. `entries`: answers. `hits`: replays by call key."""

    outcomes: list[Trajectory] = field(default_factory=list)
    opened: list[OpenCall] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        """True when there is anything to write."""
        return any((self.outcomes, self.opened, self.ended, self.calls, self.entries, self.hits))

    def before(self, later: "Batch") -> "Batch":
        """What is left to write after this batch could not be: whatever nobody waits for, and every answer; it was paid.

        Outcomes and openings are left out: those who wait for them hear that they are not there.
        """
        return Batch(
            later.outcomes,
            later.opened,
            self.ended + later.ended,
            self.calls + later.calls,
            self.entries + later.entries,
            self.hits + later.hits,
        )


def commit(connection: Connection, run: str, batch: Batch) -> None:
    """Write `batch` for `run`, within the caller's transaction. Raises sqlalchemy.exc.SQLAlchemyError."""
    alone(connection, run)
    open_calls.enter(connection, run, batch.opened)
    open_calls.end(connection, batch.ended)
    ledger.enter(connection, run, batch.calls)
    answers.put(connection, batch.entries)
    answers.hit(connection, run, batch.hits)
    _upsert(connection, run, batch.outcomes)


def _upsert(connection: Connection, run: str, finished: Iterable[Trajectory]) -> None:
    rows = [
        {"run": run, "id": t.sample.id, "rank": t.rank, "status": t.status, "reason": t.reason, "trajectory": dump(t)}
        for t in finished
    ]
    if not rows:
        return
    insert = inserted(connection.dialect.name, OUTCOMES)
    changed = {name: insert.excluded[name] for name in ("rank", "status", "reason", "trajectory")}
    connection.execute(insert.on_conflict_do_update(index_elements=["run", "id"], set_=changed), rows)
