"""The entries of the journal: what a model answered to a call, by the call's key, so that no call is paid for twice.

In: answers, and errors that are answers (refused, malformed, too long). Out: rows of the table `journal`, which all runs of a
database share, and of the table `hits` (how often a run was answered from the journal); and the answers again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Double, Integer, String, Table, Text, delete, select, text

from pipeline.errors import RunStopped
from pipeline.storage import checksum
from pipeline.storage.database import METADATA, insert_into
from stages.errors import Malformed, ModelError, Refused, TooLong
from stages.protocols import ImageReply, ScoreReply, TextReply, TokenLogprob, TokensRef, Usage
from stages.records import ImageRef

JOURNAL = Table(
    "journal",
    METADATA,
    Column("call_key", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column(checksum.COLUMN, String(checksum.LENGTH)),
)
HITS = Table(
    "hits",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("call_key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
)
ANSWER_ERRORS = (Refused, Malformed, TooLong)
"""The errors that are answers: the model was asked, and this was its reply."""
MEND_ANSWER = "x2i mend DIR removes such rows from the database of the build in DIR, and the call is made again"
ANSWERS = tuple(kind.__name__ for kind in ANSWER_ERRORS)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that is an answer. `name`: one of `ANSWERS`. `words`: the model's own. `problem`: what is wrong with a malformed
    reply, else None.
    """

    name: str
    words: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer: `error`, `image`, `text` or `score` is set. `kind` is the schema of the request, `created` in seconds since 1970.

    `carrier`: the part of the server's answer that held the text, as in `TextReply`. `tokens`: its side file.
    """

    key: str
    kind: str
    created: float
    text: str | None = None
    image: ImageRef | None = None
    usage: Usage | None = None
    error: Failure | None = None
    carrier: str = "content"
    tokens: TokensRef | None = None
    score: tuple[TokenLogprob, ...] | None = None

    def text_reply(self) -> TextReply:
        """The text reply. Raises the stages.errors.ModelError that was the answer, RunStopped when the entry holds no text."""
        self._raise_error()
        if self.text is None:
            raise RunStopped(f"the journal holds no text for call {self.key}; {MEND_ANSWER}")
        return TextReply(self.text, self.usage, self.carrier, self.tokens)

    def image_reply(self) -> ImageReply:
        """The image reply. Raises the stages.errors.ModelError that was the answer, RunStopped when the entry holds no image."""
        self._raise_error()
        if self.image is None:
            raise RunStopped(f"the journal holds no image for call {self.key}; {MEND_ANSWER}")
        return ImageReply(self.image, self.text, self.usage, self.tokens)

    def score_reply(self) -> ScoreReply:
        """The score reply. Raises the stages.errors.ModelError that was the answer, RunStopped when the entry holds no score."""
        self._raise_error()
        if self.score is None:
            raise RunStopped(f"the journal holds no score for call {self.key}; {MEND_ANSWER}")
        return ScoreReply(self.score, self.usage)

    def _raise_error(self) -> None:
        if self.error is not None:
            details = () if self.error.problem is None else (self.error.problem,)
            raise ANSWER_ERRORS[ANSWERS.index(self.error.name)](self.error.words, *details)


def make_failure(key: str, kind: str, created: float, error: ModelError) -> Entry:
    """The entry of a call that was answered by `error`, one of `ANSWER_ERRORS`."""
    name = next(kind.__name__ for kind in ANSWER_ERRORS if isinstance(error, kind))
    problem = error.problem if isinstance(error, Malformed) else None
    return Entry(key, kind, created, error=Failure(name, error.text, problem))


def put(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write `entries`; a new answer to the same call replaces the old one. Raises sqlalchemy.exc.SQLAlchemyError."""
    if not entries:
        return
    insert = insert_into(connection.dialect.name, JOURNAL)
    columns = {name: insert.excluded[name] for name in ("kind", "answer", "created", checksum.COLUMN)}
    plain = [{"call_key": e.key, "kind": e.kind, "answer": _dump_answer(e), "created": e.created} for e in entries]
    rows = [checksum.seal(JOURNAL.name, row) for row in plain]
    # runs share this table: two that lock its rows in the same order cannot deadlock
    rows.sort(key=itemgetter("call_key"))
    # the new answer replaces the old one, whose image may be lost: then the call was made again
    connection.execute(insert.on_conflict_do_update(index_elements=["call_key"], set_=columns), rows)


def find_entries(connection: Connection, keys: Collection[str]) -> dict[str, Entry]:
    """The entries of the calls `keys` (at most `AT_ONCE`), by key. Raises RunStopped when one cannot be read, SQLAlchemyError."""
    # every column there is: a database of an older version, which is only looked at, lacks the newest
    rows = connection.execute(select(text("*")).select_from(JOURNAL).where(JOURNAL.c.call_key.in_(keys)))
    return {row["call_key"]: load_entry(row) for row in rows.mappings()}


def delete_entries(connection: Connection, keys: Collection[str]) -> None:
    """Delete the answers to the calls `keys`, which are then made again. Raises sqlalchemy.exc.SQLAlchemyError."""
    connection.execute(delete(JOURNAL).where(JOURNAL.c.call_key.in_(keys)))


def count_hits(connection: Connection, run: str, hits: Mapping[str, int]) -> None:
    """Add `hits`, the number of replays of each call key, to the counts of `run`. Raises sqlalchemy.exc.SQLAlchemyError."""
    if not hits:
        return
    insert = insert_into(connection.dialect.name, HITS)
    sums = {"count": HITS.c.count + insert.excluded["count"]}
    rows = [{"run": run, "call_key": key, "count": count} for key, count in sorted(hits.items())]
    connection.execute(insert.on_conflict_do_update(index_elements=["run", "call_key"], set_=sums), rows)


def _dump_answer(entry: Entry) -> str:
    parts = {name: getattr(entry, name) for name in ("text", "image", "usage", "error")}
    plain: dict[str, Any] = {n: v if isinstance(v, str) else asdict(v) for n, v in parts.items() if v is not None}
    plain |= {"carrier": entry.carrier} if entry.carrier != "content" else {}
    plain |= {} if entry.tokens is None else {"tokens": asdict(entry.tokens)}
    plain |= {} if entry.score is None else {"score": [[t.token, t.logprob, t.number] for t in entry.score]}
    # ASCII, because a model may write half a surrogate pair or a zero byte, which databases refuse
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def load_entry(row: Mapping[Any, Any]) -> Entry:
    """The entry that a row of table `journal` holds. Raises RunStopped when it cannot be read, or was changed since."""
    key = row["call_key"]
    if not checksum.is_whole(JOURNAL.name, row):
        raise RunStopped(
            f"the journal's answer to call {key} is not what was written (its checksum differs); {MEND_ANSWER}"
        )
    try:
        parts: dict[str, Any] = json.loads(row["answer"])
        image, usage, error = parts.get("image"), parts.get("usage"), parts.get("error")
        tokens, score = parts.get("tokens"), parts.get("score")
        failure = None if error is None else Failure(**error)
        if failure is not None and failure.name not in ANSWERS:
            raise ValueError(failure.name)
        return Entry(
            key,
            row["kind"],
            row["created"],
            parts.get("text"),
            None if image is None else ImageRef(**image),
            None if usage is None else Usage(**usage),
            failure,
            parts.get("carrier", "content"),
            None if tokens is None else TokensRef(**tokens),
            None if score is None else tuple(TokenLogprob(*token) for token in score),
        )
    except (ValueError, TypeError, AttributeError):
        raise RunStopped(f"the journal's answer to call {key} cannot be read; {MEND_ANSWER}") from None
