"""The outcomes of a run: one row per sample id, upserted when the sample has finished climbing.

In: finished trajectories; a database by URL (a SQLite file by default, PostgreSQL by URL). Out: the same trajectories again,
and which ids are settled. A row is committed, with full sync, before anybody relies on it.
"""

import asyncio
from collections.abc import Iterable, Iterator
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
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped
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
        """Make the table where it is missing."""
        _METADATA.create_all(self._engine)

    def upsert(self, finished: Iterable[Trajectory]) -> None:
        """Keep the outcomes of finished samples, in one commit. Raises sqlalchemy.exc.SQLAlchemyError."""
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
        if not rows:
            return
        insert = self._insert(_OUTCOMES)
        changed = {name: insert.excluded[name] for name in ("rank", "status", "reason", "trajectory")}
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["run", "id"], set_=changed), rows)

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
    """Commits outcomes in groups, on an event loop: what is waiting when a commit ends goes into the next one."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._waiting: list[tuple[Trajectory, asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def keep(self, t: Trajectory) -> None:
        """Return once the outcome is committed. Raises sqlalchemy.exc.SQLAlchemyError."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((t, future))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        await future

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._outcomes.upsert, [t for t, _ in group])
            except SQLAlchemyError as error:
                for _, future in group:
                    future.set_exception(error)
            else:
                for _, future in group:
                    future.set_result(None)
