"""Letters: questions that are answered later, from when they are posted until their answer lies in the journal.

    posted    no file holds it yet
    sent      it went out with a job, and the money for it is reserved
    idle      it came back without an answer, and nobody has asked since; it is kept for the number of its tries
    failed    it was answered by an error that is no answer; `failure` holds it, for the next pass

In: letters, and the jobs that they go out with. Out: rows of the tables `letters` and `batch_jobs`. A letter is known by its call's
key, whichever run of the database asks; `run` is the one that asked last. A job is written down before anything is sent. It belongs
to the run that sent it, and to whichever run goes on in its output folder: another build of the database leaves it alone.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    Integer,
    String,
    Table,
    Text,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from pipeline.storage.database import AT_ONCE, METADATA, insert_into

LETTERS = Table(
    "letters",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("batch", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("identity", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("usd", Double),
    Column("posted", Double, nullable=False),
    Column("state", String(16), nullable=False, default="posted"),
    Column("job", String(16)),
    Column("tries", Integer, nullable=False, default=0),
    Column("failure", Text),
)
JOBS = Table(
    "batch_jobs",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("batch", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("created", Double, nullable=False),
    Column("state", String(16), nullable=False),
    Column("remote", Text),
    Column("out", Text),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One question. `request` and `options` are JSON; `usd`: what it may cost at most, None where that is unknown; `posted`: in
    seconds since 1970; `tries`: how often it went out and came back without an answer."""

    key: str
    batch: str
    role: str
    identity: str
    model: str
    revision: str
    options: str
    request: str
    usd: float | None
    posted: float
    state: str = "posted"
    job: str | None = None
    tries: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Letters that go out together. `endpoint`: the path of a provider's API, "" for files. `state`: "making" until it is known to
    have been sent, then "sent", at last "done". `remote`: its name at the provider. `created`: in seconds since 1970. `out`: the
    output folder of the build that sent it."""

    id: str
    batch: str
    endpoint: str
    requests: int
    created: float
    state: str = "making"
    remote: str | None = None
    out: str | None = None


_LETTER = [LETTERS.c[field.name] for field in fields(Letter)]
_JOB = [JOBS.c[field.name] for field in fields(Job)]


def post(connection: Connection, run: str, letters: Sequence[Letter]) -> None:
    """Post `letters` for `run`; one that is under way already stays where it is. Raises sqlalchemy.exc.SQLAlchemyError."""
    if letters:
        insert = insert_into(connection.dialect.name, LETTERS)
        rows = sorted(({"run": run, **asdict(letter)} for letter in letters), key=lambda row: str(row["key"]))
        state = case((LETTERS.c.state == "idle", "posted"), else_=LETTERS.c.state)
        changed = {"run": run, "state": state}
        connection.execute(insert.on_conflict_do_update(index_elements=["key"], set_=changed), rows)


def find(connection: Connection, keys: Collection[str]) -> dict[str, Letter]:
    """The letters with these keys (at most `AT_ONCE`), by key."""
    rows = connection.execute(select(*_LETTER).where(LETTERS.c.key.in_(keys)))
    return {row.key: Letter(**row._mapping) for row in rows}


def posted(connection: Connection, run: str) -> Iterator[Letter]:
    """The letters of `run` that no file holds yet, in the order in which they were posted."""
    query = select(*_LETTER).where((LETTERS.c.run == run) & (LETTERS.c.state == "posted"))
    for row in connection.execute(query.order_by(LETTERS.c.posted, LETTERS.c.key)):
        yield Letter(**row._mapping)


def of_job(connection: Connection, job: str) -> dict[str, Letter]:
    """The letters that went out with a job and have no answer yet, by key, in the order in which they were posted."""
    query = select(*_LETTER).where(LETTERS.c.job == job).order_by(LETTERS.c.posted, LETTERS.c.key)
    return {row.key: Letter(**row._mapping) for row in connection.execute(query)}


def sum_out(connection: Connection, run: str) -> float:
    """What the letters of `run` that are out may cost at most, in US dollars."""
    out = (LETTERS.c.run == run) & (LETTERS.c.state == "sent")
    return float(connection.execute(select(func.sum(LETTERS.c.usd)).where(out)).scalar() or 0.0)


def count(connection: Connection, run: str, state: str) -> int:
    """How many letters of `run` are in this state."""
    query = select(func.count()).select_from(LETTERS).where((LETTERS.c.run == run) & (LETTERS.c.state == state))
    return int(connection.execute(query).scalar() or 0)


def count_elsewhere(connection: Connection, run: str, out: str, batches: Collection[str]) -> dict[str, int]:
    """How many letters of `run` are out with jobs of the build in `out` whose batch is none of these, by its name."""
    ours = (LETTERS.c.run == run) & (LETTERS.c.state == "sent") & _is_of(run, out)
    query = select(LETTERS.c.batch, func.count()).join(JOBS, LETTERS.c.job == JOBS.c.id)
    rows = connection.execute(query.where(ours & LETTERS.c.batch.not_in(batches)).group_by(LETTERS.c.batch))
    return {name: int(number) for name, number in rows}


def count_with_others(connection: Connection, run: str, out: str, since: float) -> dict[str, int]:
    """How many letters other builds of the database have, by the output folder of who sent them, "" for those not sent yet, which
    were posted at `since` or later."""
    query = select(JOBS.c.out, func.count()).select_from(LETTERS).outerjoin(JOBS, LETTERS.c.job == JOBS.c.id)
    sent = (LETTERS.c.state == "sent") & ~_is_of(run, out)
    theirs = sent | ((LETTERS.c.state == "posted") & (LETTERS.c.run != run) & (LETTERS.c.posted >= since))
    return {name or "": int(number) for name, number in connection.execute(query.where(theirs).group_by(JOBS.c.out))}


def begin_job(connection: Connection, run: str, job: Job, keys: Sequence[str]) -> None:
    """Write a job down, and that these letters go out with it: before anything is sent."""
    connection.execute(JOBS.insert(), {"run": run, **asdict(job)})
    _set(connection, keys, {"state": "sent", "job": job.id})


def set_job(connection: Connection, job: str, **values: Any) -> None:
    """Change what is known of a job: its `state`, its name `remote`."""
    connection.execute(update(JOBS).where(JOBS.c.id == job).values(**values))


def jobs(connection: Connection, run: str, out: str) -> list[Job]:
    """The jobs of `run`, and of the build in `out`, that are not done, the oldest first."""
    query = select(*_JOB).where(_is_of(run, out) & (JOBS.c.state != "done"))
    return [Job(**row._mapping) for row in connection.execute(query.order_by(JOBS.c.created, JOBS.c.id))]


def _is_of(run: str, out: str) -> ColumnElement[bool]:
    # jobs of a version without the column may be anybody's
    return or_(JOBS.c.run == run, JOBS.c.out == out, JOBS.c.out.is_(None))


def delete_letters(connection: Connection, keys: Sequence[str]) -> None:
    """Delete letters: they have their answer."""
    for start in range(0, len(keys), AT_ONCE):
        connection.execute(delete(LETTERS).where(LETTERS.c.key.in_(keys[start : start + AT_ONCE])))


def post_again(connection: Connection, keys: Sequence[str], counted: bool = True) -> None:
    """Letters that came back without an answer are to be sent once more; `counted`: they were tried."""
    _set(connection, keys, {"state": "posted", "job": None, "tries": LETTERS.c.tries + int(counted)})


def fail(connection: Connection, key: str, failure: str) -> None:
    """A letter came to nothing: the error that its sample meets in the next pass, as JSON."""
    _set(connection, [key], {"state": "failed", "job": None, "failure": failure})


def forget_unsent(connection: Connection, run: str) -> None:
    """Let go of the letters of `run` that are not out: what is still wanted of them is posted again when its sample climbs."""
    tried = (LETTERS.c.run == run) & (LETTERS.c.state == "posted") & (LETTERS.c.tries > 0)
    connection.execute(update(LETTERS).where(tried).values(state="idle"))
    connection.execute(delete(LETTERS).where((LETTERS.c.run == run) & LETTERS.c.state.in_(("posted", "failed"))))


def forget_posted(connection: Connection, run: str, batch: str) -> None:
    """Delete the letters of `run` to a batch that no file holds."""
    posted_there = (LETTERS.c.run == run) & (LETTERS.c.state == "posted") & (LETTERS.c.batch == batch)
    connection.execute(delete(LETTERS).where(posted_there))


def _set(connection: Connection, keys: Sequence[str], values: dict[str, Any]) -> None:
    for start in range(0, len(keys), AT_ONCE):
        connection.execute(update(LETTERS).where(LETTERS.c.key.in_(keys[start : start + AT_ONCE])).values(**values))
