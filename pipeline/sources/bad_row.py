"""The one error of a source row. In: what is wrong and what to do about it. Out: one line, file and row first."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass
class BadRow(Exception):
    """A row that cannot become a sample: it fails alone, the run goes on. `rest` holds the columns that could be read."""

    field: str
    problem: str
    remedy: str
    rest: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def line(self, file: str, row: int) -> str:
        """`FILE: row N: FIELD: problem; remedy`, on one line whatever the values hold."""
        return " ".join(f"{file}: row {row}: {self.field}: {self.problem}; {self.remedy}".split())

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}; {self.remedy}"


def shown(value: object) -> str:
    """A value as a line may quote it: escaped, and short."""
    text = repr(value[:60]) if isinstance(value, str | bytes) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
