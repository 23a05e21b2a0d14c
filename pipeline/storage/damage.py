"""Damaged rows: found by their checksums, and by reading them; and what is done about them.

In: a connection to the database of a run. Out: the rows that are not what was written, named; the database without them. An outcome
or an answer that is damaged is deleted: the sample climbs again, the call is made again. A row of the ledger or an open call stays,
as it is, because the money was spent: it gets the checksum of what it says now.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    inspect,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)

from pipeline.errors import RunStopped
from pipeline.storage import checksum, entries
from pipeline.storage.batch import OUTCOMES
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.entries import HITS, JOURNAL
from pipeline.storage.ledger import LEDGER
from stages.trajectory import VERSION, load

_PARTS = 500  # rows in memory
_NUMBER = "x2i_number"


@dataclass(frozen=True)
class DamagedRow:
    """A row of `table` that is not what was written. `name`: what it holds, in words. `sample`: the id of an outcome's sample."""

    table: Table
    row: Mapping[Any, Any]
    name: str
    sample: str | None = None

    @property
    def place(self) -> ColumnElement[bool]:
        """The condition that is true of this row alone."""
        # by its number where SQLite gives one: its own key may be what is damaged
        if _NUMBER in self.row:
            number: ColumnElement[Any] = literal_column("rowid", BigInteger)
            return number == bindparam(None, self.row[_NUMBER])
        return and_(*(column == self.row[column.name] for column in self.table.primary_key.columns))

    @property
    def deletable(self) -> bool:
        """True where nothing is lost with it that could not be had again."""
        return self.table in (OUTCOMES, JOURNAL)


def find_damage(connection: Connection, run: str | None = None) -> Iterator[DamagedRow]:
    """Every damaged row of the database, or those that `run` uses. Raises sqlalchemy.exc.SQLAlchemyError."""
    for table in (OUTCOMES, JOURNAL, LEDGER, OPEN_CALLS):
        for row in _read(connection, table, run):
            if not checksum.is_whole(table.name, _columns(row)) or not _can_be_read(table, _columns(row)):
                yield _name(table, row)


def count_unchecked(connection: Connection, run: str | None = None) -> int:
    """How many rows have no checksum: an older version wrote them."""
    count = 0
    for table in (OUTCOMES, JOURNAL, LEDGER, OPEN_CALLS):
        columns = {column["name"] for column in inspect(connection).get_columns(table.name)}
        query = select(func.count()).select_from(table).where(_used_by(table, run))
        if checksum.COLUMN in columns:
            query = query.where(table.c[checksum.COLUMN].is_(None))
        count += int(connection.execute(query).scalar() or 0)
    return count


def mend(connection: Connection, damaged: DamagedRow) -> None:
    """Delete the row, or take it as it is. Raises sqlalchemy.exc.SQLAlchemyError."""
    if damaged.deletable:
        connection.execute(delete(damaged.table).where(damaged.place))
    else:
        sealed = checksum.seal(damaged.table.name, _columns(damaged.row))
        new = {checksum.COLUMN: sealed[checksum.COLUMN]}
        connection.execute(update(damaged.table).where(damaged.place).values(new))


def _read(connection: Connection, table: Table, run: str | None) -> Iterator[Mapping[Any, Any]]:
    # every column there is: a database of an older version, which is only looked at, lacks the newest
    columns = text(f"rowid AS {_NUMBER}, *" if connection.dialect.name == "sqlite" else "*")
    query = select(columns).select_from(table).where(_used_by(table, run))
    rows = connection.execute(query, execution_options={"yield_per": _PARTS})
    for part in rows.mappings().partitions():
        yield from part


def _columns(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != _NUMBER}


def _used_by(table: Table, run: str | None) -> ColumnElement[bool]:
    if run is None:
        return true()
    if table is not JOURNAL:
        return table.c.run == run
    sent, replayed = (select(t.c.call_key).where(t.c.run == run) for t in (LEDGER, HITS))
    return or_(JOURNAL.c.call_key.in_(sent), JOURNAL.c.call_key.in_(replayed))


def _can_be_read(table: Table, row: Mapping[Any, Any]) -> bool:
    try:
        if table is JOURNAL:
            entries.load_entry(row)
        elif table is OUTCOMES and json.loads(row["trajectory"])["version"] == VERSION:
            load(row["trajectory"])  # an outcome of another version belongs to another run, and is not damaged for that
    except (ValueError, TypeError, LookupError, RunStopped):
        return False
    return True


def _name(table: Table, row: Mapping[Any, Any]) -> DamagedRow:
    if table is OUTCOMES:
        return DamagedRow(table, row, f"the outcome of sample {row['id']}", str(row["id"]))
    if table is JOURNAL:
        return DamagedRow(table, row, f"the answer to call {row['call_key']}")
    if table is LEDGER:
        return DamagedRow(table, row, f"the ledger's row of try {row['try']} of call {row['call_key']}")
    return DamagedRow(table, row, f"the open call {row['id']}")
