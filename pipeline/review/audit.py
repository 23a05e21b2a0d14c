"""The audit log: who did what, when. Rows are only ever added.

In: what happened, within the transaction that made it happen. Out: rows of `review_audit`, read newest first as `AuditEntry`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from pipeline.review.tables import AUDIT


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`who` did `what` at `at` (UTC, ISO 8601); `about` names a sample, a person or nothing."""

    seq: int
    at: str
    who: str
    what: str
    about: str
    details: dict[str, Any]


def stamp(now: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")


def note(connection: Connection, build: str, now: float, who: str, what: str, about: str = "", **details: Any) -> None:
    """Add an entry."""
    text = json.dumps(details)
    connection.execute(insert(AUDIT).values(build=build, at=stamp(now), who=who, what=what, about=about, details=text))


def newest(connection: Connection, build: str, limit: int) -> list[AuditEntry]:
    """The newest entries, the newest first."""
    query = select(AUDIT).where(AUDIT.c.build == build).order_by(AUDIT.c.seq.desc()).limit(limit)
    return [
        AuditEntry(row.seq, row.at, row.who, row.what, row.about, json.loads(row.details))
        for row in connection.execute(query)
    ]
