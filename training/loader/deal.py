"""Who reads what: the rows of an epoch that are still to be read, dealt to streams (world x workers) of equal length.

In: spans of positions in the epoch's order, and the numbers of ranks and of workers. Out: each stream's spans. All streams have the
same number of rows, so ranks that step together end together, and batches come from workers in a fixed turn. What does not divide
evenly, fewer rows than there are streams, is the remainder:

- `drop`: it is not read in this epoch (the order changes with each epoch, so it is other rows each time);
- `pad`: streams that are a row short read one that another stream has, marked as padding: it counts for nothing;
- `wrap`: the same rows, as full rows: up to streams - 1 rows are trained twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Remainder = Literal["drop", "pad", "wrap"]
Span = tuple[int, int]
"""Positions in the epoch's order: the first, and the one behind the last."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Positions that a stream reads in a row; `padding` where another stream reads them, too, and they must not count."""

    start: int
    stop: int
    padding: bool


@dataclass(frozen=True, slots=True)
class Deal:
    """The spans `left`, dealt to `world` ranks with `workers` workers each (1 where the rank itself reads)."""

    left: tuple[Span, ...]
    world: int
    workers: int
    remainder: Remainder

    @property
    def rows(self) -> int:
        """How many rows were left when this was dealt."""
        return sum(stop - start for start, stop in self.left)

    @property
    def length(self) -> int:
        """How many rows each stream has."""
        streams = self.world * self.workers
        return self.rows // streams if self.remainder == "drop" else -(-self.rows // streams)

    def portions(self, rank: int, worker: int, given: int) -> Iterator[Portion]:
        """What the stream reads after its first `given` rows."""
        first = (rank * self.workers + worker) * self.length
        at, end = first + given, first + self.length
        while at < end and self.rows:
            padding = at >= self.rows
            place = at % self.rows
            stop = min(place + end - at, self.rows)
            yield from (Portion(*span, padding and self.remainder == "pad") for span in cut(self.left, place, stop))
            at += stop - place

    def left_after(self, given: Sequence[Sequence[int]]) -> tuple[Span, ...]:
        """The spans that nobody has read once each stream (by rank, by worker) has given out so many rows."""
        counts = [rows for ranks in given for rows in ranks]
        heads = [(n * self.length, n * self.length + rows) for n, rows in enumerate(counts)]
        stops = [start for start, _ in heads[1:]] + [self.rows]
        tails = ((min(head, self.rows), min(stop, self.rows)) for (_, head), stop in zip(heads, stops, strict=True))
        return tuple(joined(span for start, stop in tails for span in cut(self.left, start, stop)))


def cut(spans: Sequence[Span], start: int, stop: int) -> Iterator[Span]:
    """The part of `spans` from their row number `start` to `stop`, counted over all of them as they stand."""
    before = 0
    for first, last in spans:
        low, high = max(start - before, 0), min(stop - before, last - first)
        if low < high:
            yield first + low, first + high
        before += last - first


def joined(spans: Iterator[Span]) -> Iterator[Span]:
    """`spans` with neighbours that touch made one."""
    kept: Span | None = None
    for start, stop in spans:
        if kept and kept[1] == start:
            kept = kept[0], stop
            continue
        if kept:
            yield kept
        kept = start, stop
    if kept:
        yield kept
