"""A sequential plan: judge rows one by one, and stop as soon as the lot is clearly good or clearly bad. An option.

In: a good and a limiting share of wrong rows, the two risks. Out: a `SequentialPlan` (A. Wald, "Sequential Analysis", 1947),
truncated, with its exact risks and mean number of rows, and bounds that hold at its stop. It takes about half as many rows as a
single sample of the same risks. A Wilson interval at its stop would be wrong: the stop depends on what was found (`bounds`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.review.numbers.plans import two_point

Stop = tuple[int, int]
"""Where a plan stops: after how many rows, and how many of them are wrong."""
_NEVER = 10**9


@dataclass(frozen=True)
class SequentialPlan:
    """Accept when at most `accept[n]` of the first `n` rows are wrong, reject when at least `reject[n]` are; index 0 is unused.

    Below 0 nothing is accepted yet. At the last `n` there is no gap between them, so that the plan ends.
    """

    good: float
    limiting: float
    alpha: float
    beta: float
    accept: tuple[int, ...]
    reject: tuple[int, ...]

    @property
    def most_rows(self) -> int:
        """So many rows are judged at most."""
        return len(self.accept) - 1

    def state(self, judged: int, found: int) -> Literal["accepted", "rejected", "undecided"]:
        """What `found` wrong rows of the first `judged` come to. Say it after each row: the first decision stands."""
        if not judged:
            return "undecided"
        n = min(judged, self.most_rows)
        return "accepted" if found <= self.accept[n] else "rejected" if found >= self.reject[n] else "undecided"

    @cached_property
    def _paths(self) -> tuple[list[Stop], npt.NDArray[np.float64]]:
        """All stops in order of rows, and the logarithm of the number of ways that lead to each."""
        middle = (self.good + self.limiting) / 2
        at, stops, logs = np.ones(1), [], []
        for n in range(1, self.most_rows + 1):
            grown = np.zeros(n + 1)
            grown[:n] += at * (1 - middle)
            grown[1:] += at * middle
            for found in np.flatnonzero(grown):
                if found <= self.accept[n] or found >= self.reject[n]:
                    stops.append((n, int(found)))
                    ways = math.log(grown[found]) - found * math.log(middle) - (n - found) * math.log(1 - middle)
                    logs.append(ways)
                    grown[found] = 0.0
            at = grown
        return stops, np.array(logs)

    @cached_property
    def _counts(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        n, found = np.array(self._paths[0], dtype=float).T
        return found, n - found

    def _likely(self, wrong: float) -> npt.NDArray[np.float64]:
        """The probability of each stop, in the order of `_paths`."""
        bad, fine = self._counts
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = self._paths[1] + np.where(bad > 0, bad * np.log(wrong), 0.0)
            return np.asarray(np.exp(logs + np.where(fine > 0, fine * np.log1p(-wrong), 0.0)))

    def stops(self, wrong: float) -> dict[Stop, float]:
        """The probability of each stop where the share `wrong` (0..1) of an endless lot is wrong. Exact, in order of rows."""
        return dict(zip(self._paths[0], self._likely(wrong).tolist(), strict=True))

    def acceptance(self, wrong: float) -> float:
        """The probability that a lot with the share `wrong` (0..1) is accepted."""
        return sum(p for (n, found), p in self.stops(wrong).items() if found <= self.accept[n])

    def mean_rows(self, wrong: float) -> float:
        """How many rows are judged on average."""
        return sum(n * p for (n, _), p in self.stops(wrong).items())

    @cached_property
    def risks(self) -> tuple[float, float]:
        """The true risks: that a good lot is rejected, and that a limiting one is accepted."""
        return 1 - self.acceptance(self.good), self.acceptance(self.limiting)

    def bounds(self, judged: int, found: int, confidence: float = 0.95) -> tuple[float, float]:
        """Bounds of the share of wrong rows at a stop of this plan, 0..1, in place of an interval for a fixed number of rows.

        Stops are ordered by the share found, then by how much it takes to find it; the bounds are those shares at which as much or
        as little is found with the probability `(1 - confidence) / 2` (C. Jennison, B. W. Turnbull, "Group Sequential Methods",
        2000, section 8.5). Raises ValueError where the plan does not stop.
        """
        stops, _ = self._paths
        if (judged, found) not in stops:
            raise ValueError(f"this plan does not stop at {found} wrong of {judged} rows; judge on")
        tail = (1 - confidence) / 2
        rank = _rank((judged, found))
        worse = np.array([_rank(stop) >= rank for stop in stops])
        better = np.array([_rank(stop) <= rank for stop in stops])
        low = 0.0 if worse.all() else _cross(lambda wrong: float(self._likely(wrong)[worse].sum()), tail, rising=True)
        high = (
            1.0 if better.all() else _cross(lambda wrong: float(self._likely(wrong)[better].sum()), tail, rising=False)
        )
        return low, high

    def words(self, judged: int, found: int) -> str:
        """The bounds at a stop, labelled for what they are."""
        low, high = self.bounds(judged, found)
        return (
            f"{100 * low:.1f}-{100 * high:.1f} % wrong (95 %, at the stop of a sequential plan after {judged:,} rows)"
        )


def _rank(stop: Stop) -> tuple[float, float]:
    """Worse stops are higher: first by the share found; of equal shares the larger sample says more surely what the share is."""
    n, found = stop
    share = found / n
    return share, float(n if found else -n)


def _cross(of: Callable[[float], float], tail: float, rising: bool) -> float:
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if (of(middle) > tail) == rising else (middle, high)
    return (low + high) / 2


def sequential(good: float, limiting: float, alpha: float = 0.05, beta: float = 0.10) -> SequentialPlan:
    """Wald's plan, truncated as early as both risks allow, at one and a half to six times the rows of a single sample.

    Wald's limits are approximate: where even six times does not keep a risk, it is a hair larger, as `risks` says. At the
    truncation a lot is accepted when what was found speaks rather for a good one. Raises ValueError unless 0 < good < limiting
    < 1.
    """
    single = two_point(good, limiting, alpha, beta)
    for times in (1.5, 2, 3, 4, 6):
        plan = _truncated(good, limiting, alpha, beta, math.ceil(times * single.sample))
        if plan.risks[0] <= alpha and plan.risks[1] <= beta:
            break
    return plan


def _truncated(good: float, limiting: float, alpha: float, beta: float, rows: int) -> SequentialPlan:
    worse, better = math.log(limiting / good), math.log((1 - good) / (1 - limiting))
    slope = better / (worse + better)
    low, high = (math.log(x) / (worse + better) for x in (beta / (1 - alpha), (1 - beta) / alpha))
    accept = [-1, *(math.floor(low + slope * n + 1e-9) for n in range(1, rows + 1))]
    reject = [_NEVER, *(math.ceil(high + slope * n - 1e-9) for n in range(1, rows + 1))]
    accept[rows] = max(accept[rows], math.floor(slope * rows))
    reject[rows] = accept[rows] + 1
    return SequentialPlan(good, limiting, alpha, beta, tuple(accept), tuple(reject))
