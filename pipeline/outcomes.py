"""The outcomes of a run: one row per sample id, upserted when the sample has finished climbing.

In: finished trajectories, and the calls sent meanwhile; a database by URL (a SQLite file by default, PostgreSQL by URL). Out:
the same trajectories again, which ids are settled, and the ledger as a file. A row is committed, with full sync, before anybody
relies on it.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline import ledger
from pipeline.errors import RunStopped
from pipeline.ledger import Call
from stages.records import Trajectory, dump, load

_METADATA = MetaData()
_OUTCOMES = Table(
    "outcomes",
    _METADATA,
    Column("run", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("rank", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("trajectory", Text, nullable=False),
)


def _durable(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}").close()


def settled(t: Trajectory) -> bool:
    """False for a sample that failed in transport: the next run tries it again."""
    return not (t.status == "failed" and t.reason == "transport")


class Outcomes:
    """The outcomes of the run with fingerprint `run`, in the database at `url`."""

    def __init__(self, url: str, run: str) -> None:
        self._run = run
        self._engine: Engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _durable)
        self._insert: Any = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert

    def create(self) -> None:
        """Make the tables where they are missing."""
        _METADATA.create_all(self._engine)
        ledger.METADATA.create_all(self._engine)

    def upsert(self, finished: Iterable[Trajectory], calls: Sequence[Call] = ()) -> None:
        """Keep the outcomes of finished samples, and enter calls, in one commit. Raises sqlalchemy.exc.SQLAlchemyError."""
        rows = [
            {
                "run": self._run,
                "id": t.sample.id,
                "rank": t.rank,
                "status": t.status,
                "reason": t.reason,
                "trajectory": dump(t),
            }
            for t in finished
        ]
        if not rows and not calls:
            return
        insert = self._insert(_OUTCOMES)
        changed = {name: insert.excluded[name] for name in ("rank", "status", "reason", "trajectory")}
        with self._engine.begin() as connection:
            if rows:
                connection.execute(insert.on_conflict_do_update(index_elements=["run", "id"], set_=changed), rows)
            ledger.enter(connection, self._run, calls)

    def write_ledger(self, out: Path) -> None:
        """Write the calls of the run to `out`/ledger.parquet. Raises OSError, sqlalchemy.exc.SQLAlchemyError."""
        with self._engine.connect() as connection:
            ledger.write(connection, self._run, out)

    def all(self) -> Iterator[Trajectory]:
        """Every outcome, in rank order. Raises RunStopped when one cannot be read."""
        query = select(_OUTCOMES.c.id, _OUTCOMES.c.trajectory).where(_OUTCOMES.c.run == self._run)
        with self._engine.connect() as connection:
            for name, text in connection.execute(query.order_by(_OUTCOMES.c.rank, _OUTCOMES.c.id)):
                yield self._load(name, text)

    def among(self, ids: Iterable[str]) -> dict[str, Trajectory]:
        """The settled outcomes of these samples, by id. One that failed in transport is not settled: it is tried again."""
        found: dict[str, Trajectory] = {}
        with self._engine.connect() as connection:
            for wanted in self._named(ids):
                rows = connection.execute(select(_OUTCOMES.c.id, _OUTCOMES.c.trajectory).where(wanted))
                found |= {name: self._load(name, text) for name, text in rows}
        return {name: t for name, t in found.items() if settled(t)}

    def forget(self, ids: Iterable[str]) -> None:
        """Let these samples climb again."""
        with self._engine.begin() as connection:
            for wanted in self._named(ids):
                connection.execute(delete(_OUTCOMES).where(wanted))

    def _named(self, ids: Iterable[str]) -> Iterator[ColumnElement[bool]]:
        """Conditions that name these samples, a few hundred each: databases limit how much a statement may hold."""
        names = list(ids)
        for start in range(0, len(names), 500):
            yield (_OUTCOMES.c.run == self._run) & _OUTCOMES.c.id.in_(names[start : start + 500])

    def _load(self, name: str, text: str) -> Trajectory:
        try:
            return load(text)
        except ValidationError:
            raise RunStopped(
                f"{self._engine.url.render_as_string()}: the outcome of sample {name} cannot be read; delete its row"
            ) from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


class Keeper:
    """Commits outcomes and calls in groups, on an event loop: what is waiting when a commit ends goes into the next one."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._calls: list[Call] = []
        self._waiting: list[tuple[Trajectory | None, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    def note(self, call: Call) -> None:
        """Enter a call with the next commit."""
        self._calls.append(call)

    async def keep(self, t: Trajectory) -> None:
        """Return once the outcome and every call noted by now are committed. Raises whatever the database does."""
        await self._commit_with(t)

    async def flush(self) -> None:
        """Return once every call noted by now is committed. Raises whatever the database does."""
        await self._commit_with(None)

    async def _commit_with(self, t: Trajectory | None) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((t, future))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        await future

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            calls, self._calls = self._calls, []
            kept = [t for t, _ in group if t is not None]
            done = asyncio.ensure_future(asyncio.to_thread(self._outcomes.upsert, kept, calls))
            await asyncio.wait({done})  # whatever a driver raises reaches those who wait, or they would wait for ever
            error = done.exception()
            if error is not None:
                self._calls = calls + self._calls  # no later outcome may be kept without the calls it came from
            for _, future in group:
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
