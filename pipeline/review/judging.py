"""How a verdict enters the review, is corrected, taken back, or settled by a lead.

In: what a person said, within a transaction that is the only writer. Out: rows of verdicts, slots, known answers and the audit log,
all of them or none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from pipeline.review import claims, people, verdicts
from pipeline.review.audit import note
from pipeline.review.errors import ClaimLost, ReviewError
from pipeline.review.incoming import fill, superseded
from pipeline.review.items import read_item
from pipeline.review.records import HumanVerdict, Opinion
from pipeline.review.tables import ITEM
from pipeline.review.texts import can_be_kept
from stages.identity import digest


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of verdicts from elsewhere, by count: taken, there already, about content that the item has no more, and about
    samples that are not in the queue. Those of the last two kinds were not taken.
    """

    taken: int = 0
    known: int = 0
    stale: int = 0
    strange: int = 0


def record(connection: Connection, build: str, verdict: HumanVerdict, token: str, now: float) -> HumanVerdict:
    """Enter a verdict under a claim. The same verdict sent again is entered once. Raises ClaimLost, ReviewError."""
    people.at_work(connection, build, verdict.reviewer)
    verdict = _plain(verdict, verdict.id or digest("verdict", build, verdict.sample_id, token)[:32])
    if verdicts.kept(connection, build, verdict.id) is not None:
        # a browser sends again what it got no answer to
        for row in verdicts.standing_on(connection, build, verdict.sample_id):
            if row.verdict.id == verdict.id and _same(row.verdict, verdict):
                return row.verdict
        raise ClaimLost("a verdict was given under this claim already; take it back, or go on with the next item")
    slot = claims.claimed(connection, build, verdict.reviewer, token)
    if (slot.sample_id, slot.content_hash) != (verdict.sample_id, verdict.content_hash):
        raise ClaimLost(f"this claim is for sample {slot.sample_id}; show the item again")
    verdict = verdicts.checked(verdict, now)
    verdicts.add(connection, build, verdict, "gold" if slot.role == "gold" else "judge", slot.id)
    claims.close(connection, build, verdict.reviewer, slot)
    note(
        connection,
        build,
        now,
        verdict.reviewer,
        "judged",
        verdict.sample_id,
        opinion=verdict.opinion,
        verdict=verdict.id,
    )
    return verdict


def correct(connection: Connection, build: str, verdict: HumanVerdict, now: float) -> HumanVerdict:
    """Enter a verdict in place of one of the same person that stands. Raises ReviewError."""
    people.at_work(connection, build, verdict.reviewer)
    name = verdict.supersedes or ""
    before = verdicts.kept(connection, build, name)
    standing = [] if before is None else verdicts.standing_on(connection, build, before.verdict.sample_id)
    if (
        before is None
        or before.verdict.reviewer != verdict.reviewer
        or name not in {row.verdict.id for row in standing}
    ):
        raise ReviewError(f"verdict {name} is no standing verdict of {verdict.reviewer}; correct the newest one")
    if before.verdict.content_hash != verdict.content_hash or before.verdict.sample_id != verdict.sample_id:
        raise ReviewError(f"verdict {name} is about another item than sample {verdict.sample_id}")
    verdict = replace(verdict, id=verdict.id or digest("correction", name)[:32], adjudicates=before.role == "lead")
    verdict = verdicts.checked(replace(verdict, at="", withdrawn=False), now)
    verdicts.add(connection, build, verdict, before.role, before.slot)
    if before.role == "lead":
        _set_gold(connection, build, verdict.sample_id, verdict.opinion, verdict.reviewer)
    note(
        connection,
        build,
        now,
        verdict.reviewer,
        "corrected",
        verdict.sample_id,
        opinion=verdict.opinion,
        verdict=verdict.id,
    )
    return verdict


def undo(connection: Connection, build: str, name: str, expires: float, now: float) -> HumanVerdict | None:
    """Take back what a person said last; a judge gets the item again, before all others. None where there is nothing left."""
    people.at_work(connection, build, name)
    newest = verdicts.newest_standing(connection, build, name, 1)
    if not newest:
        return None
    row = newest[0]
    verdicts.add(connection, build, verdicts.withdrawal(row.verdict, now), row.role, row.slot)
    if row.role == "lead":
        _set_gold(connection, build, row.verdict.sample_id, None, None)
    if row.slot is not None:
        claims.reopen(connection, build, name, row.slot, expires)
    note(connection, build, now, name, "undone", row.verdict.sample_id, verdict=row.verdict.id)
    return row.verdict


def skip(connection: Connection, build: str, name: str, token: str, reason: str, now: float) -> None:
    """Decline an item for a reason: others get it, and this person never again. Raises ClaimLost, ReviewError."""
    people.at_work(connection, build, name)
    reason = " ".join(reason.split())[:500]
    if not reason or not can_be_kept(reason):
        raise ReviewError("to skip an item, say why")
    slot = claims.claimed(connection, build, name, token)
    claims.close(connection, build, name, slot, declined=reason)
    note(connection, build, now, name, "skipped", slot.sample_id, reason=reason)


def adjudicate(connection: Connection, build: str, verdict: HumanVerdict, now: float) -> HumanVerdict:
    """Settle an item by a lead's word, in place of an earlier one. What it comes to is a known answer from then on.

    Raises ReviewError for who is no lead, and for an item that is not in the queue or has other content.
    """
    if people.at_work(connection, build, verdict.reviewer).place != "lead":
        raise ReviewError(f"{verdict.reviewer}: only a lead settles an item; ask one, or judge it as a reviewer")
    item = read_item(connection, build, verdict.sample_id)
    if item.content_hash != verdict.content_hash:
        raise ReviewError(f"sample {verdict.sample_id} is not what was shown any more; look at it again")
    kept = verdicts.all_on(connection, build, verdict.sample_id)
    before = [row.verdict for row in verdicts.stands(kept) if row.role == "lead"]
    supersedes = before[-1].id if before else None
    name = verdict.id or digest("adjudication", build, verdict.sample_id, len(kept))[:32]
    verdict = replace(verdict, id=name, supersedes=supersedes, adjudicates=True, withdrawn=False, at="")
    if before and _same(replace(before[-1], id=name, supersedes=supersedes), verdict):
        return before[-1]
    verdict = verdicts.checked(verdict, now)
    verdicts.add(connection, build, verdict, "lead", None)
    _set_gold(connection, build, verdict.sample_id, verdict.opinion, verdict.reviewer)
    note(
        connection,
        build,
        now,
        verdict.reviewer,
        "adjudicated",
        verdict.sample_id,
        opinion=verdict.opinion,
        verdict=name,
    )
    return verdict


def take_in(connection: Connection, build: str, given: Iterable[HumanVerdict], by: str, now: float) -> Imported:
    """Enter verdicts from elsewhere, each once by its id. They fill free slots of their items. Raises ReviewError.

    People whom the review does not know are entered without an invitation. Adjudications count as such where their author is a
    lead here.
    """
    counts = {"taken": 0, "known": 0, "stale": 0, "strange": 0}
    known_people = {person.name: person for person in people.everybody(connection, build)}
    for given_verdict in given:
        if not given_verdict.id:
            raise ReviewError(f"a verdict on sample {given_verdict.sample_id[:64]!r} has no id; give each one an id")
        verdict = verdicts.checked(given_verdict, now)
        name = people.checked_name(verdict.reviewer)
        row = connection.execute(
            select(ITEM).where((ITEM.c.build == build) & (ITEM.c.sample_id == verdict.sample_id) & ITEM.c.active)
        ).first()
        fate = "known" if verdicts.kept(connection, build, verdict.id) else "taken"
        fate = fate if row is not None else "strange"
        fate = "stale" if row is not None and row.content_hash != verdict.content_hash else fate
        counts[fate] += 1
        if fate != "taken":
            continue
        if name not in known_people:
            people.enter(connection, build, name, "reviewer", (), None)
            known_people[name] = people.named(connection, build, name)
        lead = verdict.adjudicates and known_people[name].place == "lead"
        supersedes = superseded(connection, build, replace(verdict, reviewer=name), lead)
        entered = replace(verdict, reviewer=name, adjudicates=lead, supersedes=supersedes)
        slot = None if lead else fill(connection, build, entered)
        verdicts.add(connection, build, entered, "lead" if lead else "judge", slot)
    note(connection, build, now, by, "imported", "", **counts)
    return Imported(**counts)


def mark_gold(connection: Connection, build: str, sample_id: str, answer: Opinion | None, by: str, now: float) -> None:
    """Say what the right verdict on an item is, or with None that it is not known. Raises ReviewError."""
    read_item(connection, build, sample_id)
    if answer == "unsure":
        raise ReviewError("a known answer is accept or reject")
    _set_gold(connection, build, sample_id, answer, by)
    note(connection, build, now, by, "gold", sample_id, answer=answer)


def _set_gold(connection: Connection, build: str, sample_id: str, answer: Opinion | None, by: str | None) -> None:
    known = None if answer == "unsure" else answer
    mine = (ITEM.c.build == build) & (ITEM.c.sample_id == sample_id)
    connection.execute(update(ITEM).where(mine).values(gold=known, gold_by=None if known is None else by))


def _plain(verdict: HumanVerdict, name: str) -> HumanVerdict:
    """A verdict as a judge gives it: neither a correction nor a settlement."""
    return replace(verdict, id=name, supersedes=None, adjudicates=False, withdrawn=False, at="")


def _same(one: HumanVerdict, other: HumanVerdict) -> bool:
    return replace(one, at="", taxonomy="", seconds=0.0) == replace(other, at="", taxonomy="", seconds=0.0)
