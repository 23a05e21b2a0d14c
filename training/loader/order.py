"""The order of an epoch: every row once, from a seed.

In: how many rows each unit (row group) has, a seed, the number of the epoch, what is shuffled. Out: which row of which unit stands
at a position, 0 to rows - 1. Units stay together, so one is read at a time; there is no buffer, so nothing is lost when reading
stops. Hashes draw the order: it is the same in every version of Python and NumPy.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Literal

Shuffle = Literal["rows", "units", "none"]
"""`rows`: row groups, and the rows in each. `units`: row groups only. `none`: as they lie in the files."""


class EpochOrder:
    """One epoch of units with `rows` rows each."""

    def __init__(self, rows: Sequence[int], seed: int, epoch: int, shuffle: Shuffle) -> None:
        self._rows, self._draw, self._shuffle = rows, f"{seed}/{epoch}", shuffle
        everything = list(range(len(rows)))
        self._units = everything if shuffle == "none" else _shuffled(everything, f"{self._draw}/units")
        self._starts = [0, *accumulate(rows[unit] for unit in self._units)]

    def reads(self, start: int, stop: int) -> Iterator[tuple[int, list[int]]]:
        """The units to read for the positions `start` to `stop` (exclusive), in order, each with the rows wanted of it."""
        for at, unit in enumerate(self._units):
            first, last = max(start, self._starts[at]), min(stop, self._starts[at + 1])
            if first < last:
                yield unit, self._within(unit)[first - self._starts[at] : last - self._starts[at]]

    def _within(self, unit: int) -> list[int]:
        rows = list(range(self._rows[unit]))
        return _shuffled(rows, f"{self._draw}/{unit}") if self._shuffle == "rows" else rows


def _shuffled(numbers: list[int], draw: str) -> list[int]:
    return sorted(numbers, key=lambda number: blake2b(f"{draw}/{number}".encode(), digest_size=8).digest())
