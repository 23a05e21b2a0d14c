"""Who knows every outcome beforehand: the fewest samples that meet the goals. For tests and benchmarks. Pure.

In: goals, and of each cell the outcomes of its rows in rank order. Out: how many samples must be begun at least.

As in a build, a cell begins its rows in rank order, so that it begins a prefix. Which prefixes is a mixed-integer programme (by
HiGHS), whose unknowns are, for each row, whether it is begun, which no row is before the one ahead of it in its cell; and how many
rows are kept of each cell and slot, no more than were begun.
"""

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from pipeline.targets.finished import Slot
from pipeline.targets.goals import Cell, Goals


def fewest(goals: Goals, outcomes: Mapping[Cell, Sequence[Slot | None]], gap: float = 0.0) -> int | None:
    """The fewest samples, or, with a `gap` above 0, a bound that lies at most that share below them. None when no prefixes meet the
    goals."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # here, because scipy takes a second to import
    from scipy.sparse import coo_array

    rows = [(cell, n, slot) for cell, slots in sorted(outcomes.items()) for n, slot in enumerate(slots)]
    kinds = sorted({(cell, slot) for cell, _, slot in rows if slot is not None})
    kept = {kind: len(rows) + n for n, kind in enumerate(kinds)}
    entries: list[tuple[int, int, float]] = []  # constraint, unknown, factor
    low: list[float] = []

    def require(factors: Sequence[tuple[int, float]], least: float) -> None:
        entries.extend((len(low), unknown, factor) for unknown, factor in factors)
        low.append(least)

    for i, (_, n, _) in enumerate(rows):
        if n:
            require([(i - 1, 1.0), (i, -1.0)], 0)
    for (cell, slot), unknown in kept.items():
        begun = [(i, 1.0) for i, row in enumerate(rows) if (row[0], row[2]) == (cell, slot)]
        require([*begun, (unknown, -1.0)], 0)
    for slot, limit in goals.quotas.items():
        if limit is not None:
            require([(unknown, 1.0) for kind, unknown in kept.items() if kind[1] == slot], limit)
            require([(unknown, -1.0) for kind, unknown in kept.items() if kind[1] == slot], -limit)
    for category, floor in goals.floors.items():
        mine = [(unknown, 1.0) for (cell, _), unknown in kept.items() if cell.category == category and not cell.rl]
        require(mine, floor)
    at, unknowns, factors = zip(*entries, strict=True)
    size = len(rows) + len(kept)
    solved = milp(
        np.array([1.0] * len(rows) + [0.0] * len(kept)),
        constraints=LinearConstraint(coo_array((factors, (at, unknowns)), shape=(len(low), size)).tocsr(), low, np.inf),
        integrality=np.ones(size),
        bounds=Bounds(0, [1.0] * len(rows) + [np.inf] * len(kept)),
        options={"mip_rel_gap": gap},
    )
    return ceil(solved.mip_dual_bound - 1e-6) if solved.success else None
