"""The database of a run: how it is opened and locked.

In: a URL (a SQLite file by default, PostgreSQL by URL). Out: an engine whose commits are durable when they return, the `METADATA`
in which every table of a run is declared, and inserts in the dialect of the database.
"""

import random
import sqlite3
import time
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
AT_ONCE = 500  # names in one statement: databases limit the number of its parameters
WAIT_S = 30
"""How long a connection to SQLite waits for another process, in seconds."""
WAYS_OUT = (
    "is damaged. Ways out: put back a copy of it; sqlite3 FILE .recover saves the rows that can be read; once it is moved away, "
    "x2i build --import-record takes over what the finished output beside it knows; x2i build --overwrite begins from nothing"
)
HIDDEN = "***"
"""How a URL is published that has a password."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# the server or a firewall may have cut an idle connection: pre_ping replaces it before it is used again
_SETTINGS: dict[str, dict[str, Any]] = {"postgresql": {"pool_pre_ping": True}}


def open_engine(url: str, read_only: bool = False) -> Engine:
    """An engine for the database at `url`. SQLite syncs every commit, and waits up to 30 s for other processes.

    With `read_only`, every statement that would write fails. Raises RunStopped when no installed driver serves `url`.
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
        event.listen(engine, "connect", _make_sqlite_read_only if read_only else _make_sqlite_durable)
    else:
        event.listen(engine, "connect", _make_server_read_only if read_only else _make_server_durable)
    event.listen(engine, "handle_error", partial(_add_url, engine.url.render_as_string(hide_password=True)))
    return engine


def _add_url(url: str, context: ExceptionContext) -> None:
    """Add to an error which database it is about, and what to check where that cannot be reached."""
    if context.sqlalchemy_exception is None:
        return
    if (getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED:
        url = f"{url} {WAYS_OUT}"
    if context.dialect.name != "sqlite" and (context.connection is None or context.is_disconnect):
        url = f"{url} cannot be reached (is its server up, and is the URL right?)"
    context.sqlalchemy_exception.add_detail(url)


def _make_server_durable(connection: Any, _record: Any) -> None:
    """Turn on synchronous commits where the server is set to lose the last ones in a crash; a stronger setting stays."""
    _execute(
        connection,
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    )


def _make_server_read_only(connection: Any, _record: Any) -> None:
    _execute(connection, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def _execute(connection: Any, statement: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
    connection.commit()  # else the pool rolls the setting back when the connection returns to it


def _decode(data: bytes) -> str:
    """A text of the database. A damaged byte becomes a half character: the row's checksum names it, where SQLite's own reading
    would only fail."""
    return data.decode("utf-8", "surrogateescape")


def _make_sqlite_durable(connection: Any, _record: Any) -> None:
    connection.text_factory = _decode
    _set(connection, f"busy_timeout={WAIT_S * 1000}")  # first: whatever follows may meet another process
    _turn_on_wal(connection)
    _set(connection, "synchronous=FULL")  # with WAL, a lower setting loses the last commits at a power cut


def _turn_on_wal(connection: Any) -> None:
    """Let readers and a writer work at once. Waits for other processes that do the same: SQLite itself gives up at once there, or
    its own wait could be for one that waits for us.
    """
    until = time.monotonic() + WAIT_S
    while True:
        try:
            _set(connection, "journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.005, 0.05))  # two that begin at once must not meet again


def _make_sqlite_read_only(connection: Any, _record: Any) -> None:
    connection.text_factory = _decode
    _set(connection, f"busy_timeout={WAIT_S * 1000}")
    _set(connection, "query_only=ON")


def _set(connection: Any, pragma: str) -> None:
    connection.execute(f"PRAGMA {pragma}").close()


def lock_run(connection: Connection, run: str) -> None:
    """Become the only writer of `run`, in SQLite of the whole database, until the transaction ends. Waits for others."""
    if connection.dialect.name == "postgresql":
        # two runs with the same hash only wait for each other
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:run))"), {"run": run})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # else another process may write between our reads and our writes


def insert_into(dialect: str, table: Table) -> Any:
    """An insert into `table` that offers `on_conflict_do_update`, which SQLAlchemy has only in its dialects."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def answers_kept(file: Path) -> int | None:
    """How many answers the journal in a SQLite file holds; None where no journal can be read there. Nothing is written."""
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
    """Lock `run` for this process; yields True when it got the lock, which it then has until the context ends.

    Without the lock, two builds of one data set that share a database would both pay for the same calls.
    """
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "").resolve()  # one lock file, whichever link the database is opened by
        lock = FileLock(f"{file}.{run[:16]}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()  # the file is not deleted: another process may be about to lock it
        return
    # without a transaction, which would stay open as long as the lock
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        key = {"key": int(run[:15], 16)}  # 60 bits: the server takes a signed number of 64
        yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar())
    finally:
        # The lock ends with its session. To unlock it would fail a finished run whose server has gone away.
        with suppress(SQLAlchemyError):
            connection.invalidate()
            connection.close()
