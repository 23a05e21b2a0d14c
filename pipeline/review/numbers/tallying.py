"""Judged rows, counted by cell, so that any part of the population can be weighted back.

In: populations; judged items, each with the answer to one question. Out: an `AnswerCount`, and from it the `WeightedShare` of any
choice of cells.

A lot whose chosen cells were all looked at is weighted cell by cell. While some of them are still without a judged row, its random
sample alone speaks for it, unweighted: that is as true of the cells not seen yet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.review.numbers.weighting import CellTally, WeightedShare, weighted_share
from pipeline.review.records import CellKey, LotPopulation, ReviewItem

Answered = tuple[ReviewItem, bool | None]
"""A judged item with the answer to a question about it; None where the question does not arise."""


@dataclass
class AnswerCount:
    """How many judged rows of each cell answer a question by yes, by no, or are none of its business."""

    populations: Sequence[LotPopulation]
    drawn: dict[CellKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    added: dict[CellKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(self, answered: Iterable[Answered]) -> "AnswerCount":
        """Count these as well. Planted items are left out: they are no sample of anything."""
        for item, answer in answered:
            if item.draw != "gold":
                counts = self.added if item.draw == "floor" else self.drawn
                counts[item.cell][2 if answer is None else int(answer)] += 1
        return self

    def share(self, wanted: Callable[[CellKey], bool] = lambda _: True) -> WeightedShare:
        """The weighted share of yes among yes and no, in the cells that are wanted."""
        tallies: list[CellTally] = []
        known = asked = 0
        for population in self.populations:
            cells = [key for key in population.cells if wanted(key)]
            size = sum(population.cells[key] for key in cells)
            own = self._tallies(population, cells, size)
            tallies += own
            asked += size
            known += size if own else 0
        return weighted_share(tallies, known / asked if asked else 1.0)

    def _tallies(self, population: LotPopulation, cells: Sequence[CellKey], size: int) -> list[CellTally]:
        all_of = {key: [a + b for a, b in zip(self.drawn[key], self.added[key], strict=True)] for key in cells}
        if all(map(sum, all_of.values())):
            return [_tally(population.cells[key], counts) for key, counts in all_of.items()]
        counts = [sum(column) for column in zip(*(self.drawn[key] for key in cells), strict=True)]
        return [_tally(size, counts)] if sum(counts) else []


def _tally(size: int, counts: Sequence[int]) -> CellTally:
    no, yes, other = counts
    # a row of which the build knows nothing any more may have been judged
    return CellTally(max(size, yes + no + other), yes + no + other, yes, no)
