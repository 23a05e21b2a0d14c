"""A share of a population, from a sample that looked at some cells more closely than at others.

In: for each cell how many rows it has, how many of them were judged, and what they came to. Out: a `WeightedShare`: each judged
row counts for as many rows as its cell has for each judged one (post-stratification), so that cells with a minimum, or
looked at out of interest, do not pull the figure.

The interval is Wilson's idea, for cells: its ends are the shares from which the one seen is just 1.96 standard errors away, each
with the standard error that it would have itself. On the way there the log odds of each cell move as its judged rows are few
for its size, which is how they would move if the whole were likeliest with that share. That error is the one of a ratio, by
Taylor's first term (W. G. Cochran, "Sampling Techniques", 1977, section 6.13), cell by cell, with the correction for a
finite cell. Of a single endless cell it is Wilson's interval; of cells that were judged whole, a point.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Z95 = NormalDist().inv_cdf(0.975)
_BORROWED = 2.0
"""So many rows of the whole are mixed into each cell."""
_FAR = 100.0
"""Log odds beyond all that a sample can tell."""


@dataclass(frozen=True, slots=True)
class CellTally:
    """A cell of `size` rows of which `judged` were: `hits` and `misses` of them are what is asked about, the others are not."""

    size: float
    judged: int
    hits: int
    misses: int


@dataclass(frozen=True, slots=True)
class WeightedShare:
    """`rate` of the population with its 95 % interval, all in 0..1; None when there was nothing to count.

    `hits` of `of` are the judged rows behind it, `rows` how many rows of the population it speaks of, `effective` how many rows
    drawn at random from all would tell as much (infinite where every row was judged). `covered` is the share of the rows
    asked about that lie in lots of which at least one row was judged; the rate speaks of those alone.
    """

    rate: float | None
    low: float | None
    high: float | None
    hits: int
    of: int
    rows: float
    effective: float
    covered: float = 1.0

    def __str__(self) -> str:
        if self.rate is None or self.low is None or self.high is None:
            return "nothing to count"
        rate, low, high = 100 * self.rate, 100 * self.low, 100 * self.high
        return f"{rate:.1f} % ({low:.1f}-{high:.1f}, weighted, {self.of:,} judged)"


def wilson(rate: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval for a `rate` (0..1) seen in `n` > 0 rows, which need not be a whole number.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    if math.isinf(n):
        return rate, rate
    middle = rate + z**2 / (2 * n)
    half = z * math.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    # where all agree an end of the interval is 0 or 1, which rounding would miss
    low = 0.0 if rate <= 0 else (middle - half) / (1 + z**2 / n)
    high = 1.0 if rate >= 1 else (middle + half) / (1 + z**2 / n)
    return max(0.0, low), min(1.0, high)


def weighted_share(cells: Iterable[CellTally], covered: float = 1.0) -> WeightedShare:
    """The share of hits among hits and misses. Cells without a judged row are left out (`tallying` joins them to others)."""
    seen = [cell for cell in cells if cell.judged]
    hits, of = sum(c.hits for c in seen), sum(c.hits + c.misses for c in seen)
    if not of:
        return WeightedShare(None, None, None, 0, 0, 0.0, 0.0, covered)
    spread = _Spread(seen)
    low, high = spread.bounds()
    return WeightedShare(spread.rate, low, high, hits, of, spread.asked, spread.effective(), covered)


class _Spread:
    """How a weighted share would vary from sample to sample, if the share were `theta`."""

    def __init__(self, cells: Sequence[CellTally]) -> None:
        sizes, judged, hits, misses = np.array([(c.size, c.judged, c.hits, c.misses) for c in cells], dtype=float).T
        weights = sizes / judged
        self.asked = float(weights @ (hits + misses))
        self.rate = min(1.0, float(weights @ hits) / self.asked)
        rest = np.clip(1 - judged / sizes, 0, None)
        # a cell whose few rows agree is not known without doubt: some rows of the whole are mixed in, unless it was judged whole
        borrowed = _BORROWED * rest
        common = (hits.sum() + 0.5) / ((hits + misses).sum() + 1)
        self._counted = (hits + misses + borrowed * self.asked / sizes.sum()) / (judged + borrowed)
        self._share = sizes * self._counted / (sizes @ self._counted)
        yes, no = (np.maximum(n, 1e-300) for n in (hits + borrowed * common, misses + borrowed * (1 - common)))
        self._odds = np.log(yes) - np.log(no)
        own = (judged / (judged + borrowed)) ** 2 / judged * rest if len(cells) > 1 else 0.0
        self._factor = sizes**2 * rest / judged / self.asked**2 / (1 - own)
        # where each judged row stands for many, the rows say least against another share
        self._pliant = weights * rest / max(1e-300, float((weights * rest).max()))

    def variance(self, shift: float) -> tuple[float, float]:
        """The share where the log odds of a hit are larger by `shift` in the cell that gives way most, and the variance of its
        estimate there.
        """
        hit = 1 / (1 + np.exp(-np.clip(self._odds + shift * self._pliant, -700, 700)))
        theta = float(self._share @ hit)
        p, q = self._counted * hit, self._counted * (1 - hit)
        within = p * (1 - theta) ** 2 + q * theta**2 - (p * (1 - theta) - q * theta) ** 2
        return theta, float(self._factor @ within)

    def effective(self) -> float:
        """How many rows drawn at random from all would tell as much."""
        theta, variance = self.variance(0.0)
        return theta * (1 - theta) / variance if variance > 0 else math.inf

    def bounds(self) -> tuple[float, float]:
        """The shares from which the one seen is as far as a sample may stray: Wilson's idea."""
        if not self._factor.any():
            return self.rate, self.rate

        def apart(shift: float) -> float:
            theta, variance = self.variance(shift)
            return (theta - self.rate) ** 2 - Z95**2 * variance

        middle = 0.0 if apart(0.0) < 0 else _root(lambda shift: self.variance(shift)[0] - self.rate, -_FAR, _FAR)
        low = 0.0 if self.rate <= 0 else self.variance(_root(apart, -_FAR, middle))[0]
        high = 1.0 if self.rate >= 1 else self.variance(_root(apart, middle, _FAR))[0]
        return low, high


def _root(of: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # here, because scipy takes a second to import

    ends = of(low), of(high)
    if ends[0] * ends[1] > 0:  # the end that is next to a root beyond it
        return low if abs(ends[0]) < abs(ends[1]) else high
    return float(brentq(of, low, high, xtol=1e-9))
