"""The outcomes of a run: one row per sample id, upserted when the sample has finished climbing.

In: finished trajectories, and what came with them; a database by URL (a SQLite file by default, PostgreSQL by URL). Out: the same
trajectories again, which ids are settled, what was spent, and the ledger as a file. A row is committed, with full sync,
before anybody relies on it.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Engine, delete, inspect, select, text

from pipeline.errors import RunStopped
from pipeline.storage import calls as open_calls
from pipeline.storage import entries, ledger
from pipeline.storage.batch import OUTCOMES, Batch, commit
from pipeline.storage.database import AT_ONCE, METADATA, alone, opened
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from stages.records import Trajectory, load


def settled(t: Trajectory) -> bool:
    """False for a sample that failed in transport: the next run tries it again."""
    return not (t.status == "failed" and t.reason == "transport")


class Outcomes:
    """The outcomes of the run with fingerprint `run`, in the database at `url`; with `looking` they are only read."""

    def __init__(self, url: str, run: str, looking: bool = False) -> None:
        self.run = run
        self.engine: Engine = opened(url, looking)

    def create(self) -> None:
        """Make the tables where they are missing. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self.engine.begin() as connection:
            alone(connection, "tables")  # two builds that begin at once would both make them
            METADATA.create_all(connection)
            if "provider" not in {column["name"] for column in inspect(connection).get_columns(ledger.LEDGER.name)}:
                connection.execute(
                    text("ALTER TABLE ledger ADD COLUMN provider TEXT NOT NULL DEFAULT ''")
                )  # before 0.2

    def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction, durable when this returns. Raises sqlalchemy.exc.SQLAlchemyError."""
        if batch:
            with self.engine.begin() as connection:
                commit(connection, self.run, batch)

    def upsert(self, finished: Iterable[Trajectory], calls: Sequence[Call] = ()) -> None:
        """Keep the outcomes of finished samples, and enter calls, in one commit. Raises sqlalchemy.exc.SQLAlchemyError."""
        self.commit(Batch(outcomes=list(finished), calls=list(calls)))

    def answers(self, keys: Sequence[str]) -> dict[str, Entry]:
        """The journal's entries for these calls. Raises RunStopped when one cannot be read, sqlalchemy.exc.SQLAlchemyError."""
        found: dict[str, Entry] = {}
        with self.engine.connect() as connection:
            for start in range(0, len(keys), AT_ONCE):
                found |= entries.among(connection, keys[start : start + AT_ONCE])
        return found

    def settle_open(self) -> int:
        """Enter the calls lost at a kill in the ledger, at what was reserved for them; how many there were.

        No process of the run may be at work. Raises sqlalchemy.exc.SQLAlchemyError.
        """
        with self.engine.begin() as connection:
            return open_calls.settle(connection, self.run)

    def spent(self) -> float:
        """What the run has cost so far, in US dollars, what is reserved for open calls included."""
        with self.engine.connect() as connection:
            return ledger.spent(connection, self.run) + open_calls.reserved(connection, self.run)

    def write_ledger(self, out: Path) -> None:
        """Write the calls of the run to `out`/ledger.parquet; open ones are lost. No process of the run may be at work.

        Raises OSError, sqlalchemy.exc.SQLAlchemyError.
        """
        self.settle_open()
        with self.engine.connect() as connection:
            ledger.write(connection, self.run, out)

    def all(self) -> Iterator[Trajectory]:
        """Every outcome, in rank order. Raises RunStopped when one cannot be read."""
        query = select(OUTCOMES.c.id, OUTCOMES.c.trajectory).where(OUTCOMES.c.run == self.run)
        with self.engine.connect() as connection:
            for name, kept in connection.execute(query.order_by(OUTCOMES.c.rank, OUTCOMES.c.id)):
                yield self._load(name, kept)

    def among(self, ids: Iterable[str]) -> dict[str, Trajectory]:
        """The settled outcomes of these samples, by id. One that failed in transport is not settled: it is tried again."""
        found: dict[str, Trajectory] = {}
        with self.engine.connect() as connection:
            for wanted in self._named(ids):
                rows = connection.execute(select(OUTCOMES.c.id, OUTCOMES.c.trajectory).where(wanted))
                found |= {name: self._load(name, kept) for name, kept in rows}
        return {name: t for name, t in found.items() if settled(t)}

    def forget(self, ids: Iterable[str], keys: Sequence[str] = ()) -> None:
        """Let these samples climb again, and these calls be made again, in one commit. Raises sqlalchemy.exc.SQLAlchemyError."""
        with self.engine.begin() as connection:
            for wanted in self._named(ids):
                connection.execute(delete(OUTCOMES).where(wanted))
            for start in range(0, len(keys), AT_ONCE):
                entries.forget(connection, keys[start : start + AT_ONCE])

    def _named(self, ids: Iterable[str]) -> Iterator[ColumnElement[bool]]:
        """Conditions that name these samples, a few hundred each: databases limit how much a statement may hold."""
        names = list(ids)
        for start in range(0, len(names), AT_ONCE):
            yield (OUTCOMES.c.run == self.run) & OUTCOMES.c.id.in_(names[start : start + AT_ONCE])

    def _load(self, name: str, kept: str) -> Trajectory:
        try:
            return load(kept)
        except ValidationError:
            raise RunStopped(
                f"{self.engine.url.render_as_string()}: the outcome of sample {name} cannot be read; delete its row"
            ) from None

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()
