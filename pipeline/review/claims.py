"""Claims: which slot a person is given next, for how long, and what ends that.

In: a person and the time, within a transaction that is the only writer. Out: `HeldSlot`, and rows of `review_slot` and
`review_hold`. A person is given the free slot of lowest position that is for them: of their lots, of an item of which they neither
have nor had another slot. Their `cursor` says up to where there is none, so that a claim reads a few rows of a long queue;
whatever frees a slot sets the cursors back.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row, Select, and_, delete, exists, insert, select, update

from pipeline.review.errors import ClaimLost
from pipeline.review.people import ReviewPerson
from pipeline.review.records import LotKey
from pipeline.review.tables import HOLD, ITEM, PERSON, SLOT
from pipeline.review.texts import can_be_kept
from stages.identity import digest

_SHARES = 2**32


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """A slot and who has it. `expires` in seconds since 1970."""

    id: str
    sample_id: str
    content_hash: str
    role: str
    position: int
    token: str
    expires: float


@dataclass(frozen=True, slots=True)
class Claiming:
    """Whose claims, in which review, at what time; `seconds` is how long a claim lasts, `gold_share` of them have a known
    answer.
    """

    connection: Connection
    build: str
    person: ReviewPerson
    now: float
    seconds: float
    gold_share: float
    seed: int

    def held(self) -> list[HeldSlot]:
        """What the person holds, in order, for another `seconds` from now."""
        mine = (SLOT.c.build == self.build) & (SLOT.c.holder == self.person.name) & (SLOT.c.state == "held")
        rows = self.connection.execute(select(SLOT).where(mine).order_by(SLOT.c.turn)).all()
        expires = self.now + self.seconds
        if rows:
            self.connection.execute(update(SLOT).where(mine).values(expires=expires))
        return [replace(_held(row), expires=expires) for row in rows]

    def take(self) -> HeldSlot | None:
        """Give the person one more slot; None where there is none for them."""
        mine = (PERSON.c.build == self.build) & (PERSON.c.name == self.person.name)
        cursor, served = self.connection.execute(select(PERSON.c.cursor, PERSON.c.served).where(mine)).one()
        row = self._gold(served) or self.connection.execute(self._free(cursor)).first()
        if row is None:
            return None
        token = secrets.token_hex(16)
        values = {"state": "held", "holder": self.person.name, "token": token, "turn": served}
        values["expires"] = self.now + self.seconds
        # an older claim of theirs on the same item must not count beside this one
        older = (SLOT.c.build == self.build) & (SLOT.c.sample_id == row.sample_id) & (SLOT.c.holder == self.person.name)
        self.connection.execute(update(SLOT).where(older, SLOT.c.state == "free").values(token=None))
        self.connection.execute(update(SLOT).where(SLOT.c.id == row.id).values(**values))
        hold(self.connection, self.build, self.person.name, row.sample_id, row.id)
        position = {"cursor": row.position} if row.role == "judge" else {}
        self.connection.execute(update(PERSON).where(mine).values(served=served + 1, **position))
        return HeldSlot(row.id, row.sample_id, row.content_hash, row.role, row.position, token, self.now + self.seconds)

    def _free(self, after: int) -> Select[tuple[object, ...]]:
        """The first free slot after this position that is for the person."""
        kept_out = exists().where(
            HOLD.c.build == self.build, HOLD.c.reviewer == self.person.name, HOLD.c.sample_id == SLOT.c.sample_id
        )
        free = and_(SLOT.c.build == self.build, SLOT.c.state == "free", SLOT.c.position > after)
        query = select(SLOT).where(free, SLOT.c.role == "judge", ~kept_out)
        if self.person.lots:
            query = query.where(SLOT.c.lot.in_([lot_code(lot) for lot in self.person.lots]))
        return query.order_by(SLOT.c.position, SLOT.c.number).limit(1)

    def _gold(self, served: int) -> Row[tuple[object, ...]] | None:
        """A slot with a known answer, made for this person, where its turn has come and there is one."""
        drawn = int(digest("gold turn", self.seed, self.person.name, served)[:8], 16) / _SHARES
        if drawn >= self.gold_share:
            return None
        mine = (SLOT.c.build == self.build) & (SLOT.c.holder == self.person.name) & (SLOT.c.role == "gold")
        again = self.connection.execute(select(SLOT).where(mine, SLOT.c.state == "free").limit(1)).first()
        if again is not None:
            return again
        known = exists().where(
            HOLD.c.build == self.build, HOLD.c.reviewer == self.person.name, HOLD.c.sample_id == ITEM.c.sample_id
        )
        is_gold = and_(ITEM.c.build == self.build, ITEM.c.gold.is_not(None), ITEM.c.active)
        query = select(ITEM).where(is_gold, ~known, ITEM.c.gold_by != self.person.name)
        item = self.connection.execute(query.order_by(ITEM.c.position).limit(1)).first()
        if item is None:
            return None
        slot = slot_id(self.build, item.sample_id, item.content_hash, f"gold {self.person.name}")
        lot = lot_code(LotKey(item.outcome, item.source, item.generator))
        values = {"build": self.build, "sample_id": item.sample_id, "content_hash": item.content_hash}
        values |= {"number": -1, "role": "gold", "lot": lot, "position": item.position, "state": "free"}
        self.connection.execute(insert(SLOT).values(id=slot, **values))
        return self.connection.execute(select(SLOT).where(SLOT.c.id == slot)).first()


def slot_id(build: str, sample_id: str, content_hash: str, number: int | str) -> str:
    """The id of a slot: the same whenever the same item is added again."""
    return digest("review slot", build, sample_id, content_hash, number)


def lot_code(lot: LotKey) -> str:
    """A lot in 16 characters, for an index."""
    return digest("lot", lot.outcome, lot.source, lot.generator)[:16]


def sweep(connection: Connection, build: str, now: float) -> list[HeldSlot]:
    """End the claims that have expired. Holder and token stay, so that a late verdict counts where nobody else took the slot."""
    late = (SLOT.c.build == build) & (SLOT.c.state == "held") & (SLOT.c.expires <= now)
    ended = [_held(row) for row in connection.execute(select(SLOT).where(late))]
    if ended:
        connection.execute(update(SLOT).where(late).values(state="free", expires=None))
        _let_go(connection, build, ended)
    return ended


def release(connection: Connection, build: str, name: str) -> list[HeldSlot]:
    """Give back all that a person holds."""
    mine = (SLOT.c.build == build) & (SLOT.c.holder == name) & (SLOT.c.state == "held")
    ended = [_held(row) for row in connection.execute(select(SLOT).where(mine))]
    connection.execute(update(SLOT).where(mine).values(state="free", expires=None))
    _let_go(connection, build, ended)
    return ended


def claimed(connection: Connection, build: str, name: str, token: str) -> HeldSlot:
    """The slot that `name` claimed with `token`, also where the claim expired since and nobody else took it. Raises ClaimLost."""
    mine = (SLOT.c.build == build) & (SLOT.c.holder == name) & (SLOT.c.token == token)
    rows = (
        connection.execute(select(SLOT).where(mine, SLOT.c.state.in_(("held", "free")))) if can_be_kept(token) else None
    )
    row = None if rows is None else rows.first()
    if row is None:
        raise ClaimLost(
            "this item is no longer yours: its claim expired, or it was settled in another window; go on with the next"
        )
    return _held(row)


def close(connection: Connection, build: str, name: str, slot: HeldSlot, declined: str | None = None) -> None:
    """End a claim for good: judged, or declined for a reason, which gives the slot to others."""
    hold(connection, build, name, slot.sample_id, slot.id, closed=True, declined=declined)
    if declined is None:
        values: dict[str, object] = {"state": "done", "expires": None}
    else:
        left = "gone" if slot.role == "gold" else "free"
        values = {"state": left, "holder": None, "token": None, "expires": None}
    connection.execute(update(SLOT).where(SLOT.c.id == slot.id).values(**values))
    if declined is not None:
        set_back(connection, build, (slot.position,))


def reopen(connection: Connection, build: str, name: str, slot: str, expires: float) -> None:
    """Give a judged slot back to who judged it, before all else that they hold; not where its item is in the queue no more."""
    in_queue = exists().where(
        ITEM.c.build == build,
        ITEM.c.sample_id == SLOT.c.sample_id,
        ITEM.c.content_hash == SLOT.c.content_hash,
        ITEM.c.active,
    )
    held = (SLOT.c.build == build) & (SLOT.c.holder == name) & (SLOT.c.state == "held")
    turns = [turn for turn in connection.execute(select(SLOT.c.turn).where(held)).scalars() if turn is not None]
    values = {"state": "held", "holder": name, "token": secrets.token_hex(16), "expires": expires}
    first = min(turns, default=0) - 1
    judged = (SLOT.c.id == slot) & (SLOT.c.state == "done")
    mine = (HOLD.c.build == build) & (HOLD.c.reviewer == name) & (HOLD.c.slot == slot)
    if connection.execute(update(SLOT).where(judged, in_queue).values(turn=first, **values)).rowcount:
        connection.execute(update(HOLD).where(mine).values(closed=False))
    else:
        connection.execute(update(SLOT).where(judged).values(state="gone"))
        connection.execute(delete(HOLD).where(mine))


def vacate(connection: Connection, build: str, slot: str) -> None:
    """Free a judged slot for everybody: what was said under it was taken back elsewhere."""
    position = connection.execute(select(SLOT.c.position).where(SLOT.c.id == slot)).scalar_one()
    values = {"state": "free", "holder": None, "token": None, "expires": None}
    connection.execute(update(SLOT).where(SLOT.c.id == slot).values(**values))
    connection.execute(delete(HOLD).where((HOLD.c.build == build) & (HOLD.c.slot == slot)))
    set_back(connection, build, (position,))


def hold(
    connection: Connection,
    build: str,
    name: str,
    sample_id: str,
    slot: str,
    closed: bool = False,
    declined: str | None = None,
) -> None:
    """Note that a person has this slot of an item, or had it and is done with the item."""
    mine = (HOLD.c.build == build) & (HOLD.c.reviewer == name) & (HOLD.c.sample_id == sample_id)
    values = {"slot": slot, "closed": closed, "declined": declined}
    if not connection.execute(update(HOLD).where(mine).values(**values)).rowcount:
        connection.execute(insert(HOLD).values(build=build, reviewer=name, sample_id=sample_id, **values))


def _let_go(connection: Connection, build: str, ended: Iterable[HeldSlot]) -> None:
    """These slots are free for everybody again, also for who had them."""
    for slot in ended:
        mine = (HOLD.c.build == build) & (HOLD.c.slot == slot.id) & ~HOLD.c.closed
        connection.execute(delete(HOLD).where(mine))
    set_back(connection, build, [slot.position for slot in ended])


def set_back(connection: Connection, build: str, positions: Iterable[int]) -> None:
    """Let everybody look again from the lowest of these positions on, where slots became free."""
    first = min(positions, default=None)
    if first is not None:
        ahead = (PERSON.c.build == build) & (PERSON.c.cursor >= first)
        connection.execute(update(PERSON).where(ahead).values(cursor=first - 1))


def _held(row: Row[tuple[object, ...]]) -> HeldSlot:
    return HeldSlot(row.id, row.sample_id, row.content_hash, row.role, row.position, row.token, row.expires or 0.0)
