"""A share with its uncertainty. In: how many of how many. Out: the rate and its 95 % Wilson interval."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Share:
    """`hits` of `of`. Rates lie in 0..1; all are None when there was nothing to count."""

    hits: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share itself."""
        return self.hits / self.of if self.of else None

    @property
    def low(self) -> float | None:
        """The lower end of the interval (Wilson score, 95 %)."""
        return self._interval[0]

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return self._interval[1]

    @cached_property
    def _interval(self) -> tuple[float | None, float | None]:
        if not self.of:
            return None, None
        from scipy.stats import binomtest  # here, because scipy takes a second to import

        interval = binomtest(self.hits, self.of).proportion_ci(0.95, method="wilson")
        return float(interval.low), float(interval.high)

    def __str__(self) -> str:
        if self.rate is None or self.low is None or self.high is None:
            return "nothing to count"
        low, high = 100 * self.low, 100 * self.high
        return f"{100 * self.rate:.1f} % ({low:.1f}-{high:.1f}, {self.hits:,} of {self.of:,})"
