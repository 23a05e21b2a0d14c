"""A share of a population, from a sample that looked at some cells more closely than at others.

In: for each cell how many rows it has, how many of them were judged, and what they came to. Out: a `WeightedShare`: each judged
row counts for as many rows as its cell has for each judged one (post-stratification), so that cells with a minimum, or
looked at out of interest, do not pull the figure. The interval is Wilson's at the effective number of judged rows, as A. Dean
and M. Pagano recommend for surveys ("Evaluating confidence interval methods for binomial proportions in clustered surveys",
2015): as many rows drawn at random from the whole would tell as much.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)
_BORROWED = 2.0
"""So many rows of the whole are mixed into each cell's variance: a cell whose few rows agree is not known without doubt."""


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
    asked = sum(c.size * (c.hits + c.misses) / c.judged for c in seen)
    rate = min(1.0, sum(c.size * c.hits / c.judged for c in seen) / asked)
    n = _effective(seen, rate, asked)
    return WeightedShare(rate, *wilson(rate, n), hits, of, asked, n, covered)


def _effective(seen: Collection[CellTally], rate: float, asked: float) -> float:
    """How many rows drawn at random from all would tell as much: `rate (1 - rate)` over the variance of the weighted share.

    The variance is that of a ratio, by Taylor's first term (W. G. Cochran, "Sampling Techniques", 1977, section 6.13), cell by
    cell, with the correction for a finite cell.
    """
    total = sum(c.size for c in seen)
    hit = sum(c.size * c.hits / c.judged for c in seen) / total
    miss = asked / total - hit
    variance = spread_alone = 0.0
    for c in seen:
        rest = max(0.0, 1 - c.judged / c.size)
        p = (c.hits + _BORROWED * hit) / (c.judged + _BORROWED)
        q = (c.misses + _BORROWED * miss) / (c.judged + _BORROWED)
        within = p * (1 - rate) ** 2 + q * rate**2 - (p * (1 - rate) - q * rate) ** 2
        # what is estimated from few rows varies less than it should, by its own variance
        own = (c.judged / (c.judged + _BORROWED)) ** 2 / c.judged if len(seen) > 1 else 0.0
        weight = c.size**2 * rest / c.judged / asked**2 / (1 - own)
        variance += weight * max(0.0, within)
        spread_alone += weight * (p + q)
    if spread_alone == 0:
        return math.inf
    # where all judged rows agree, the weights alone say how much they tell (L. Kish, "Survey Sampling", 1965, section 11.7)
    return rate * (1 - rate) / variance if variance > 1e-15 and 0 < rate < 1 else 1 / spread_alone
