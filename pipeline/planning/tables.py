"""The file of a plan: its tables, and how it is opened.

In: a path and the identity of a plan. Out: a connection to a SQLite file that holds this plan or nothing yet; a file of another
plan, of another version or one that is damaged is removed first: a plan can always be made again.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from stages.identity import digest

NAME = "plan.db"
"""The file of a plan in the folder of its build."""
END = 2**63 - 1
"""Above every rank."""
VERSION = "2"
TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE sources (name TEXT PRIMARY KEY, state TEXT NOT NULL)",
    # in the order of the run, so that a wave is written to one place of the file, and a page is read from one
    "CREATE TABLE planned (rank INTEGER, grp TEXT, id TEXT, status TEXT, trajectory TEXT, "
    "source TEXT, category TEXT, split TEXT, "
    "PRIMARY KEY (rank, grp, id)) WITHOUT ROWID",
    "CREATE TABLE truth (rank INTEGER NOT NULL, id TEXT PRIMARY KEY, row TEXT NOT NULL)",
    "CREATE TABLE row_ids (key INTEGER PRIMARY KEY, place TEXT NOT NULL)",
    "CREATE TABLE leak_groups (number INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE leak_keys (key INTEGER PRIMARY KEY, number INTEGER NOT NULL)",
)


def key_of(*parts: str) -> int:
    """A hash of 63 bits: of ten million rows, two share one once in 200,000 plans."""
    return int(digest(*parts)[:16], 16) >> 1


def open_file(path: str, identity: str) -> sqlite3.Connection:
    """A connection to the plan `identity` at `path`. Raises sqlite3.Error, OSError."""
    about = {"version": VERSION, "identity": identity}
    if path != ":memory:" and Path(path).exists() and _read_about(path) != about:
        remove(path)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # a wave that a power cut loses is read again; a kill loses none
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
        database.execute(f"PRAGMA {pragma}").close()
    if not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        database.execute("BEGIN")
        for table in TABLES:
            database.execute(table)
        database.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        database.execute("COMMIT")
    return database


def remove(path: str) -> None:
    """Remove the plan at `path`, if there is one."""
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


def _read_about(path: str) -> dict[str, str]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT name, value FROM about"))
    return {}
