"""The tables of a review: items, slots, people, verdicts, and what was done when. Apart from the tables of a run.

In: nothing. Out: the `REVIEW` metadata and its tables. All rows are of a build, by its fingerprint, so that several reviews may
share a database. A slot is a place for one person's verdict of an item; its id follows from build, item, content and number, so
that adding an item again changes nothing.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

REVIEW = MetaData()

BUILD = Table(
    "review_build",
    REVIEW,
    Column("build", String(64), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("frame_hash", String(64), nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("drawn_by", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
)
"""`drawn_by`: a digest of the finished build and the settings that the items were drawn by, else empty. `revision` counts how often
the items changed."""

POPULATION = Table(
    "review_population",
    REVIEW,
    Column("build", String(64), primary_key=True),
    *(Column(name, Text, primary_key=True) for name in ("outcome", "source", "generator", "category", "margin")),
    Column("size", Integer, nullable=False),
)

ITEM = Table(
    "review_item",
    REVIEW,
    Column("build", String(64), primary_key=True),
    Column("sample_id", String(64), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("outcome", "source", "generator", "category", "margin", "draw")),
    Column("position", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("gold", String(8)),
    Column("gold_by", Text),
    Index("review_item_gold", "build", "gold"),
)
"""`wanted`: by how many people it is judged. `gold`: the known answer, `gold_by` who said so."""

SLOT = Table(
    "review_slot",
    REVIEW,
    Column("id", String(64), primary_key=True),
    Column("build", String(64), nullable=False),
    Column("sample_id", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("role", String(8), nullable=False),
    Column("lot", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("holder", Text),
    Column("token", String(32)),
    Column("expires", Double),
    Column("turn", Integer),
    Index("review_slot_free", "build", "state", "position"),
    Index("review_slot_holder", "build", "holder", "state"),
    Index("review_slot_item", "build", "sample_id"),
)
"""`state`: free, held, done, or gone with its item. `role`: judge or gold. `turn` orders what one person holds.
`token` is the claim's; it opens nothing without its holder's session, so it is kept as it is."""

HOLD = Table(
    "review_hold",
    REVIEW,
    Column("build", String(64), primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("sample_id", String(64), primary_key=True),
    Column("slot", String(64), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("declined", Text),
    Index("review_hold_slot", "build", "slot"),
)
"""Which slot of an item a person has, or had and is done with (`closed`: judged or declined): they get no other one of it."""

PERSON = Table(
    "review_person",
    REVIEW,
    Column("build", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("place", String(16), nullable=False),
    Column("lots", Text, nullable=False),
    Column("keys", Text, nullable=False),
    Column("invitation", String(64)),
    Column("joined", Boolean, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("entry_right", Integer),
    Column("entry_asked", Integer),
    Column("cursor", BigInteger, nullable=False),
    Column("served", Integer, nullable=False),
)
"""`cursor`: no free slot up to this position is for this person. `served`: how many slots the person was given."""

SESSION = Table(
    "review_session",
    REVIEW,
    Column("build", String(64), primary_key=True),
    Column("token_hash", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
)

VERDICT = Table(
    "review_verdict",
    REVIEW,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("build", String(64), nullable=False),
    Column("id", String(64), nullable=False),
    Column("sample_id", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("slot", String(64)),
    Column("reviewer", String(64), nullable=False),
    Column("role", String(8), nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("supersedes", String(64)),
    Column("at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("review_verdict_id", "build", "id", unique=True),
    Index("review_verdict_reviewer", "build", "reviewer", "seq"),
    Index("review_verdict_item", "build", "sample_id"),
    Index("review_verdict_supersedes", "build", "supersedes"),
    Index("review_verdict_seq", "build", "seq"),
)
"""Append-only. `role`: judge, gold or lead (an adjudication)."""

AUDIT = Table(
    "review_audit",
    REVIEW,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("build", String(64), nullable=False),
    Column("at", String(40), nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(24), nullable=False),
    Column("about", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("review_audit_seq", "build", "seq"),
)
