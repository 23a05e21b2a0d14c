"""What a review asks and whom: settings, items and people, in the database.

In: a database by URL, the fingerprint of a build. Out: `ReviewRegister`, which `pipeline.review.store` completes. Each method is
one transaction; several processes may use one database at once, of which one writes at a time.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from pipeline.review import audit, claims, people
from pipeline.review import items as queue
from pipeline.review.database import open_database, writing
from pipeline.review.items import Added
from pipeline.review.memory import ReviewMemory
from pipeline.review.people import SYSTEM, ReviewPerson
from pipeline.review.records import (
    LotKey,
    LotPopulation,
    Place,
    ReviewItem,
)
from pipeline.review.settings import ReviewSettings
from pipeline.review.tables import BUILD
from stages.identity import digest


@dataclass(frozen=True, slots=True)
class FrameState:
    """The frame that the items were drawn from: its hash, and whether the build is finished, so that it changes no more."""

    hash: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class ReviewDraw:
    """What is to be reviewed: all items, and how many rows of each lot they stand for."""

    items: Sequence[ReviewItem]
    populations: Sequence[LotPopulation]


class ReviewRegister:
    """What is asked and who is asked, in the review of a build. `clock` gives the time in seconds since 1970.

    Every method raises ReviewError for what cannot be done, with one line that says why, and sqlalchemy.exc.SQLAlchemyError where
    the database fails.
    """

    def __init__(self, url: str, fingerprint: str, clock: Callable[[], float] = time.time) -> None:
        self.fingerprint = fingerprint
        self._engine = open_database(url)
        self._clock = clock
        self._memory = ReviewMemory(fingerprint)

    def begin(self) -> None:
        """Enter the build with default settings where it is not there yet."""
        mine = select(BUILD.c.build).where(BUILD.c.build == self.fingerprint)
        with self._engine.connect() as connection:
            if connection.execute(mine).first():
                return
        with self._writing() as connection:
            if not connection.execute(mine).first():
                settings = json.dumps(ReviewSettings().as_dict())
                values = {
                    "build": self.fingerprint,
                    "settings": settings,
                    "frame_hash": "",
                    "frozen": False,
                    "drawn_by": "",
                    "revision": 0,
                }
                connection.execute(insert(BUILD).values(**values))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with writing(self._engine, self.fingerprint) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    # ---- what is asked

    def settings(self) -> ReviewSettings:
        """How items are drawn and judged."""
        with self._reading() as connection:
            return self._settings(connection)

    def _settings(self, connection: Connection) -> ReviewSettings:
        mine = select(BUILD.c.settings).where(BUILD.c.build == self.fingerprint)
        return ReviewSettings.from_dict(json.loads(connection.execute(mine).scalar_one()))

    def configure(self, settings: ReviewSettings, by: str = SYSTEM) -> None:
        """Change the settings. Items follow at the next draw."""
        with self._writing() as connection:
            before = self._settings(connection).as_dict()
            after = settings.as_dict()
            changes = {name: value for name, value in after.items() if before[name] != value}
            if changes:
                mine = BUILD.c.build == self.fingerprint
                connection.execute(update(BUILD).where(mine).values(settings=json.dumps(after)))
                self._note(connection, by, "configured", **changes)

    def add_items(
        self, items: Sequence[ReviewItem], populations: Sequence[LotPopulation], frame_hash: str, frozen: bool
    ) -> Added:
        """Make the queue hold these items and no others. The same ones again change nothing; what is drawn no more is
        unavailable.
        """
        return self.redraw(lambda _settings, _seen: ReviewDraw(items, populations), frame_hash, frozen)

    def redraw(
        self,
        draw: Callable[[ReviewSettings, frozenset[str]], ReviewDraw],
        frame_hash: str,
        frozen: bool,
        stamp: str = "",
    ) -> Added:
        """As `add_items`, with what `draw` makes of the settings and of the ids that somebody holds or has judged. `stamp` is that
        of the finished build which was drawn from.
        """
        with self._writing() as connection:
            settings = self._settings(connection)
            drawing = draw(settings, queue.touched(connection, self.fingerprint))
            added = queue.put(connection, self.fingerprint, settings, drawing.items)
            changed = any(asdict(added).values())
            if queue.read_populations(connection, self.fingerprint) != list(drawing.populations):
                queue.put_populations(connection, self.fingerprint, drawing.populations)
                changed = True
            mine = BUILD.c.build == self.fingerprint
            before = connection.execute(select(BUILD).where(mine)).one()
            if changed or (before.frame_hash, before.frozen) != (frame_hash, frozen):
                self._note(connection, SYSTEM, "drawn", frame=frame_hash, frozen=frozen, **asdict(added))
            values = {"frame_hash": frame_hash, "frozen": frozen, "drawn_by": _drawn_by(stamp, settings)}
            connection.execute(update(BUILD).where(mine).values(revision=BUILD.c.revision + int(changed), **values))
            return added

    def is_drawn_by(self, stamp: str) -> bool:
        """Whether the items were drawn from the finished build with this stamp, by the settings of now."""
        with self._reading() as connection:
            row = connection.execute(select(BUILD.c.drawn_by).where(BUILD.c.build == self.fingerprint)).one()
            return bool(stamp) and row.drawn_by == _drawn_by(stamp, self._settings(connection))

    def frame(self) -> FrameState:
        """Which frame the items were drawn from."""
        with self._reading() as connection:
            row = connection.execute(select(BUILD).where(BUILD.c.build == self.fingerprint)).one()
            return FrameState(row.frame_hash, row.frozen)

    def items(self) -> list[ReviewItem]:
        """The items of the queue, in its order."""
        with self._reading() as connection:
            return self._memory.items(connection)

    def item(self, sample_id: str) -> ReviewItem:
        """The item of a sample. Raises ReviewError where it is not in the queue."""
        with self._reading() as connection:
            return queue.item_of(queue.read_item(connection, self.fingerprint, sample_id))

    def populations(self) -> list[LotPopulation]:
        """How many rows of each lot the build has."""
        with self._reading() as connection:
            return queue.read_populations(connection, self.fingerprint)

    # ---- who is asked

    def invite(self, name: str, place: Place, lots: Sequence[LotKey] = (), by: str = SYSTEM) -> str:
        """The token of a link that works once. To invite somebody anew ends their sessions and their older link."""
        token = people.new_token()
        with self._writing() as connection:
            name = people.checked_name(name)
            people.enter(connection, self.fingerprint, name, place, lots, token)
            self._note(connection, by, "invited", name, place=place, lots=[asdict(lot) for lot in lots])
        return token

    def redeem(self, invitation: str) -> str | None:
        """The token of a new session for an invitation, which is used up by this; None for one that is used, revoked or none."""
        with self._writing() as connection:
            redeemed = people.redeem(connection, self.fingerprint, invitation)
            if redeemed is None:
                return None
            self._note(connection, redeemed[0], "joined")
            return redeemed[1]

    def person(self, session: str) -> ReviewPerson | None:
        """Whose session it is, by the token that `redeem` gave; None when it is nobody's any more."""
        with self._reading() as connection:
            return people.by_session(connection, self.fingerprint, session)

    def people(self) -> list[ReviewPerson]:
        """Everybody, by name, the revoked ones, too."""
        with self._reading() as connection:
            return people.everybody(connection, self.fingerprint)

    def revoke(self, name: str, by: str = SYSTEM) -> None:
        """End a person's part: sessions, link and claims. What they said stays."""
        with self._writing() as connection:
            people.named(connection, self.fingerprint, name)
            people.revoke(connection, self.fingerprint, name)
            claims.release(connection, self.fingerprint, name)
            self._note(connection, by, "revoked", name)

    def assign(self, name: str, lots: Sequence[LotKey], by: str = SYSTEM) -> None:
        """Ask a person about these lots alone from now on; about all where none are named."""
        with self._writing() as connection:
            people.named(connection, self.fingerprint, name)
            people.assign(connection, self.fingerprint, name, lots)
            self._note(connection, by, "assigned", name, lots=[asdict(lot) for lot in lots])

    def save_keys(self, name: str, keys: Mapping[str, str]) -> None:
        """Keep a person's own keys, by action."""
        with self._writing() as connection:
            people.named(connection, self.fingerprint, name)
            people.save_keys(connection, self.fingerprint, name, keys)
            self._note(connection, name, "keys", name, keys=dict(keys))

    def save_entry(self, name: str, right: int, asked: int) -> None:
        """Keep how many answers of the entry test a person got right, and of how many."""
        with self._writing() as connection:
            people.named(connection, self.fingerprint, name)
            people.save_entry(connection, self.fingerprint, name, right, asked)
            self._note(connection, name, "entry test", name, right=right, asked=asked)

    def _note(self, connection: Connection, who: str, what: str, about: str = "", **details: object) -> None:
        audit.note(connection, self.fingerprint, self._clock(), who, what, about, **details)


def _drawn_by(stamp: str, settings: ReviewSettings) -> str:
    return digest(stamp, json.dumps(settings.as_dict(), sort_keys=True)) if stamp else ""
