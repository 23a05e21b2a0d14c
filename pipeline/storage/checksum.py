"""The checksum of a row: says whether what the database gives back is what was written.

In: the columns of a row, by name. Out: the same with `checksum` set; or whether a row read back still has the one it was written
with. A row without a checksum was written before rows had one: it passes, and `x2i verify` counts it.
"""

from collections.abc import Mapping
from typing import Any

from stages.identity import digest

COLUMN = "checksum"
LENGTH = 16  # hex digits: damage is by chance, so 64 bits are plenty
# the number of a try is given by the database, in the statement that writes the row
_BEYOND = (COLUMN, "try")


def seal(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """`row` of `table` with its checksum."""
    return {**row, COLUMN: _checksum(table, row)}


def is_whole(table: str, row: Mapping[Any, Any]) -> bool:
    """False when `row`, all columns of one row of `table`, is not what was written; True where it has no checksum."""
    written = row.get(COLUMN)
    try:
        return written is None or written == _checksum(table, row)
    except TypeError:  # damage turned a text into bytes
        return False


def _checksum(table: str, row: Mapping[Any, Any]) -> str:
    # Empty columns are left out: a column that a later version adds must not change the checksums of the rows that lack it.
    columns = sorted((name, value) for name, value in row.items() if name not in _BEYOND and value is not None)
    return digest(table, [[name, value] for name, value in columns])[:LENGTH]
