"""The cheapest mix of cells that is expected to meet the goals, at given yields: a linear programme.

In: goals, the rows at hand, stocks, yields. Out: `Mix`: samples to begin of each cell, and what the rows it gives are worth.

    minimise      sum of begun[cell] + DEAREST * (lacking rows of quotas and of floors)
    where         kept[category, slot] <= at hand[category, slot] + sum over cells of begun[cell] * yield[cell, slot]
                  sum over categories of kept[., slot]  = quota[slot] - lacking[slot]
                  sum over modes of kept[category, .] >= floor[category] - lacking[category]
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.targets.finished import Slot
from pipeline.targets.goals import Cell, Goals, Kind, Stock
from pipeline.targets.yields import Floats

DEAREST = 1000.0
"""Samples that one more kept row may take; a goal that would take more counts as one that cannot be met."""


@dataclass(frozen=True)
class Mix:
    """`begun`: samples to begin of each cell. `worth`: by cell and slot, the samples that one row of it saves, 0 where it is of no
    use. `lacking`: rows that the goals would lack even so."""

    begun: Mapping[Cell, float]
    worth: Mapping[Cell, Floats]
    lacking: float


@dataclass(frozen=True)
class Mixing:
    """What stays the same from one set of yields to the next. `at_hand`: rows that can be kept, `must`: those that stay kept;
    `slots` of each cell as its yields have them."""

    goals: Goals
    at_hand: Mapping[Kind, int]
    must: Mapping[Kind, int]
    stocks: Mapping[Cell, Stock]
    slots: Mapping[Cell, tuple[Slot, ...]]

    def solve(self, yields: Mapping[Cell, Floats]) -> Mix:
        """The cheapest mix at these yields. Raises RuntimeError where the solver gives up."""
        from scipy.optimize import linprog  # here, because scipy takes a second to import

        matrix = self._frame.copy()
        for column, cell in enumerate(self._cells, len(self._kinds)):
            for slot, share in zip(self.slots[cell], yields[cell], strict=True):
                matrix[self._place[self._kind(cell.category, slot)], column] = -share
        solved = linprog(self._costs, matrix, self._limits, bounds=self._bounds, method="highs")
        if not solved.success:
            raise RuntimeError(f"no mix of cells found: {solved.message}")
        first, after = len(self._kinds), len(self._kinds) + len(self._cells)
        saved = -np.asarray(solved.ineqlin.marginals)
        worth = {
            cell: np.array([saved[self._place[self._kind(cell.category, slot)]] for slot in self.slots[cell]])
            for cell in self._cells
        }
        return Mix(
            dict(zip(self._cells, map(float, solved.x[first:after]), strict=True)), worth, float(solved.x[after:].sum())
        )

    def _kind(self, category: str, slot: Slot) -> Kind:
        """Categories without a floor are all alike."""
        return (category if self.goals.floors.get(category) and slot in self.goals.modes else "", slot)

    def _merge(self, rows: Mapping[Kind, int]) -> Counter[Kind]:
        merged: Counter[Kind] = Counter()
        for (category, slot), n in rows.items():
            merged[self._kind(category, slot)] += n
        return merged

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(sorted(cell for cell, stock in self.stocks.items() if stock.most > 0))

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        named = [(category, mode) for category in self._floors for mode in self.goals.modes]
        return (*named, *(("", slot) for slot in self.goals.quotas))

    @cached_property
    def _place(self) -> dict[Kind, int]:
        return {kind: n for n, kind in enumerate(self._kinds)}

    @cached_property
    def _floors(self) -> dict[str, int]:
        return {category: floor for category, floor in sorted(self.goals.floors.items()) if floor}

    @cached_property
    def _quotas(self) -> dict[Slot, int]:
        return {slot: limit for slot, limit in self.goals.quotas.items() if limit is not None}

    @cached_property
    def _costs(self) -> Floats:
        lacking = len(self._quotas) + len(self._floors)
        return np.array([0.0] * len(self._kinds) + [1.0] * len(self._cells) + [DEAREST] * lacking)

    @cached_property
    def _frame(self) -> Floats:
        """All rows of the programme but for the yields: availability, quotas from above, quotas and floors from below."""
        first_lack = len(self._kinds) + len(self._cells)
        kept = np.eye(len(self._kinds), len(self._costs))
        above = np.array([self._sum(slot == k[1] for k in self._kinds) for slot in self._quotas])
        below = -np.array(
            [*above, *(self._sum(category == k[0] for k in self._kinds) for category in self._floors)]
        ).reshape(-1, len(self._costs))
        below[:, first_lack:] = -np.eye(len(below))
        return np.vstack([kept, above.reshape(-1, len(self._costs)), below])

    def _sum(self, members: Iterable[bool]) -> Floats:
        row = np.zeros(len(self._costs))
        row[: len(self._kinds)] = list(members)
        return row

    @cached_property
    def _limits(self) -> Floats:
        at_hand, must = self._merge(self.at_hand), Counter[Slot]()
        for (_, slot), n in self.must.items():
            must[slot] += n
        wanted = [*self._quotas.values(), *self._floors.values()]
        # earlier goals may have let the rollouts of one row exceed a quota
        room = [max(limit, must[slot]) for slot, limit in self._quotas.items()]
        return np.array([*(at_hand[kind] for kind in self._kinds), *room, *(-n for n in wanted)], dtype=float)

    @cached_property
    def _bounds(self) -> list[tuple[float, float | None]]:
        must = self._merge(self.must)
        caps = [self.stocks[cell].most * self.stocks[cell].rollouts for cell in self._cells]
        lacking = len(self._quotas) + len(self._floors)
        return [
            *((float(must[kind]), None) for kind in self._kinds),
            *((0.0, None if cap == float("inf") else cap) for cap in caps),
            *[(0.0, None)] * lacking,
        ]
