"""The database of a run: one way to open it, whoever writes there.

In: a URL (a SQLite file by default, PostgreSQL by URL). Out: an engine whose commits are durable when they return, the `METADATA`
in which every table of a run is declared, and upserts in the words of the dialect.
"""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, MetaData, Table, create_engine, event, text
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
