"""A batch: everything that is written with one commit, in one transaction.

In: outcomes, calls about to be sent, ended calls, answers, counts of replays, questions that are answered later.
Out: rows of the database, all of them or none.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text

from pipeline.storage import calls as open_calls
from pipeline.storage import checksum, ledger, letters
from pipeline.storage import entries as answers
from pipeline.storage.calls import OpenCall
from pipeline.storage.database import METADATA, insert_into, lock_run
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from pipeline.storage.letters import Letter
from stages.trajectory import Trajectory, dump

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("rank", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("trajectory", Text, nullable=False),
    Column(checksum.COLUMN, String(checksum.LENGTH)),
)


@dataclass
class Batch:
    """`outcomes`: finished samples. `opened`: calls about to be sent. `ended`: ids of open calls that have ended or are not sent.
    `calls`: rows for the ledger. `entries`: answers. `hits`: the number of replays of each call key.
    `posted`: questions that are answered later.
    """

    outcomes: list[Trajectory] = field(default_factory=list)
    opened: list[OpenCall] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    posted: list[Letter] = field(default_factory=list)

    def __bool__(self) -> bool:
        """True when there is anything to write."""
        return any((self.outcomes, self.opened, self.ended, self.calls, self.entries, self.hits, self.posted))

    def carry_over(self, later: "Batch") -> "Batch":
        """The next batch after the commit of this one failed: `later`, preceded by this batch's ended calls, answers and replays.

        Outcomes, openings and questions are not carried over: whoever waits for one of them gets the error.
        """
        # Answers are carried over although somebody waits for them too: they are paid for.
        return Batch(
            later.outcomes,
            later.opened,
            self.ended + later.ended,
            self.calls + later.calls,
            self.entries + later.entries,
            self.hits + later.hits,
            later.posted,
        )


def commit(connection: Connection, run: str, batch: Batch) -> None:
    """Write `batch` for `run`, within the caller's transaction. Raises sqlalchemy.exc.SQLAlchemyError."""
    lock_run(connection, run)
    write(connection, run, batch)


def write(connection: Connection, run: str, batch: Batch) -> None:
    """As `commit`, where the caller has locked `run` already."""
    open_calls.enter(connection, run, batch.opened)
    open_calls.delete_ended(connection, batch.ended)
    ledger.enter(connection, run, batch.calls)
    answers.put(connection, batch.entries)
    answers.count_hits(connection, run, batch.hits)
    letters.post(connection, run, batch.posted)
    _upsert_outcomes(connection, run, batch.outcomes)


def _upsert_outcomes(connection: Connection, run: str, finished: Iterable[Trajectory]) -> None:
    rows = [
        {"run": run, "id": t.sample.id, "rank": t.rank, "status": t.status, "reason": t.reason, "trajectory": dump(t)}
        for t in finished
    ]
    if not rows:
        return
    sealed = [checksum.seal(OUTCOMES.name, row) for row in rows]
    insert = insert_into(connection.dialect.name, OUTCOMES)
    columns = {name: insert.excluded[name] for name in ("rank", "status", "reason", "trajectory", checksum.COLUMN)}
    connection.execute(insert.on_conflict_do_update(index_elements=["run", "id"], set_=columns), sealed)
