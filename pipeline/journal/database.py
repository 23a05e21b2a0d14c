"""The database of a run: one way to open it, whoever writes there.

In: a URL (a SQLite file by default, PostgreSQL by URL). Out: an engine whose commits are durable when they return, the `METADATA`
in which every table of a run is declared, and upserts in the words of the dialect.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, ExceptionContext, MetaData, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite

METADATA = MetaData()
AT_ONCE = 500  # names in one statement: databases limit how much it may hold
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000")


def opened(url: str, looking: bool = False) -> Engine:
    """An engine for the database at `url`. SQLite syncs every commit, and waits 30 s for other processes.

    With `looking`, a SQLite file is only read: whatever would write fails.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _looking if looking else _durable)
    event.listen(engine, "handle_error", partial(_name, engine.url.render_as_string(hide_password=True)))
    return engine


def _name(url: str, context: ExceptionContext) -> None:
    """An error says which database it is about."""
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.add_detail(url)


def _durable(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _looking(connection: Any, _record: Any) -> None:
    for pragma in ("busy_timeout=30000", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def alone(connection: Connection, run: str) -> None:
    """Be the only writer of `run` until the transaction ends: SQLite has one writer anyway, PostgreSQL waits for a lock here."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:run))"), {"run": run})


def inserted(dialect: str, table: Table) -> Any:
    """An insert into `table` that may say what to do where the row is there already (`on_conflict_do_update`)."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def answers_kept(file: Path) -> int | None:
    """How many answers the journal in a SQLite file holds; None where there is none that can be read. Nothing is written."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    except sqlite3.Error:
        return None


def masked(url: str) -> str:
    """A database's URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def held(engine: Engine, run: str) -> Iterator[bool]:
    """Whether this process is the only one at work on `run` in this database, which it then stays until the context ends.

    Two builds of one data set that share a database would both pay for what neither has yet.
    """
    if engine.dialect.name == "sqlite":
        lock = FileLock(f"{engine.url.database}.{run[:16]}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()  # the file stays: another process may be about to lock it
        return
    with engine.connect() as connection:
        number = int(run[:15], 16)
        yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}).scalar())
        connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
