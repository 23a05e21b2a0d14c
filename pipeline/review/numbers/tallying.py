"""Judged rows, counted by cell, so that any part of the population can be weighted back.

In: populations; items; to each question an answer about each. Out: an `AnswerCount`, and from it the `WeightedShare` of any
choice of cells. Cells have numbers here, for a review of 50,000 items is counted anew for every question.

A lot whose chosen cells were all looked at is weighted cell by cell. While some of them are still without a judged row, its random
sample alone speaks for it, unweighted: that is as true of the cells not seen yet.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.review.numbers.weighting import CellTally, WeightedShare, weighted_share
from pipeline.review.records import CellKey, LotPopulation, ReviewItem

Answer = bool | None | Literal["open"]
"""Yes or no; None where the question does not arise; "open" where nobody answered yet."""
Counts = npt.NDArray[np.int64]
NO, YES, OTHER, OPEN = range(4)
_CODES: dict[Answer, int] = {False: NO, True: YES, None: OTHER, "open": OPEN}


class CodedItems:
    """Items with the numbers of their cells. Planted items, and those of cells the build does not hold, count for none."""

    def __init__(self, populations: Sequence[LotPopulation], items: Iterable[ReviewItem]) -> None:
        self.cells = [key for population in populations for key in population.cells]
        self.sizes = np.array([n for population in populations for n in population.cells.values()], dtype=np.int64)
        self.lots = np.repeat(np.arange(len(populations)), [len(population.cells) for population in populations])
        # plain texts are found ten times as fast as keys
        numbers = {_texts(key): number for number, key in enumerate(self.cells)}
        self._places = np.array(
            [
                -1 if item.draw == "gold" else 2 * numbers.get(_texts(item.cell), -1) + (item.draw == "floor")
                for item in items
            ],
            dtype=np.int64,
        )

    def count(self, answers: Iterable[Answer]) -> "AnswerCount":
        """Count an answer for each item, in their order."""
        return self.count_codes(np.fromiter((_CODES[answer] for answer in answers), np.int64, len(self._places)))

    def count_codes(self, codes: Counts) -> "AnswerCount":
        """As `count`, of `NO`, `YES`, `OTHER` (the question does not arise) and `OPEN`."""
        known = self._places >= 0
        flat = np.bincount(4 * self._places[known] + codes[known], minlength=8 * len(self.cells))
        return AnswerCount(self, flat.reshape(-1, 2, 4))


class AnswerCount:
    """How many rows of each cell answer a question by yes, by no, or are none of its business, of the random sample and beside it.

    `counts[cell, beside, answer]`.
    """

    def __init__(self, items: CodedItems, counts: Counts) -> None:
        self.items, self.counts = items, counts

    def numbers(self, cells: Collection[CellKey] | None = None) -> Counts:
        """The numbers of these cells; of all."""
        chosen = [number for number, key in enumerate(self.items.cells) if cells is None or key in cells]
        return np.array(chosen, dtype=np.int64)

    def share(self, chosen: Counts | None = None) -> WeightedShare:
        """The weighted share of yes among yes and no in the cells with these numbers, by default in all."""
        chosen = self.numbers() if chosen is None else chosen
        lots = self.items.lots[chosen]
        tallies: list[CellTally] = []
        known = 0
        for lot in np.unique(lots):
            cells = chosen[lots == lot]
            own = self._tallies(cells)
            tallies += own
            known += int(self.items.sizes[cells].sum()) if own else 0
        asked = int(self.items.sizes[chosen].sum())
        return weighted_share(tallies, known / asked if asked else 1.0)

    def _tallies(self, cells: Counts) -> list[CellTally]:
        sizes, judged = self.items.sizes[cells], self.counts[cells, :, :OPEN]
        each = judged.sum(axis=1)
        if each.sum(axis=1).all():
            return [_tally(size, *counts) for size, counts in zip(sizes.tolist(), each.tolist(), strict=True)]
        drawn = judged[:, 0].sum(axis=0).tolist()
        return [_tally(int(sizes.sum()), *drawn)] if sum(drawn) else []


def _tally(size: int, no: int, yes: int, other: int) -> CellTally:
    # a row of which the build knows nothing any more may have been judged
    return CellTally(max(size, yes + no + other), yes + no + other, yes, no)


def _texts(key: CellKey) -> tuple[str, str, str, str, str]:
    return key.lot.outcome, key.lot.source, key.lot.generator, key.category, key.margin
