"""Checks of the database that an output was made from: is each row what was written, and does the ledger say what its file says?

In: the folder of an output, and its run.json. Out: problems, and notes where there is nothing to check. Nothing is written.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped, one_line
from pipeline.output import lock
from pipeline.output.problem import Problem
from pipeline.output.run_json import RunSummary
from pipeline.storage import ledger
from pipeline.storage.batch import OUTCOMES
from pipeline.storage.damage import count_unchecked, find_damage
from pipeline.storage.database import HIDDEN, masked, open_engine
from pipeline.storage.ledger import LEDGER
from pipeline.storage.migration import refuse_newer

_MEND = "is not what was written; x2i mend DIR tells what can be done about such rows of the build in DIR, and does it"


def check_database(out: Path, summary: RunSummary, database: str | None = None) -> tuple[list[Problem], list[str]]:
    """Problems and notes about the database of the output in `out`; `database` is a URL for one that needs a password."""
    named = database or (summary.manifest.get("run") or {}).get("database")
    file = out / lock.DATABASE
    if named is None and not file.exists():
        note = f"{lock.DATABASE} is not there: outcomes and answers were not checked"
        return [], [note] if (out / lock.LOCK).exists() else []
    own = named is None
    try:
        if not own and HIDDEN in str(named):
            return [], ["the database needs a password: it was not checked; give its URL with --database"]
        url = str(named) if named is not None else f"sqlite:///{file.resolve()}"
        path = make_url(url).database
        if make_url(url).get_backend_name() == "sqlite" and not (path and Path(path).exists()):
            raise RunStopped(f"{masked(url)} is not there")
        return _check(url, out, summary.fingerprint, None if own else summary.fingerprint)
    except (SQLAlchemyError, RunStopped) as error:
        words = str(error) if isinstance(error, RunStopped) else one_line(error)
        # a server that cannot be reached says nothing about the output; what was asked for, or lies in the folder, must be checked
        asked = own or database is not None
        name = lock.DATABASE if own else "database"
        return ([Problem(name, None, words)], []) if asked else ([], [f"the database was not checked: {words}"])


def _check(url: str, out: Path, fingerprint: str, run: str | None) -> tuple[list[Problem], list[str]]:
    engine = open_engine(url, read_only=True)
    name = lock.DATABASE if run is None else "database"
    try:
        with engine.connect() as connection:
            refuse_newer(connection)
            if not inspect(connection).has_table(OUTCOMES.name):
                return [Problem(name, None, "holds no outcomes")], []
            problems = [Problem(name, None, what) for what in _check_pages(connection)]
            problems += [Problem(name, d.sample, f"{d.name} {_MEND}") for d in find_damage(connection, run)]
            problems += [Problem(ledger.NAME, None, what) for what in _check_ledger(connection, out, fingerprint)]
            unchecked = count_unchecked(connection, run)
            note = f"{unchecked:,} rows of the database were written before rows had checksums: they were not checked"
            return problems, [note] if unchecked else []
    finally:
        engine.dispose()


def _check_pages(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    findings = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    yield from (f"SQLite finds damage: {' '.join(str(finding).split())}" for finding in findings if finding != "ok")


def _check_ledger(connection: Connection, out: Path, fingerprint: str) -> Iterator[str]:
    """The file lists no call that the database does not know, and where both list as many, they cost the same."""
    try:
        file = pq.read_table(out / ledger.NAME, columns=["usd"])
    except (OSError, pa.ArrowException):
        return  # an output without its ledger is whole, as far as the data go
    query = select(func.count(), func.sum(LEDGER.c.usd)).where(LEDGER.c.run == fingerprint)
    count, usd = connection.execute(query).one()
    listed = sum(price or 0.0 for price in file["usd"].to_pylist())
    if file.num_rows > count:
        yield f"lists {file.num_rows:,} calls, the database knows {count:,}"
    elif file.num_rows == count and abs(listed - (usd or 0.0)) > 1e-6 * max(1.0, listed):
        yield f"its calls cost {listed:.6f} US dollars, those of the database {usd or 0.0:.6f}"
