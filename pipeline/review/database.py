"""The database of a review: how it is opened, and the one writer at a time.

In: a URL. Out: an engine with the tables of a review. SQLite runs with a write-ahead log, so that pages are read while somebody
judges; a folder on a network disk that cannot keep one is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped, one_line
from pipeline.review.errors import ReviewError
from pipeline.review.tables import REVIEW
from pipeline.storage.database import lock_run, open_engine

FILE = "review.sqlite"
FOLDER = "review"


def default_url(out: Path) -> str:
    """Where the review of the output in `out` lies unless somebody names a database."""
    return f"sqlite:///{(out / FOLDER / FILE).resolve()}"


def open_database(url: str) -> Engine:
    """The engine, its tables made where they are missing. Raises ReviewError where the database cannot be used."""
    try:
        file = make_url(url).database if make_url(url).get_backend_name() == "sqlite" else None
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        engine = open_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _settle_sqlite)
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
        if not set(REVIEW.tables) <= there:
            with writing(engine, "tables") as connection:
                REVIEW.create_all(connection)
    except (SQLAlchemyError, OSError) as error:
        raise ReviewError(f"the review's database cannot be opened ({one_line(error)}); correct --database") from error
    except RunStopped as error:
        raise ReviewError(str(error)) from error
    return engine


@contextmanager
def writing(engine: Engine, build: str) -> Iterator[Connection]:
    """A transaction that is the only writer of this review while it lasts; others wait."""
    with engine.begin() as connection:
        lock_run(connection, f"review {build}")
        yield connection


def _settle_sqlite(connection: Any, _record: Any) -> None:
    """A commit outlives a killed process; only a power cut may take the last ones. That is what people at a keyboard can wait
    for.
    """
    connection.execute("PRAGMA synchronous=NORMAL").close()
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode not in ("wal", "memory"):
        raise ReviewError(
            f"SQLite keeps no write-ahead log there (it says {mode!r}); put the review on a local disk with --database"
        )
