"""A share that people judged, corrected for how often they err.

In: the share as they saw it, their errors on items whose answer is known. Out: a `CorrectedShare`. Who accepts some wrong rows
and rejects some right ones sees seen = p (1 - false_reject) + (1 - p) false_accept; solved for p, this is the estimator of
W. J. Rogan and B. Gladen, "Estimating prevalence from the results of a screening test" (1978). Its interval joins those of the
three shares by the distance of their ends from the middle (MOVER: G. Y. Zou and A. Donner, "Construction of confidence limits
about effect measures", 2008), since near 0 and 1 no interval is symmetric.

Errors are those of one person: where several judged an item they err less, and the correction goes too far for those items.
"""

from dataclasses import dataclass

from pipeline.output.share import Share
from pipeline.review.numbers.reviewers import LEAST_KNOWN, GoldErrors
from pipeline.review.numbers.weighting import WeightedShare

_LEAST_POWER = 0.2
"""People who tell right from wrong less well than this say nothing that could be corrected."""


@dataclass(frozen=True, slots=True)
class CorrectedShare:
    """`rate` with its 95 % interval, all in 0..1."""

    rate: float
    low: float
    high: float


def correct(seen: WeightedShare, errors: GoldErrors) -> CorrectedShare | None:
    """The true share; None where nothing was judged, where fewer than `LEAST_KNOWN` wrong or right items measured the errors, or
    where people tell right from wrong hardly better than chance.
    """
    missed, alarms = errors.false_accept, errors.false_reject
    if seen.rate is None or seen.low is None or seen.high is None or min(missed.of, alarms.of) < LEAST_KNOWN:
        return None
    m, m_low, m_high = _ends(missed)
    f, f_low, f_high = _ends(alarms)
    power = 1 - f - m
    if power < _LEAST_POWER:
        return None
    rate = min(1.0, max(0.0, (seen.rate - m) / power))
    # the corrected share grows with what was seen and with false alarms, and falls with misses
    below = (seen.rate - seen.low, (1 - rate) * (m_high - m), rate * (f - f_low))
    above = (seen.high - seen.rate, (1 - rate) * (m - m_low), rate * (f_high - f))
    low, high = rate - _length(below) / power, rate + _length(above) / power
    return CorrectedShare(rate, max(0.0, low), min(1.0, high))


def _ends(share: Share) -> tuple[float, float, float]:
    return share.rate or 0.0, share.low or 0.0, 1.0 if share.high is None else share.high


def _length(parts: tuple[float, ...]) -> float:
    return float(sum(part**2 for part in parts) ** 0.5)
