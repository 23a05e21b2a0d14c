"""The only error of a source row, and where a row stands. In: what is wrong and what to do about it. Out: one line that begins
with file and row.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: row `row` of `file`, and the `number`-th of its source; both from 1, alike in the first file."""

    file: str
    row: int
    number: int


@dataclasses.dataclass
class BadRow(Exception):
    """A row that cannot become a sample. It fails alone: the run goes on. `rest` holds its columns that could be read."""

    field: str
    problem: str
    remedy: str
    rest: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def line(self, place: Place) -> str:
        """`FILE: row N: FIELD: problem; remedy`, on one line whatever the values hold."""
        return " ".join(f"{place.file}: row {place.row}: {self.field}: {self.problem}; {self.remedy}".split())

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}; {self.remedy}"


def quote(value: object) -> str:
    """A value as an error line quotes it: escaped, and at most 60 characters long."""
    text = repr(value[:60]) if isinstance(value, str | bytes) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
