"""Results without their journal: a folder whose shards, store or ledger are there, while the database that they came from is not.

In: the folder of a build, and the URL of its database. Out: nothing, or the refusal to build there, which would pay again for every
answer; it says what may be done. What tells a loss from a build that was stopped early: results that no database row accounts for.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, inspect, make_url, select

from pipeline.manifest.forms import PRODUCTS
from pipeline.output import lock
from pipeline.output.lock import OutputError, OutputIdentity
from pipeline.output.places import list_files
from pipeline.storage import ledger
from pipeline.storage.batch import OUTCOMES
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.database import AT_ONCE, masked
from pipeline.storage.entries import JOURNAL
from pipeline.storage.ledger import LEDGER
from pipeline.storage.outcomes import Outcomes

_ROWS = 500  # in memory
_KEYS = "events.list.element.call_key"


def refuse_lost_database(out: Path, url: str) -> None:
    """Raise OutputError when `out` holds results and there is no database at `url`, or an empty one. Makes none there."""
    if not _has_tables(url) and (results := [*_find_written(out), *_find_stored(out)]):
        raise OutputError(_describe(out, url, "holds no journal" if _is_file(url) else "is not there", results))


def refuse_lost_rows(out: Path, outcomes: Outcomes, plan: OutputIdentity) -> None:
    """Raise OutputError when `out` holds results that the database, which is there, knows nothing of.

    `plan`: what is to be built; the lock in the folder still says what was. Raises sqlalchemy.exc.SQLAlchemyError.
    """
    before = lock.read(out)
    results = _find_written(out)
    if not results and before is not None and _database(before) != _database(plan):
        results = _find_stored(out)  # a build that was stopped early goes on with its own database
    if not results:
        return
    runs = {outcomes.run, *(() if before is None else (before.fingerprint,))}
    with outcomes.engine.connect() as connection:
        recorded = fingerprint_of_record(out)
        if recorded is None:  # without a record nothing tells which rows there should be
            what = "holds no outcome or call of this build" if _is_empty(connection, runs) else None
        else:
            missing = sum(1 for _ in _find_unknown(connection, out, runs | {recorded}))
            what = f"knows nothing of {missing:,} samples of record/" if missing else None
    if what is None:
        return
    url = outcomes.engine.url.render_as_string(hide_password=False)
    raise OutputError(_describe(out, url, what, results))


def _database(identity: OutputIdentity) -> Any:
    return (identity.manifest.get("run") or {}).get("database")


def _has_tables(url: str) -> bool:
    path = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and not (path and Path(path).exists()):
        return False  # to look inside would make the file
    with Outcomes(url, "", looking=True) as outcomes:
        return bool(inspect(outcomes.engine).has_table(OUTCOMES.name))


def _is_file(url: str) -> bool:
    path = make_url(url).database
    return make_url(url).get_backend_name() != "sqlite" or bool(path and Path(path).exists())


def _find_written(out: Path) -> list[str]:
    """What only a build that had come to its end wrote there."""
    written = [name for name in (lock.RUN, ledger.NAME) if (out / name).exists()]
    return written + [f"{product}/" for product in PRODUCTS if list_files(out, product)]


def _find_stored(out: Path) -> list[str]:
    """The store inside the folder, where images lie in it: a build makes its database before it stores the first one."""
    return ["store/"] if any(path.is_file() for path in (out / "store").glob("*/*")) else []


def _is_empty(connection: Connection, runs: Collection[str]) -> bool:
    queries = (select(table.c.run).where(table.c.run.in_(runs)).limit(1) for table in (OUTCOMES, LEDGER, OPEN_CALLS))
    return all(connection.execute(query).first() is None for query in queries)


def _find_unknown(connection: Connection, out: Path, runs: Collection[str]) -> Iterator[str]:
    """Ids of samples of the record that have no outcome, and of whose calls neither the ledger nor the journal knows any.

    A sample whose outcome was forgotten on purpose (`--retry-failed`) still has its calls in the ledger.
    """
    rows = _read_calls(out)
    while keys_of := dict(islice(rows, AT_ONCE)):
        settled = OUTCOMES.c.run.in_(runs) & OUTCOMES.c.id.in_(list(keys_of))
        for name in connection.execute(select(OUTCOMES.c.id).where(settled)).scalars():
            keys_of.pop(name, None)
        known = _find_known(connection, [key for keys in keys_of.values() for key in keys])
        yield from (name for name, keys in keys_of.items() if keys and not known & set(keys))


def _find_known(connection: Connection, keys: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(keys), AT_ONCE):
        for table in (LEDGER, JOURNAL):
            some = table.c.call_key.in_(keys[start : start + AT_ONCE])
            known.update(connection.execute(select(table.c.call_key).where(some)).scalars())
    return known


def _read_calls(out: Path) -> Iterator[tuple[str, list[str]]]:
    """The id and the call keys of every sample of the record. A file that cannot be read is left to `x2i verify`."""
    for path in sorted((out / "record").glob("*.parquet")):
        try:
            with pq.ParquetFile(path) as file:  # a dataset would not read a part of a nested column
                for batch in file.iter_batches(_ROWS, columns=["id", _KEYS]):
                    yield from ((str(row["id"]), _keys(row.get("events"))) for row in batch.to_pylist())
        except (OSError, pa.ArrowException):
            continue


def _keys(events: Sequence[Mapping[str, Any]] | None) -> list[str]:
    return [event["call_key"] for event in events or () if event["call_key"] is not None]


def fingerprint_of_record(out: Path) -> str | None:
    """The fingerprint of the run that wrote the record in `out`; None where there is none, or several, or it cannot be read."""
    prints: set[Any] = set()
    for path in (out / "record").glob("*.parquet"):
        try:
            about = json.loads((pq.read_schema(path).metadata or {}).get(b"x2i", b"{}"))
            prints.add(about.get("fingerprint"))
        except (OSError, pa.ArrowException, ValueError, AttributeError):
            return None
    return prints.pop() if len(prints) == 1 else None


def _describe(out: Path, url: str, what: str, results: Sequence[str]) -> str:
    own = make_url(url).database == str(out.resolve() / lock.DATABASE)
    name = lock.DATABASE if own else masked(url)
    restore = f"put a copy of {name} back" if own else "let run.database name the database that these results came from"
    offer = (
        "  --import-record  go on with what record/, store/ and ledger.parquet still know; what they do not is asked again",
    )
    lines = (
        f"{out}: holds results ({', '.join(results)}), but {name}, where their journal should be, {what}.",
        "To build here would pay again for answers that were paid for. Say which you want:",
        f"  (restore)        {restore}, and type the same command again",
        *(offer if fingerprint_of_record(out) is not None else ()),
        "  --out DIR        build in another folder; this one stays as it is",
        "  --overwrite      begin from nothing: these results are removed",
    )
    return "\n".join(lines)
