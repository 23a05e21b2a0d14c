"""The review of a build as everybody uses it: what is asked, who is asked, what they said, and what it comes to.

In: a database by URL, the fingerprint of a build. Out: `ReviewStore`. Each method is one transaction; several processes may use one
database at once. Only one of them writes at a time, so whatever a method returned is there for all.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select

from pipeline.review import audit, claims, judging, people, verdicts
from pipeline.review import items as queue
from pipeline.review.audit import AuditEntry
from pipeline.review.claims import Claiming
from pipeline.review.judging import Imported
from pipeline.review.people import SYSTEM
from pipeline.review.records import GoldAnswer, HumanVerdict, Opinion, Resolution, ReviewItem
from pipeline.review.register import ReviewRegister
from pipeline.review.resolving import for_the_lead
from pipeline.review.tables import HOLD, ITEM


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item that a person may judge until `expires` (seconds since 1970), under `token`."""

    item: ReviewItem
    slot: str
    token: str
    expires: float


@dataclass(frozen=True, slots=True)
class DeclinedItem:
    """Who did not want to judge an item, and why."""

    sample_id: str
    reviewer: str
    reason: str


def open_review(url: str, fingerprint: str, clock: Callable[[], float] = time.time) -> "ReviewStore":
    """The review of the build with this fingerprint; it begins here where there is none. Raises ReviewError."""
    store = ReviewStore(url, fingerprint, clock)
    store.begin()
    return store


class ReviewStore(ReviewRegister):
    """The review of a build: all of the register, and what people are given, say, and come to."""

    def claim(self, name: str) -> Claimed | None:
        """The item that a person is to judge: what they hold already, else the next that is for them; None when there is none."""
        given = self._claims(name, 1)
        return given[0] if given else None

    def ahead(self, name: str, count: int) -> list[Claimed]:
        """The next `count` items after the one that a person is at, claimed for them, so that a page can fetch them early."""
        return self._claims(name, count + 1)[1:]

    def _claims(self, name: str, count: int) -> list[Claimed]:
        """The first `count` slots that a person holds, each for another while from now; free ones are added as needed."""
        with self._writing() as connection:
            self._sweep(connection)
            settings = self._settings(connection)
            person = people.at_work(connection, self.fingerprint, name)
            now = self._clock()
            claiming = Claiming(
                connection, self.fingerprint, person, now, settings.claim_seconds, settings.gold_share, settings.seed
            )
            held = claiming.held()
            while len(held) < count and (slot := claiming.take()) is not None:
                held.append(slot)
                self._note(connection, name, "claimed", slot.sample_id, slot=slot.id)
            items = queue.read_some(connection, self.fingerprint, [slot.sample_id for slot in held[:count]])
            return [Claimed(items[s.sample_id], s.id, s.token, s.expires) for s in held[:count]]

    def _sweep(self, connection: Connection) -> None:
        for slot in claims.sweep(connection, self.fingerprint, self._clock()):
            self._note(connection, SYSTEM, "expired", slot.sample_id, slot=slot.id)

    def record(self, verdict: HumanVerdict, token: str = "") -> HumanVerdict:
        """Enter what a person says of an item under a claim, and give it back as it is kept, with id, time and taxonomy.

        The same verdict sent again is entered once. One that `supersedes` a standing one of the same person needs no claim. Raises
        ClaimLost where the claim is somebody else's by now.
        """
        with self._writing() as connection:
            if verdict.supersedes is not None:
                return judging.correct(connection, self.fingerprint, verdict, self._clock())
            return judging.record(connection, self.fingerprint, verdict, token, self._clock())

    def undo(self, name: str) -> HumanVerdict | None:
        """Take back what a person said last; `claim` gives them that item again, first. None where there is nothing left."""
        with self._writing() as connection:
            expires = self._clock() + self._settings(connection).claim_seconds
            return judging.undo(connection, self.fingerprint, name, expires, self._clock())

    def skip(self, name: str, token: str, reason: str) -> None:
        """Decline an item for a reason: others get it, and this person never again. Raises ClaimLost."""
        with self._writing() as connection:
            judging.skip(connection, self.fingerprint, name, token, reason, self._clock())

    def release_claims(self, name: str) -> int:
        """Give back all that a person holds; returns how many."""
        with self._writing() as connection:
            released = claims.release(connection, self.fingerprint, name)
            for slot in released:
                self._note(connection, name, "released", slot.sample_id, slot=slot.id)
            return len(released)

    def last(self, name: str, count: int) -> list[HumanVerdict]:
        """What a person said last and did not take back, the newest first."""
        with self._reading() as connection:
            rows = verdicts.newest_standing(connection, self.fingerprint, name, count)
            return [row.verdict for row in rows]

    def adjudicate(self, verdict: HumanVerdict) -> HumanVerdict:
        """Settle an item by a lead's word, in place of an earlier one; from then on it is a known answer."""
        with self._writing() as connection:
            return judging.adjudicate(connection, self.fingerprint, verdict, self._clock())

    def mark_gold(self, sample_id: str, answer: Opinion | None, by: str) -> None:
        """Say what the right verdict on an item is, so that it measures those who have not seen it; None: it is not known."""
        with self._writing() as connection:
            judging.mark_gold(connection, self.fingerprint, sample_id, answer, by, self._clock())

    def take_in(self, given: Iterable[HumanVerdict], by: str) -> Imported:
        """Enter verdicts from elsewhere, each once by its id."""
        with self._writing() as connection:
            return judging.take_in(connection, self.fingerprint, given, by, self._clock())

    def resolutions(self) -> Iterator[Resolution]:
        """What the verdicts on each item of the queue come to, in its order; planted items are left out."""
        with self._reading() as connection:
            resolutions = self._memory.resolutions(connection)
        yield from resolutions

    def disputes(self) -> list[Resolution]:
        """What only a lead can settle: items about which judges disagree, or are unsure."""
        return [resolution for resolution in self.resolutions() if for_the_lead(resolution)]

    def verdicts(self) -> list[HumanVerdict]:
        """Everything that was said, in order: also what was taken back, and what was said of known answers."""
        with self._reading() as connection:
            return [row.verdict for row in self._memory.log(connection)]

    def declined(self) -> list[DeclinedItem]:
        """Who skipped what, and why."""
        mine = (HOLD.c.build == self.fingerprint) & HOLD.c.declined.is_not(None)
        with self._reading() as connection:
            rows = connection.execute(select(HOLD).where(mine).order_by(HOLD.c.sample_id, HOLD.c.reviewer))
            return [DeclinedItem(row.sample_id, row.reviewer, row.declined) for row in rows]

    def gold(self) -> dict[str, Opinion]:
        """The known answers by sample."""
        known = (ITEM.c.build == self.fingerprint) & ITEM.c.gold.is_not(None) & ITEM.c.active
        with self._reading() as connection:
            return {row.sample_id: row.gold for row in connection.execute(select(ITEM).where(known))}

    def gold_answers(self) -> list[GoldAnswer]:
        """What people said of items whose answer was known before they were asked, without what they took back."""
        expected = self.gold()
        with self._reading() as connection:
            rows = [row for row in self._memory.log(connection) if row.role == "gold"]
        return [
            GoldAnswer(v.reviewer, v.sample_id, expected[v.sample_id], v.opinion, v.at)
            for v in (row.verdict for row in verdicts.stands(rows))
            if v.sample_id in expected
        ]

    def audit(self, limit: int = 200) -> list[AuditEntry]:
        """What was done, the newest first."""
        with self._reading() as connection:
            return audit.newest(connection, self.fingerprint, limit)

    def __enter__(self) -> Self:
        """This review, closed at the end of the context."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()
