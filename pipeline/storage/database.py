"""The database of a run: one way to open it, whoever writes there.

In: a URL (a SQLite file by default, PostgreSQL by URL). Out: an engine whose commits are durable when they return, the `METADATA`
in which every table of a run is declared, and upserts in the words of the dialect.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, ExceptionContext, MetaData, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from pipeline.errors import RunStopped

METADATA = MetaData()
AT_ONCE = 500  # names in one statement: databases limit how much it may hold
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000")
# a connection that idled while others worked may have been cut; it is looked at before it is used again
_SETTINGS: dict[str, dict[str, Any]] = {"postgresql": {"pool_pre_ping": True}}


def opened(url: str, looking: bool = False) -> Engine:
    """An engine for the database at `url`. SQLite syncs every commit, and waits 30 s for other processes.

    With `looking`, the database is only read: whatever would write fails. Raises RunStopped when no installed driver serves `url`.
    """
    try:
        engine = create_engine(url, **_SETTINGS.get(make_url(url).get_backend_name(), {}))
    except ImportError as error:
        raise RunStopped(
            f"{masked(url)}: its driver {error.name or ''} is not installed; for PostgreSQL, pip install 'x2i-ladder[postgres]' "
            "and let the URL begin with postgresql+psycopg://"
        ) from None
    except NoSuchModuleError:
        raise RunStopped(
            f"{masked(url)}: no such kind of database; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _looking if looking else _durable)
    else:
        event.listen(engine, "connect", _looking_there if looking else _durable_there)
    event.listen(engine, "handle_error", partial(_name, engine.url.render_as_string(hide_password=True)))
    return engine


def _name(url: str, context: ExceptionContext) -> None:
    """An error says which database it is about, and what to do where it cannot be reached."""
    if context.sqlalchemy_exception is None:
        return
    if context.dialect.name != "sqlite" and (context.connection is None or context.is_disconnect):
        url = f"{url} cannot be reached (is its server up, and is the URL right?)"
    context.sqlalchemy_exception.add_detail(url)


def _durable_there(connection: Any, _record: Any) -> None:
    """A server may be set to lose the last commits in a crash; whatever is stronger than our need stays."""
    _told(
        connection,
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    )


def _looking_there(connection: Any, _record: Any) -> None:
    _told(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def _told(connection: Any, statement: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
    connection.commit()  # or the pool, which rolls back, would take it back


def _durable(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _looking(connection: Any, _record: Any) -> None:
    for pragma in ("busy_timeout=30000", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def alone(connection: Connection, run: str) -> None:
    """Be the only writer of `run` until the transaction ends; in SQLite of the whole database. Waits for others."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:run))"), {"run": run})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # else others may write between what is read here and written


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
        file = Path(engine.url.database or "").resolve()  # the same by whatever link it is reached
        lock = FileLock(f"{file}.{run[:16]}.lock", timeout=0)
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
    # outside of a transaction, which would stay open as long as the lock
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        number = {"n": int(run[:15], 16)}
        yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:n)"), number).scalar())
    finally:
        # The lock ends with its session. Asking a server that went away to unlock would fail a run that is done.
        with suppress(SQLAlchemyError):
            connection.invalidate()
            connection.close()
