"""What a journal holds, what it saved, and what was lost: figures of a database and a store, read without a change.

In: the folder of a build. Out: `JournalFigures`. Money is in US dollars, as far as the ledger knows prices; sizes are in bytes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from sqlalchemy import Connection, case, func, select

from pipeline.replay.place import RunPlace, open_outcomes, place
from pipeline.storage.batch import OUTCOMES
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.entries import ANSWERS, HITS, JOURNAL
from pipeline.storage.ledger import LEDGER, LOST


@dataclass(frozen=True)
class Answers:
    """The answers of one kind of request: how many, how many of them are errors (a refusal, say), and their size as text."""

    kind: str
    count: int
    errors: int
    size: int


@dataclass(frozen=True)
class RunFigures:
    """One run of the database. `hits`: calls answered from the journal, `saved` what they would have cost, `unpriced` how many of
    them have no known price. `calls` were sent for `spent`; `lost` of them were open at a kill, `lost_usd` is what was reserved
    for these. `under_way`: calls open now. `own`: the run that the folder's lock names."""

    fingerprint: str
    own: bool
    outcomes: int
    calls: int
    spent: float
    hits: int
    saved: float
    unpriced: int
    lost: int
    lost_usd: float
    under_way: int


@dataclass(frozen=True)
class JournalFigures:
    """`database`, its size (None where it is no file), the answers by kind, the images of the store and the runs, own first."""

    database: str
    size: int | None
    answers: tuple[Answers, ...]
    images: int
    image_size: int
    runs: tuple[RunFigures, ...]


def figures(out: Path, database: str | None = None) -> JournalFigures:
    """The figures of the journal of `out`. Raises LookupError where there is none, OSError, pipeline.errors.RunStopped."""
    where = place(out, database)
    images, image_size = _count_images(where)
    with open_outcomes(where) as outcomes, outcomes.engine.connect() as connection:
        url = outcomes.engine.url
        return JournalFigures(
            database=url.render_as_string(hide_password=True),
            size=_database_bytes(Path(url.database))
            if outcomes.engine.dialect.name == "sqlite" and url.database
            else None,
            answers=tuple(_count_answers(connection)),
            images=images,
            image_size=image_size,
            runs=tuple(
                sorted(_read_runs(connection, where.fingerprint), key=lambda run: (not run.own, run.fingerprint))
            ),
        )


def _database_bytes(file: Path) -> int:
    parts = (file, *(file.with_name(f"{file.name}-{part}") for part in ("wal", "shm")))
    return sum(part.stat().st_size for part in parts if part.exists())


def _count_images(where: RunPlace) -> tuple[int, int]:
    """How many images the store holds, and their size. Files that a crash left half written do not count."""
    fs, root = fsspec.core.url_to_fs(where.store.root)
    files: dict[str, Any] = fs.find(root, detail=True) if fs.exists(root) else {}
    sizes = [int(info["size"]) for name, info in files.items() if "." not in name.rpartition("/")[2]]
    return len(sizes), sum(sizes)


def _count_answers(connection: Connection) -> list[Answers]:
    failed = func.sum(case((JOURNAL.c.answer.like('{"error":%'), 1), else_=0))
    query = select(JOURNAL.c.kind, func.count(), failed, func.sum(func.length(JOURNAL.c.answer)))
    return [Answers(*row) for row in connection.execute(query.group_by(JOURNAL.c.kind).order_by(JOURNAL.c.kind))]


def _read_runs(connection: Connection, own: str) -> list[RunFigures]:
    outcomes = _by_run(connection, select(OUTCOMES.c.run, func.count()).group_by(OUTCOMES.c.run))
    lost = (LEDGER.c.outcome == LOST, 1)
    lost_usd = (LEDGER.c.outcome == LOST, LEDGER.c.usd)
    sent = select(
        LEDGER.c.run,
        func.count(),
        func.sum(LEDGER.c.usd),
        func.sum(case(lost, else_=0)),
        func.sum(case(lost_usd, else_=0.0)),
    )
    calls = _by_run(connection, sent.group_by(LEDGER.c.run))
    under_way = _by_run(connection, select(OPEN_CALLS.c.run, func.count()).group_by(OPEN_CALLS.c.run))
    replays = _by_run(connection, _replay_query())
    runs = []
    for run in sorted({own, *outcomes, *calls, *under_way, *replays}):
        made, spent, gone, gone_usd = calls.get(run, (0, 0.0, 0, 0.0))
        hits, saved, priced = replays.get(run, (0, 0.0, 0))
        figures = RunFigures(
            fingerprint=run,
            own=run == own,
            outcomes=outcomes.get(run, (0,))[0],
            calls=made,
            spent=float(spent or 0.0),
            hits=hits,
            saved=float(saved or 0.0),
            unpriced=hits - (priced or 0),
            lost=gone,
            lost_usd=float(gone_usd or 0.0),
            under_way=under_way.get(run, (0,))[0],
        )
        runs.append(figures)
    return runs


def _replay_query() -> Any:
    """By run: replays, what they would have cost, and of how many that is known."""
    answered_calls = select(LEDGER.c.call_key, func.max(LEDGER.c.usd).label("usd")).where(
        LEDGER.c.outcome.in_(("ok", *ANSWERS))
    )
    price = answered_calls.group_by(LEDGER.c.call_key).subquery()
    priced_hits = case((price.c.usd.is_not(None), HITS.c.count), else_=0)
    replays = select(HITS.c.run, func.sum(HITS.c.count), func.sum(HITS.c.count * price.c.usd), func.sum(priced_hits))
    return replays.select_from(HITS.outerjoin(price, price.c.call_key == HITS.c.call_key)).group_by(HITS.c.run)


def _by_run(connection: Connection, query: Any) -> dict[str, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in connection.execute(query)}
