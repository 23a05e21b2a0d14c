"""The entries of the journal: what a model answered to a call, by the call's key, so that it is never paid twice.

In: answers, and errors that are answers (refused, malformed, too long). Out: rows of the tables `journal`, which all runs of a
database share, and `hits` (how often a run was answered from the journal); and the answers again. The words are kept as ASCII
JSON: half characters and zero bytes of a model survive any database.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Double, Integer, String, Table, Text, delete, select

from pipeline.errors import RunStopped
from pipeline.storage.database import METADATA, inserted
from stages.errors import Malformed, ModelError, Refused, TooLong
from stages.protocols import ImageReply, TextReply, Usage
from stages.records import ImageRef

JOURNAL = Table(
    "journal",
    METADATA,
    Column("call_key", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created", Double, nullable=False),
)
HITS = Table(
    "hits",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("call_key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
)
ANSWER_ERRORS = (Refused, Malformed, TooLong)
"""The errors that are answers: the model was asked, and this is what it said."""
ANSWERS = tuple(kind.__name__ for kind in ANSWER_ERRORS)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that is an answer: a name of `ANSWERS`, the model's words, and for a malformed reply what is wrong with it."""

    name: str
    words: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer. `kind` is the schema of the request, `created` in seconds since 1970. Either `error`, `image` or a text."""

    key: str
    kind: str
    created: float
    text: str | None = None
    image: ImageRef | None = None
    usage: Usage | None = None
    error: Failure | None = None

    def said(self) -> TextReply:
        """The text reply again. Raises the stages.errors.ModelError that was the answer."""
        self._raise()
        if self.text is None:
            raise RunStopped(f"the journal holds no text for call {self.key}; delete its row from table journal")
        return TextReply(self.text, self.usage)

    def drawn(self) -> ImageReply:
        """The image reply again. Raises the stages.errors.ModelError that was the answer."""
        self._raise()
        if self.image is None:
            raise RunStopped(f"the journal holds no image for call {self.key}; delete its row from table journal")
        return ImageReply(self.image, self.text, self.usage)

    def _raise(self) -> None:
        if self.error is not None:
            more = () if self.error.problem is None else (self.error.problem,)
            raise ANSWER_ERRORS[ANSWERS.index(self.error.name)](self.error.words, *more)


def failed(key: str, kind: str, created: float, error: ModelError) -> Entry:
    """The entry of a call that was answered by `error`, one of `ANSWER_ERRORS`."""
    name = next(kind.__name__ for kind in ANSWER_ERRORS if isinstance(error, kind))
    problem = error.problem if isinstance(error, Malformed) else None
    return Entry(key, kind, created, error=Failure(name, error.text, problem))


def put(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep `entries`; a newer answer to the same call replaces the older. Raises sqlalchemy.exc.SQLAlchemyError."""
    if not entries:
        return
    insert = inserted(connection.dialect.name, JOURNAL)
    changed = {name: insert.excluded[name] for name in ("kind", "answer", "created")}
    rows = [{"call_key": e.key, "kind": e.kind, "answer": _answer(e), "created": e.created} for e in entries]
    # runs share this table: in one order, none waits for another that waits for it
    rows.sort(key=itemgetter("call_key"))
    connection.execute(insert.on_conflict_do_update(index_elements=["call_key"], set_=changed), rows)


def among(connection: Connection, keys: Collection[str]) -> dict[str, Entry]:
    """The entries of these calls (a few hundred at a time). Raises RunStopped when one cannot be read, SQLAlchemyError."""
    rows = connection.execute(select(JOURNAL).where(JOURNAL.c.call_key.in_(keys)))
    return {row.call_key: _entry(row.call_key, row.kind, row.answer, row.created) for row in rows}


def forget(connection: Connection, keys: Collection[str]) -> None:
    """Let these calls be made again. Raises sqlalchemy.exc.SQLAlchemyError."""
    connection.execute(delete(JOURNAL).where(JOURNAL.c.call_key.in_(keys)))


def hit(connection: Connection, run: str, hits: Mapping[str, int]) -> None:
    """Count replays of calls for `run`. Raises sqlalchemy.exc.SQLAlchemyError."""
    if not hits:
        return
    insert = inserted(connection.dialect.name, HITS)
    more = {"count": HITS.c.count + insert.excluded["count"]}
    rows = [{"run": run, "call_key": key, "count": count} for key, count in sorted(hits.items())]
    connection.execute(insert.on_conflict_do_update(index_elements=["run", "call_key"], set_=more), rows)


def _answer(entry: Entry) -> str:
    told = {name: getattr(entry, name) for name in ("text", "image", "usage", "error")}
    plain = {n: v if isinstance(v, str) else asdict(v) for n, v in told.items() if v is not None}
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def _entry(key: str, kind: str, answer: str, created: float) -> Entry:
    try:
        told: dict[str, Any] = json.loads(answer)
        image, usage, error = told.get("image"), told.get("usage"), told.get("error")
        failure = None if error is None else Failure(**error)
        if failure is not None and failure.name not in ANSWERS:
            raise ValueError(failure.name)
        return Entry(
            key,
            kind,
            created,
            told.get("text"),
            None if image is None else ImageRef(**image),
            None if usage is None else Usage(**usage),
            failure,
        )
    except (ValueError, TypeError, AttributeError):
        raise RunStopped(
            f"the journal's answer to call {key} cannot be read; delete its row from table journal"
        ) from None
