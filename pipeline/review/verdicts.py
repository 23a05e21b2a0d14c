"""Verdicts in the database: append-only, taken back by a further row.

In: what a person said, within a transaction that is the only writer. Out: rows of `review_verdict`, and `HumanVerdict`s again. A
verdict *stands* while no later one supersedes it.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import Connection, Row, insert, select

from pipeline.review.audit import stamp
from pipeline.review.errors import ReviewError
from pipeline.review.records import HumanVerdict, Opinion, ReasonMark
from pipeline.review.tables import VERDICT
from pipeline.review.taxonomy import VERSION, check_reasons
from pipeline.review.texts import can_be_kept
from stages.identity import digest
from stages.records import AXES

Role: TypeAlias = Literal["judge", "gold", "lead"]
LONGEST_NOTE = 10_000
_LONGEST_WORD = {"at": 40}
_OPINIONS = get_args(Opinion)


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A verdict as it is kept: its place in the log, what it counts as, and the slot that it fills, if any."""

    seq: int
    role: Role
    slot: str | None
    verdict: HumanVerdict


def checked(verdict: HumanVerdict, now: float) -> HumanVerdict:
    """`verdict` with time and taxonomy filled in. Raises ReviewError where it says what cannot be kept."""
    who = f"verdict on sample {verdict.sample_id}"
    opinions: dict[str, Opinion] = {"result": verdict.result, "reasoning": verdict.reasoning or "accept"}
    opinions |= {str(axis): opinion for axis, opinion in verdict.axes.items()}
    for name, opinion in opinions.items():
        if opinion not in _OPINIONS:
            raise ReviewError(f"{who}: {name} is {opinion!r}; say one of {', '.join(_OPINIONS)}")
    if unknown := set(verdict.axes) - set(AXES):
        raise ReviewError(f"{who}: {min(unknown)!r} is no axis; the axes are {', '.join(AXES)}")
    if not (math.isfinite(verdict.seconds) and verdict.seconds >= 0):
        raise ReviewError(f"{who}: it took {verdict.seconds} seconds; give a time of at least 0")
    for field in ("id", "sample_id", "content_hash", "supersedes", "taxonomy", "at"):
        word = getattr(verdict, field) or ""
        if len(word) > _LONGEST_WORD.get(field, 64) or not can_be_kept(word):
            raise ReviewError(
                f"verdict on sample {verdict.sample_id[:64]!r}: {field} {word[:80]!r} cannot be kept; correct it"
            )
    for field, text in (("note", verdict.note), *(("segment", mark.segment or "") for mark in verdict.reasons)):
        if len(text) > LONGEST_NOTE:
            raise ReviewError(f"{who}: its {field} has {len(text):,} characters; at most {LONGEST_NOTE:,} are kept")
        if not can_be_kept(text):
            raise ReviewError(f"{who}: its {field} holds a character that cannot be kept; write it without")
    if verdict.opinion == "reject" and not verdict.withdrawn:
        if not verdict.reasons:
            raise ReviewError(f"{who}: a rejection needs a reason; name at least one")
        if verdict.taxonomy in ("", VERSION):  # one from elsewhere may know other reasons
            check_reasons(verdict.reasons)
    return replace(verdict, at=verdict.at or stamp(now), taxonomy=verdict.taxonomy or VERSION)


def add(connection: Connection, build: str, verdict: HumanVerdict, role: Role, slot: str | None) -> None:
    """Append a verdict that has an id."""
    body = {
        "result": verdict.result,
        "reasoning": verdict.reasoning,
        "axes": verdict.axes,
        "reasons": [[mark.code, mark.segment] for mark in verdict.reasons],
        "note": verdict.note,
        "seconds": verdict.seconds,
        "taxonomy": verdict.taxonomy,
    }
    connection.execute(
        insert(VERDICT).values(
            build=build,
            id=verdict.id,
            sample_id=verdict.sample_id,
            content_hash=verdict.content_hash,
            slot=slot,
            reviewer=verdict.reviewer,
            role=role,
            withdrawn=verdict.withdrawn,
            supersedes=verdict.supersedes,
            at=verdict.at,
            body=json.dumps(body),
        )
    )


def kept(connection: Connection, build: str, verdict_id: str) -> KeptVerdict | None:
    """The verdict with this id."""
    mine = (VERDICT.c.build == build) & (VERDICT.c.id == verdict_id)
    row = connection.execute(select(VERDICT).where(mine)).first()
    return None if row is None else _kept(row)


def since(connection: Connection, build: str, seq: int) -> Iterator[KeptVerdict]:
    """All verdicts after this place in the log, in order."""
    query = select(VERDICT).where((VERDICT.c.build == build) & (VERDICT.c.seq > seq)).order_by(VERDICT.c.seq)
    for row in connection.execute(query):
        yield _kept(row)


def newest_standing(connection: Connection, build: str, name: str, limit: int) -> list[KeptVerdict]:
    """What a person said last and did not take back, the newest first."""
    later = VERDICT.alias("later")
    superseded = select(later.c.seq).where((later.c.build == build) & (later.c.supersedes == VERDICT.c.id)).exists()
    mine = (VERDICT.c.build == build) & (VERDICT.c.reviewer == name) & ~VERDICT.c.withdrawn & ~superseded
    rows = connection.execute(select(VERDICT).where(mine).order_by(VERDICT.c.seq.desc()).limit(limit))
    return [_kept(row) for row in rows]


def standing_on(connection: Connection, build: str, sample_id: str) -> list[KeptVerdict]:
    """The verdicts that stand on an item, in order."""
    return stands(all_on(connection, build, sample_id))


def all_on(connection: Connection, build: str, sample_id: str) -> list[KeptVerdict]:
    """All verdicts on an item, in order."""
    about = (VERDICT.c.build == build) & (VERDICT.c.sample_id == sample_id)
    return [_kept(row) for row in connection.execute(select(VERDICT).where(about).order_by(VERDICT.c.seq))]


def stands(rows: list[KeptVerdict]) -> list[KeptVerdict]:
    """Those of an item's verdicts that none of the others supersedes."""
    superseded = {row.verdict.supersedes for row in rows}
    return [row for row in rows if not row.verdict.withdrawn and row.verdict.id not in superseded]


def withdrawal(verdict: HumanVerdict, now: float) -> HumanVerdict:
    """The row that takes a verdict back."""
    name = digest("withdrawn", verdict.id)[:32]
    return replace(verdict, id=name, supersedes=verdict.id, withdrawn=True, at=stamp(now), note="", seconds=0.0)


def _kept(row: Row[Any]) -> KeptVerdict:
    body = json.loads(row.body)
    body["reasons"] = tuple(ReasonMark(code, segment) for code, segment in body["reasons"])
    verdict = HumanVerdict(
        id=row.id,
        sample_id=row.sample_id,
        content_hash=row.content_hash,
        reviewer=row.reviewer,
        at=row.at,
        supersedes=row.supersedes,
        adjudicates=row.role == "lead",
        withdrawn=row.withdrawn,
        **body,
    )
    return KeptVerdict(row.seq, row.role, row.slot, verdict)
