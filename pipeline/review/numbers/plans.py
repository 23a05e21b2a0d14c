"""Single-sample plans: how many rows of a lot to judge, and how many of them may be wrong. Exact.

In: the size of a lot, the share of wrong rows that must be caught, how surely, and how often reviewers err. Out: a
`SingleSample` and its operating characteristic: how probably a lot is accepted, for any share of wrong rows in it.

A release is one lot, not a series: plans go by limiting quality, as ISO 2859-2 does, computed rather than looked up. Of a
finite lot the wrong rows in the sample are hypergeometric, of an endless one binomial. A reviewer who errs finds a wrong row
with probability `1 - false_accept` and holds a right one to be wrong with probability `false_reject`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipeline.review.settings import ReviewSettings

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LotPlan:
    """How a lot is decided. A lot of which the share `limiting` is wrong is to be rejected with the probability `confidence`.

    `sample` rows are judged, or all of a smaller lot; None takes the fewest that can be enough, which allows no wrong one.
    `false_accept` and `false_reject` are the reviewers' errors (0..1, below 1 together), as gold items measured them.
    """

    limiting: float = 0.10
    confidence: float = 0.95
    sample: int | None = 100
    false_accept: float = 0.0
    false_reject: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for a value outside its range."""
        for name in ("limiting", "confidence"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a share between 0 and 1")
        if self.sample is not None and self.sample < 1:
            raise ValueError(f"sample is {self.sample}; give at least 1 row")
        check_errors(self.false_accept, self.false_reject)

    @classmethod
    def of(cls, settings: ReviewSettings, false_accept: float = 0.0, false_reject: float = 0.0) -> "LotPlan":
        """The plan that a review's settings ask for."""
        return cls(settings.limiting, settings.confidence, settings.per_lot, false_accept, false_reject)


def check_errors(false_accept: float, false_reject: float) -> None:
    """Raises ValueError for errors with which nothing can be told from anything."""
    for name, share in {"false_accept": false_accept, "false_reject": false_reject}.items():
        if not 0 <= share < 1:
            raise ValueError(f"{name} is {share}; give a share from 0 to below 1")
    if false_accept + false_reject >= 1:
        errors = f"false_accept {false_accept} and false_reject {false_reject} make 1 or more"
        raise ValueError(f"{errors}: such verdicts tell nothing; train the reviewers")


@dataclass(frozen=True, slots=True)
class SingleSample:
    """Judge `sample` rows of `size` (None: endless); accept when at most `most` are found wrong. -1: no number is small enough."""

    size: int | None
    sample: int
    most: int
    false_accept: float = 0.0
    false_reject: float = 0.0

    def acceptance(self, wrong: float) -> float:
        """The probability that a lot is accepted of which the share `wrong` (0..1) is wrong, in whole rows, rounded up."""
        found = found_wrong(self.size, self.sample, wrong, self.false_accept, self.false_reject)
        return float(min(1.0, found[: self.most + 1].sum()))


def wrong_rows(size: int, share: float) -> int:
    """How many rows a share of a lot is, rounded up; a hair of rounding error is not another row."""
    return min(size, math.ceil(size * share - 1e-9))


def _drawn(size: int | None, sample: int, wrong: float) -> Probabilities:
    from scipy.special import gammaln  # here, because scipy takes a second to import
    from scipy.stats import binom

    counts = np.arange(sample + 1)
    if size is None:
        return np.asarray(binom.pmf(counts, sample, wrong))
    bad = wrong_rows(size, wrong)

    def ways(n: int | npt.NDArray[np.int64], k: int | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))

    # scipy's hypergeom is the same, and takes 0.2 s for a thousand rows of 50,000
    possible = counts[max(0, sample - size + bad) : min(sample, bad) + 1]
    drawn = np.zeros(sample + 1)
    logs = ways(bad, possible) + ways(size - bad, sample - possible) - ways(size, np.array(sample))
    drawn[possible] = np.exp(logs)
    return drawn


@lru_cache(maxsize=512)
def found_wrong(
    size: int | None, sample: int, wrong: float, false_accept: float = 0.0, false_reject: float = 0.0
) -> Probabilities:
    """The probability of each number, 0 to `sample`, of rows that are found wrong in a sample. Read only."""
    if size is None:
        return _drawn(None, sample, wrong * (1 - false_accept) + (1 - wrong) * false_reject)
    drawn = _drawn(size, sample, wrong)
    if false_accept == false_reject == 0:
        return drawn
    return _erring(drawn, false_accept, false_reject)


def _erring(drawn: Probabilities, false_accept: float, false_reject: float) -> Probabilities:
    """The numbers found where these are drawn: by the generating function at the roots of unity, exact but for rounding."""
    sample = len(drawn) - 1
    z = np.exp(-2j * np.pi * np.arange((sample + 1) // 2 + 1) / (sample + 1))
    caught, blamed = false_accept + (1 - false_accept) * z, 1 - false_reject + false_reject * z
    likely = np.flatnonzero(drawn > 1e-15)
    first, last = int(likely[0]), int(likely[-1])
    fine = blamed ** (sample - last)
    values = drawn[last] * fine
    for bad in range(last - 1, first - 1, -1):
        fine = fine * blamed
        values = values * caught + drawn[bad] * fine
    return np.clip(np.fft.irfft(values * caught**first, sample + 1), 0.0, 1.0)


@lru_cache(maxsize=512)
def single_sample(plan: LotPlan, size: int | None) -> SingleSample:
    """The plan for a lot of `size` rows: the most wrong rows that still catch a lot of limiting quality as surely as asked."""
    sample = plan.sample if plan.sample is not None else least_sample(plan, size)
    sample = sample if size is None else min(sample, size)
    found = found_wrong(size, sample, plan.limiting, plan.false_accept, plan.false_reject)
    most = int(np.searchsorted(found.cumsum(), 1 - plan.confidence + 1e-12, side="right")) - 1
    return SingleSample(size, sample, most, plan.false_accept, plan.false_reject)


def least_sample(plan: LotPlan, size: int | None) -> int:
    """The fewest rows that can decide: a zero-defect plan. The whole lot where no smaller sample can."""

    def missed(sample: int) -> float:
        return float(found_wrong(size, sample, plan.limiting, plan.false_accept, plan.false_reject)[0])

    low, high = 0, 1
    while missed(high if size is None else min(high, size)) > 1 - plan.confidence:
        if size is not None and high >= size:
            return size
        low, high = high, high * 2
    high = high if size is None else min(high, size)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if missed(middle) > 1 - plan.confidence else (low, middle)
    return high


def two_point(
    good: float, limiting: float, alpha: float = 0.05, beta: float = 0.10, size: int | None = None
) -> SingleSample:
    """The smallest sample that rejects a `good` lot at most with `alpha` and accepts a `limiting` one at most with `beta`.

    Raises ValueError unless 0 < good < limiting < 1.
    """
    if not 0 < good < limiting < 1:
        raise ValueError(f"good {good} and limiting {limiting}: give 0 < good < limiting < 1")
    most, sample = 0, 1
    while True:
        plan = SingleSample(size, sample, most)
        if plan.acceptance(limiting) > beta and (size is None or sample < size):
            sample += 1
        elif 1 - plan.acceptance(good) <= alpha:
            return plan
        else:
            most += 1
