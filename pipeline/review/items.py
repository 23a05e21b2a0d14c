"""The items of a review in its database, and the slots for their verdicts.

In: the items of a draw, all of them, within a transaction that is the only writer. Out: rows of `review_item` and `review_slot`;
items and populations read back. To put the same items again changes nothing; an item that is drawn no more becomes unavailable,
and what was said of it stays.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, union, update

from pipeline.review.claims import lot_code, set_back, slot_id
from pipeline.review.errors import ReviewError
from pipeline.review.records import CellKey, LotKey, LotPopulation, ReviewItem
from pipeline.review.settings import ReviewSettings
from pipeline.review.tables import HOLD, ITEM, POPULATION, SLOT, VERDICT
from pipeline.review.texts import can_be_kept
from stages.identity import digest

_AT_ONCE = 500  # parameters in one statement are limited
_SHARES = 2**32
_COLUMNS = ("build", "sample_id", "content_hash", "outcome", "source", "generator", "category", "margin", "draw")
_OWN = attrgetter(*_COLUMNS, "position", "active", "wanted")  # as `_row` has them


@dataclass(frozen=True, slots=True)
class Added:
    """What a draw changed: items new, changed (their content is another), withdrawn from the queue, back in it, and moved (to
    another cell or draw, or asked of more or fewer people)."""

    new: int
    changed: int
    withdrawn: int
    back: int
    moved: int


def wanted(item: ReviewItem, settings: ReviewSettings) -> int:
    """How many people are asked about an item: by its id, so that no later item changes it. A planted one has no slot of its
    own.
    """
    if item.draw == "gold":
        return 0
    share = int(digest("overlap", settings.seed, item.sample_id)[:8], 16) / _SHARES
    return settings.judges if share < settings.overlap else 1


def put(connection: Connection, build: str, settings: ReviewSettings, items: Sequence[ReviewItem]) -> Added:
    """Make the queue hold these items and no others; planted ones stay. Raises ReviewError when an id comes twice."""
    by_id = {item.sample_id: item for item in items}
    if len(by_id) < len(items):
        raise ReviewError("an item comes twice in a draw; give each sample once")
    before = {row.sample_id: row for row in connection.execute(select(ITEM).where(ITEM.c.build == build))}
    new = [item for item in items if item.sample_id not in before]
    changed = [i for i in items if i.sample_id in before and before[i.sample_id].content_hash != i.content_hash]
    gone = [n for n, row in before.items() if n not in by_id and row.active and row.draw != "gold"]
    back = [item for item in items if item.sample_id in before and not before[item.sample_id].active]
    rows = {item.sample_id: _row(build, item, settings) for item in items}
    _insert(connection, ITEM, [rows[item.sample_id] for item in new])
    other = [n for n, row in before.items() if n in rows and _OWN(row) != tuple(rows[n].values())]
    for name in other:
        connection.execute(update(ITEM).where(_item(build, name)).values(**rows[name]))
    _withdraw(connection, build, gone)
    _renew(connection, build, [item.sample_id for item in changed])
    _fit_slots(connection, build, items, rows)
    known = {item.sample_id for item in (*changed, *back)}
    return Added(len(new), len(changed), len(gone), len(back), len(set(other) - known))


def _row(build: str, item: ReviewItem, settings: ReviewSettings) -> dict[str, Any]:
    lot = item.cell.lot
    return {
        "build": build,
        "sample_id": item.sample_id,
        "content_hash": item.content_hash,
        "outcome": lot.outcome,
        "source": lot.source,
        "generator": lot.generator,
        "category": item.cell.category,
        "margin": item.cell.margin,
        "draw": item.draw,
        "position": item.position,
        "active": True,
        "wanted": wanted(item, settings),
    }


def _withdraw(connection: Connection, build: str, names: Sequence[str]) -> None:
    for some in _chunks(names):
        connection.execute(update(ITEM).where(_items(build, ITEM, some)).values(active=False))
        open_ones = _items(build, SLOT, some) & SLOT.c.state.in_(("free", "held"))
        connection.execute(update(SLOT).where(open_ones).values(state="gone"))
        connection.execute(delete(HOLD).where(_items(build, HOLD, some) & ~HOLD.c.closed))


def _renew(connection: Connection, build: str, names: Sequence[str]) -> None:
    """The content of these items is another: their slots end, and whoever had one may judge the new content."""
    for some in _chunks(names):
        connection.execute(update(SLOT).where(_items(build, SLOT, some)).values(state="gone"))
        connection.execute(delete(HOLD).where(_items(build, HOLD, some)))
        # the known answer was about what is no longer there
        connection.execute(update(ITEM).where(_items(build, ITEM, some)).values(gold=None, gold_by=None))


def _fit_slots(
    connection: Connection, build: str, items: Sequence[ReviewItem], rows: Mapping[str, dict[str, Any]]
) -> None:
    """Give each item as many slots as people are asked about it."""
    there: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(SLOT).where((SLOT.c.build == build) & (SLOT.c.role == "judge"))):
        there[row.sample_id].append(row)
    missing, freed, ended, moved = [], [], [], []
    for item in items:
        values = _slot_values(build, item)
        had = {row.id: row for row in there[item.sample_id]}
        asked = {slot_id(build, item.sample_id, item.content_hash, n): n for n in range(rows[item.sample_id]["wanted"])}
        missing += [
            {"id": name, "number": n, "state": "free", **values} for name, n in asked.items() if name not in had
        ]
        freed += [name for name, row in had.items() if name in asked and row.state == "gone"]
        ended += [name for name, row in had.items() if name not in asked and row.state == "free"]
        place = (values["lot"], values["position"])
        moved += [(name, *place) for name, row in had.items() if (row.lot, row.position) != place]
    _insert(connection, SLOT, missing)
    for some in _chunks(freed):
        connection.execute(update(SLOT).where(SLOT.c.id.in_(some)).values(state="free", holder=None, token=None))
    for some in _chunks(ended):
        connection.execute(update(SLOT).where(SLOT.c.id.in_(some)).values(state="gone"))
    for name, lot, position in moved:
        connection.execute(update(SLOT).where(SLOT.c.id == name).values(lot=lot, position=position))
    if missing or freed or moved:
        set_back(connection, build, (0,))


def _slot_values(build: str, item: ReviewItem) -> dict[str, Any]:
    own = {"build": build, "sample_id": item.sample_id, "content_hash": item.content_hash}
    return {**own, "role": "judge", "lot": lot_code(item.cell.lot), "position": item.position}


def put_populations(connection: Connection, build: str, populations: Sequence[LotPopulation]) -> None:
    """Keep how many rows each cell of each lot has in the build."""
    connection.execute(delete(POPULATION).where(POPULATION.c.build == build))
    rows = [
        {
            "build": build,
            **{name: getattr(cell.lot, name) for name in ("outcome", "source", "generator")},
            "category": cell.category,
            "margin": cell.margin,
            "size": size,
        }
        for lot in populations
        for cell, size in lot.cells.items()
    ]
    _insert(connection, POPULATION, rows)


def touched(connection: Connection, build: str) -> frozenset[str]:
    """The samples of which somebody has or had a slot, or said something."""
    held = select(SLOT.c.sample_id).where((SLOT.c.build == build) & (SLOT.c.state.in_(("held", "done"))))
    judged = select(VERDICT.c.sample_id).where(VERDICT.c.build == build)
    return frozenset(connection.execute(union(held, judged)).scalars())


def read_item(connection: Connection, build: str, sample_id: str) -> Row[Any]:
    """The row of an available item. Raises ReviewError where there is none."""
    known = can_be_kept(sample_id)
    row = connection.execute(select(ITEM).where(_item(build, sample_id) & ITEM.c.active)).first() if known else None
    if row is None:
        raise ReviewError(f"sample {sample_id[:64]!r} is not in this review's queue; look at its list of items")
    return row


def read_some(connection: Connection, build: str, names: Sequence[str]) -> dict[str, ReviewItem]:
    """The items of these few samples by id, also where they are drawn no more."""
    rows = connection.execute(select(ITEM).where(_items(build, ITEM, names)))
    return {row.sample_id: item_of(row) for row in rows}


def read_populations(connection: Connection, build: str) -> list[LotPopulation]:
    """How many rows each lot has in the build, by cell."""
    lots: dict[LotKey, dict[CellKey, int]] = defaultdict(dict)
    for row in connection.execute(select(POPULATION).where(POPULATION.c.build == build)):
        cell = _cell(row)
        lots[cell.lot][cell] = row.size
    return [LotPopulation(key, dict(sorted(cells.items()))) for key, cells in sorted(lots.items())]


def item_of(row: Row[Any]) -> ReviewItem:
    """The item of a row."""
    return ReviewItem(row.sample_id, row.content_hash, _cell(row), row.draw, row.position)


def _cell(row: Row[Any]) -> CellKey:
    return CellKey(LotKey(row.outcome, row.source, row.generator), row.category, row.margin)


def _item(build: str, sample_id: str) -> Any:
    return (ITEM.c.build == build) & (ITEM.c.sample_id == sample_id)


def _items(build: str, table: Table, names: Sequence[str]) -> Any:
    return (table.c.build == build) & table.c.sample_id.in_(names)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    for some in _chunks(rows):
        connection.execute(insert(table), list(some))


def _chunks(things: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
