"""The database of one run as its users see it: outcomes by sample id, answers, and money spent.

In: finished trajectories and batches; a database by URL (a SQLite file by default, PostgreSQL by URL). Out: the same
trajectories again, the settled ones by id, what was spent, and the ledger as a file. A row is committed, with full sync,
before anybody relies on it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import ColumnElement, Engine, delete, select, text

from pipeline.errors import RunStopped
from pipeline.storage import calls as open_calls
from pipeline.storage import checksum, entries, ledger, letters
from pipeline.storage.batch import OUTCOMES, Batch, commit
from pipeline.storage.database import AT_ONCE, open_engine
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from pipeline.storage.letters import Letter
from pipeline.storage.migration import migrate
from stages.trajectory import Trajectory, load

# every column there is: a database of an older version, which is only looked at, lacks the newest
_SELECT = select(text("*")).select_from(OUTCOMES)


def settled(t: Trajectory) -> bool:
    """False for a sample that failed in transport: the next run tries it again."""
    return not (t.status == "failed" and t.reason == "transport")


class Outcomes:
    """The outcomes of the run with fingerprint `run`, in the database at `url`; with `looking`, nothing can be written."""

    def __init__(self, url: str, run: str, looking: bool = False) -> None:
        self.run = run
        self.engine: Engine = open_engine(url, read_only=looking)

    def create(self) -> None:
        """Make the tables where they are missing, and bring older ones up to date (`pipeline.storage.migration`).

        Raises RunStopped for a database of a newer version, sqlalchemy.exc.SQLAlchemyError.
        """
        with self.engine.begin() as connection:
            migrate(connection)

    def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction, durable when this returns. Raises sqlalchemy.exc.SQLAlchemyError."""
        if batch:  # an empty one would wait for the lock of the run all the same
            with self.engine.begin() as connection:
                commit(connection, self.run, batch)

    def upsert(self, finished: Iterable[Trajectory], calls: Sequence[Call] = ()) -> None:
        """Write the outcomes of finished samples, and enter `calls` in the ledger, in one commit. Raises SQLAlchemyError."""
        self.commit(Batch(outcomes=list(finished), calls=list(calls)))

    def answers(self, keys: Sequence[str]) -> dict[str, Entry]:
        """The journal's entries for the calls `keys`. Raises RunStopped when one cannot be read, sqlalchemy.exc.SQLAlchemyError."""
        answers: dict[str, Entry] = {}
        with self.engine.connect() as connection:
            for start in range(0, len(keys), AT_ONCE):
                answers |= entries.find_entries(connection, keys[start : start + AT_ONCE])
        return answers

    def letters(self, keys: Sequence[str]) -> dict[str, Letter]:
        """The questions with these keys that wait for an answer, by key. Raises sqlalchemy.exc.SQLAlchemyError."""
        waiting: dict[str, Letter] = {}
        with self.engine.connect() as connection:
            for start in range(0, len(keys), AT_ONCE):
                waiting |= letters.find(connection, keys[start : start + AT_ONCE])
        return waiting

    def settle_open(self) -> int:
        """Enter the calls that were lost at a kill in the ledger, at what was reserved for them; returns how many there were.

        No process of the run may be at work. Raises sqlalchemy.exc.SQLAlchemyError.
        """
        with self.engine.begin() as connection:
            return open_calls.settle(connection, self.run)

    def spent(self) -> float:
        """What the run has cost so far, in US dollars, including what is reserved for open calls and for batches."""
        with self.engine.connect() as connection:
            reserved = open_calls.sum_reserved(connection, self.run) + letters.sum_out(connection, self.run)
            return ledger.sum_usd(connection, self.run) + reserved

    def write_ledger(self, out: Path) -> None:
        """Write the calls of the run to `out`/ledger.parquet, open ones as lost. No process of the run may be at work.

        Raises OSError, sqlalchemy.exc.SQLAlchemyError.
        """
        self.settle_open()
        with self.engine.connect() as connection:
            ledger.write(connection, self.run, out)

    def all(self) -> Iterator[Trajectory]:
        """Every outcome, in rank order. Raises RunStopped when one cannot be read."""
        query = _SELECT.where(OUTCOMES.c.run == self.run).order_by(OUTCOMES.c.rank, OUTCOMES.c.id)
        with self.engine.connect() as connection:
            for row in connection.execute(query).mappings():
                yield self._load(row)

    def among(self, ids: Iterable[str], unsettled: bool = False) -> dict[str, Trajectory]:
        """The settled outcomes (`settled`) of the samples `ids`, by id; with `unsettled`, the others too."""
        outcomes: dict[str, Trajectory] = {}
        with self.engine.connect() as connection:
            for condition in self._conditions(ids):
                rows = connection.execute(_SELECT.where(condition)).mappings()
                outcomes |= {row["id"]: self._load(row) for row in rows}
        return {name: t for name, t in outcomes.items() if unsettled or settled(t)}

    def forget(self, ids: Iterable[str], keys: Sequence[str] = ()) -> None:
        """Delete the outcomes of the samples `ids` and the answers to the calls `keys`, in one commit. Raises SQLAlchemyError."""
        with self.engine.begin() as connection:
            for condition in self._conditions(ids):
                connection.execute(delete(OUTCOMES).where(condition))
            for start in range(0, len(keys), AT_ONCE):
                entries.delete_entries(connection, keys[start : start + AT_ONCE])

    def _conditions(self, ids: Iterable[str]) -> Iterator[ColumnElement[bool]]:
        """Conditions for the rows of the samples `ids`, at most `AT_ONCE` in each."""
        names = list(ids)
        for start in range(0, len(names), AT_ONCE):
            yield (OUTCOMES.c.run == self.run) & OUTCOMES.c.id.in_(names[start : start + AT_ONCE])

    def _load(self, row: Mapping[Any, Any]) -> Trajectory:
        outcome = f"{self.engine.url.render_as_string()}: the outcome of sample {row['id']}"
        if not checksum.is_whole(OUTCOMES.name, row):
            raise RunStopped(
                f"{outcome} is not what was written (its checksum differs); x2i mend DIR removes such rows from the database of "
                "the build in DIR, and the sample climbs again, from the answers that are kept"
            )
        try:
            return load(row["trajectory"])
        except (ValueError, TypeError):
            raise RunStopped(
                f"{outcome} is of another version, or damaged; build again with --fork, which keeps the answers"
            ) from None

    def __enter__(self) -> Self:
        """This database, closed at the end of the context."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()
