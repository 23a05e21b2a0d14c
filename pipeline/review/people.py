"""Who reviews: people with a place, their lots, their keys, and how they sign in.

In: names, and tokens as they come from a browser. Out: `ReviewPerson`. An invitation is a link that works once: it is redeemed for
the token of a session. The database holds hashes of tokens alone, so a copy of it signs nobody in.
"""

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from pipeline.review.errors import ReviewError
from pipeline.review.records import LotKey, Place
from pipeline.review.tables import PERSON, SESSION
from pipeline.review.texts import can_be_kept

LONGEST_NAME = 60
SYSTEM = "x2i"
"""Who did it where no person did, in the audit log; nobody else may be called so."""


@dataclass(frozen=True, slots=True)
class ReviewPerson:
    """A person of a review. `lots` are those that the person is asked about; empty: all. `keys` maps actions to keys. `entry` is
    how many items of the entry test were right, and of how many; None before it. `joined` says whether the invitation was used.
    """

    name: str
    place: Place
    lots: tuple[LotKey, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)
    entry: tuple[int, int] | None = None
    joined: bool = False
    revoked: bool = False


def hash_token(token: str) -> str:
    """What the database holds of a token. Tokens are random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_token() -> str:
    """A token that nobody can guess: 256 bits, for a URL."""
    return secrets.token_urlsafe(32)


def checked_name(name: str) -> str:
    """`name` without blanks around it. Raises ReviewError where it cannot be a person's name."""
    clean = unicodedata.normalize("NFC", name.strip(" "))  # one name, however a keyboard writes its accents
    if not clean or not clean.isprintable() or len(clean) > LONGEST_NAME or clean == SYSTEM:
        raise ReviewError(f"{name[:80]!r} cannot be a name; write 1 to {LONGEST_NAME} printable characters")
    return clean


def enter(
    connection: Connection, build: str, name: str, place: Place, lots: Sequence[LotKey], token: str | None
) -> None:
    """Enter a person, or invite one anew: the sessions and the link of before end. Without a `token` nobody can sign in."""
    values = {
        "place": place,
        "lots": json.dumps([asdict(lot) for lot in lots]),
        "invitation": None if token is None else hash_token(token),
        "revoked": False,
    }
    known = update(PERSON).where(_is(build, name)).values(**values)
    if connection.execute(known).rowcount:
        connection.execute(delete(SESSION).where((SESSION.c.build == build) & (SESSION.c.name == name)))
    else:
        connection.execute(
            insert(PERSON).values(build=build, name=name, keys="{}", joined=False, cursor=-1, served=0, **values)
        )


def redeem(connection: Connection, build: str, token: str) -> tuple[str, str] | None:
    """The name behind an invitation and the token of a new session; None where the invitation is used, revoked or none."""
    hashed = hash_token(token)
    mine = (PERSON.c.build == build) & (PERSON.c.invitation == hashed) & ~PERSON.c.revoked
    name = connection.execute(select(PERSON.c.name).where(mine)).scalar()
    if name is None:
        return None
    connection.execute(update(PERSON).where(_is(build, name)).values(invitation=None, joined=True))
    session = new_token()
    connection.execute(insert(SESSION).values(build=build, token_hash=hash_token(session), name=name))
    return str(name), session


def by_session(connection: Connection, build: str, token: str) -> ReviewPerson | None:
    """Whose session it is; None where it is nobody's."""
    hashed = hash_token(token)
    query = (
        select(PERSON)
        .join(SESSION, (SESSION.c.build == PERSON.c.build) & (SESSION.c.name == PERSON.c.name))
        .where((PERSON.c.build == build) & (SESSION.c.token_hash == hashed) & ~PERSON.c.revoked)
    )
    row = connection.execute(query).first()
    return None if row is None else _person(row)


def everybody(connection: Connection, build: str) -> list[ReviewPerson]:
    """All people of the review by name, the revoked ones, too."""
    query = select(PERSON).where(PERSON.c.build == build).order_by(PERSON.c.name)
    return [_person(row) for row in connection.execute(query)]


def named(connection: Connection, build: str, name: str) -> ReviewPerson:
    """The person of that name. Raises ReviewError where there is none."""
    row = connection.execute(select(PERSON).where(_is(build, name))).first() if can_be_kept(name) else None
    if row is None:
        raise ReviewError(f"{name[:LONGEST_NAME]!r}: nobody of that name is in this review; invite them first")
    return _person(row)


def at_work(connection: Connection, build: str, name: str) -> ReviewPerson:
    """As `named`. Raises ReviewError for a revoked person, too."""
    person = named(connection, build, name)
    if person.revoked:
        raise ReviewError(f"{name}: no longer takes part in this review; ask its lead for a new invitation")
    return person


def revoke(connection: Connection, build: str, name: str) -> None:
    """End a person's sessions and invitation. What they said stays."""
    connection.execute(update(PERSON).where(_is(build, name)).values(revoked=True, invitation=None))
    connection.execute(delete(SESSION).where((SESSION.c.build == build) & (SESSION.c.name == name)))


def assign(connection: Connection, build: str, name: str, lots: Sequence[LotKey]) -> None:
    """Ask a person about these lots alone; about all where none are named."""
    listed = json.dumps([asdict(lot) for lot in lots])
    connection.execute(update(PERSON).where(_is(build, name)).values(lots=listed, cursor=-1))


def save_keys(connection: Connection, build: str, name: str, keys: Mapping[str, str]) -> None:
    """Keep a person's own keys, by action."""
    connection.execute(update(PERSON).where(_is(build, name)).values(keys=json.dumps(dict(keys))))


def save_entry(connection: Connection, build: str, name: str, right: int, asked: int) -> None:
    """Keep how a person did in the entry test."""
    connection.execute(update(PERSON).where(_is(build, name)).values(entry_right=right, entry_asked=asked))


def _is(build: str, name: str) -> ColumnElement[bool]:
    return (PERSON.c.build == build) & (PERSON.c.name == name)


def _person(row: Row[Any]) -> ReviewPerson:
    entry = None if row.entry_asked is None else (row.entry_right, row.entry_asked)
    lots = tuple(LotKey(**lot) for lot in json.loads(row.lots))
    return ReviewPerson(row.name, row.place, lots, json.loads(row.keys), entry, row.joined, row.revoked)
