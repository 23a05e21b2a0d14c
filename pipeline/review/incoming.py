"""Verdicts from elsewhere: what they may take the place of, and the slot that they fill.

In: a verdict, within a transaction that is the only writer. Out: rows of `review_slot` and `review_hold`; ReviewError for a verdict
that would take back what somebody else said.
"""

from sqlalchemy import Connection, or_, select, update

from pipeline.review import claims, verdicts
from pipeline.review.errors import ReviewError
from pipeline.review.records import HumanVerdict
from pipeline.review.tables import SLOT, VERDICT


def superseded(connection: Connection, build: str, verdict: HumanVerdict, lead: bool) -> str | None:
    """The id of what `verdict` takes the place of: something of the same person on the same sample, or of any lead where it
    counts as a lead's. A settlement that does not count as one here leaves the words of others alone. Raises ReviewError.
    """
    _check_not_foreign(connection, build, verdict)
    if verdict.supersedes == verdict.id:
        raise ReviewError(f"verdict {verdict.id} supersedes itself; correct its field supersedes")
    before = None if verdict.supersedes is None else verdicts.kept(connection, build, verdict.supersedes)
    if before is None:
        return verdict.supersedes
    of_same = before.verdict.reviewer == verdict.reviewer or (lead and before.role == "lead")
    if before.verdict.sample_id == verdict.sample_id and of_same:
        return verdict.supersedes
    if verdict.adjudicates and not lead and before.verdict.sample_id == verdict.sample_id:
        return None
    raise ReviewError(
        f"verdict {verdict.id} of {verdict.reviewer} on sample {verdict.sample_id} supersedes one of {before.verdict.reviewer} on "
        f"sample {before.verdict.sample_id}; a person takes back their own words alone: correct its field supersedes"
    )


def fill(connection: Connection, build: str, verdict: HumanVerdict) -> str | None:
    """The slot of the item that a judge's verdict fills, if there is one: theirs, if they have one, else a free one.

    One that takes back their word frees the slot again, for others, too.
    """
    mine = (SLOT.c.build == build) & (SLOT.c.sample_id == verdict.sample_id) & (SLOT.c.role == "judge")
    theirs = (SLOT.c.holder == verdict.reviewer) & SLOT.c.state.in_(("held", "done"))
    choice = theirs if verdict.withdrawn else or_(theirs, SLOT.c.state == "free")
    slots = connection.execute(select(SLOT).where(mine & choice).order_by(SLOT.c.number)).all()
    # another slot of an item that they have one of is somebody else's
    row = next((row for row in slots if row.state != "free"), slots[0] if slots else None)
    if row is None:
        return None
    if not verdict.withdrawn:
        values = {"state": "done", "holder": verdict.reviewer, "token": None, "expires": None}
        connection.execute(update(SLOT).where(SLOT.c.id == row.id).values(**values))
        claims.hold(connection, build, verdict.reviewer, verdict.sample_id, row.id, closed=True)
    elif row.state == "done" and verdict.supersedes in _standing(connection, build, verdict):
        claims.vacate(connection, build, row.id)
    return str(row.id)


def _standing(connection: Connection, build: str, verdict: HumanVerdict) -> list[str]:
    """What stands of a person's own words on the item."""
    rows = verdicts.standing_on(connection, build, verdict.sample_id)
    return [row.verdict.id for row in rows if row.verdict.reviewer == verdict.reviewer]


def _check_not_foreign(connection: Connection, build: str, verdict: HumanVerdict) -> None:
    """Raises ReviewError where somebody else's verdict came first, and took the place of this one."""
    later = (VERDICT.c.build == build) & (VERDICT.c.supersedes == verdict.id)
    for name in connection.execute(select(VERDICT.c.reviewer).where(later, VERDICT.c.role != "lead")).scalars():
        if name != verdict.reviewer:
            raise ReviewError(
                f"verdict {verdict.id} of {verdict.reviewer} is superseded by one of {name}; a person takes back their own words "
                "alone: correct the field supersedes of that one"
            )
