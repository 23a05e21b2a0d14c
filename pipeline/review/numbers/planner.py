"""What a team can decide in the time it has.

In: people, hours, days, seconds an item; the lots; how well they must be known. Out: a `ReviewForecast`: how many items are
judged, what sample that gives each lot, and how probably a good lot is accepted and a bad one rejected by it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.review.numbers.effective import ReviewerErrors, disputed_share
from pipeline.review.numbers.plans import LotPlan, SingleSample, found_wrong, single_sample

_HOUR = 3600.0
_POWER = 0.9


@dataclass(frozen=True, slots=True)
class ReviewTeam:
    """`people` who judge `hours` a day for `days`, `seconds` an item. `errors` are those of one person.

    Of the share `overlap` of the items `judges` people are asked, `gold_share` of what a person judges are known answers, and
    disputes are judged once more.
    """

    people: int
    hours: float
    days: float
    seconds: float
    overlap: float = 0.2
    judges: int = 2
    gold_share: float = 0.05
    errors: ReviewerErrors = field(default_factory=ReviewerErrors)

    def __post_init__(self) -> None:
        """Raises ValueError for a value outside its range."""
        for name in ("people", "hours", "days", "seconds", "judges"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; give a number above 0")
        for name in ("overlap", "gold_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a share from 0 to 1")
        if self.gold_share == 1:
            raise ValueError("gold_share is 1; give a smaller share, or nothing but known answers is judged")
        if self.hours > 24:
            raise ValueError(f"hours is {self.hours}; a day has 24")

    @property
    def judgements(self) -> int:
        """How many judgements the team makes."""
        return int(self.people * self.hours * self.days * _HOUR / self.seconds + 1e-9)

    def an_item(self, wrong: float) -> float:
        """How many judgements an item takes on average where the share `wrong` is wrong."""
        disputes = disputed_share(wrong, self.errors, self.judges)
        return (1 + self.overlap * (self.judges - 1 + disputes)) / (1 - self.gold_share)


@dataclass(frozen=True, slots=True)
class LotForecast:
    """A lot of `size` rows under `plan`, with the team's errors reckoned in. `decided`: whether there is time for it.

    `power` is the probability that it is accepted where it is good, `catch` that it is rejected where it is of limiting quality.
    `tightest`: so small a share of wrong rows the same sample could rule out, at the asked confidence, while a good lot is
    accepted with 90 %; None where it is too small for any. `judgements`: what it takes.
    """

    size: int
    plan: SingleSample
    power: float
    catch: float
    tightest: float | None
    judgements: int
    decided: bool


@dataclass(frozen=True, slots=True)
class ReviewForecast:
    """`judgements` are made, which settle `items`; `lots` in the order given, each with its plan; `spare` items are left."""

    judgements: int
    items: int
    lots: Sequence[LotForecast]
    spare: int

    @property
    def decided(self) -> int:
        """How many lots can be decided."""
        return sum(lot.decided for lot in self.lots)

    def __str__(self) -> str:
        words = f"{self.judgements:,} judgements settle {self.items:,} items"
        words += f": {self.decided:,} of {len(self.lots):,} lots can be decided"
        able = [lot for lot in self.lots if lot.decided]
        if able:
            rows, power = min(lot.plan.sample for lot in able), min(lot.power for lot in able)
            words += f", by {rows:,} rows or more each; a good one is then accepted with {power:.0%} at least"
        return words


def forecast_review(
    team: ReviewTeam, sizes: Sequence[int], limiting: float = 0.10, confidence: float = 0.95, good: float = 0.02
) -> ReviewForecast:
    """What the team can decide about lots of these `sizes`, where a lot of which the share `good` is wrong should be accepted.

    Items go to the lots in equal parts, a smaller lot's rest to the others. Where that is too little for all of them, the lots
    that take the fewest come first. Raises ValueError unless 0 < good < limiting < 1 and 0 < confidence < 1.
    """
    if not 0 < good < limiting:
        raise ValueError(f"good {good} and limiting {limiting}: give 0 < good < limiting")
    errors = team.errors.of_review(team.overlap, team.judges)
    plan = LotPlan(limiting, confidence, None, errors.false_accept, errors.false_reject)
    items = min(int(team.judgements / team.an_item(good)), sum(sizes))
    needed = [single_sample(plan, size) for size in sizes]
    chosen: list[int] = []
    for number in sorted((n for n, p in enumerate(needed) if p.most >= 0 and p.sample), key=lambda n: needed[n].sample):
        if sum(needed[n].sample for n in chosen) + needed[number].sample <= items:
            chosen.append(number)
    samples = _share_out(items, [sizes[n] for n in chosen], [needed[n].sample for n in chosen])
    given = dict(zip(chosen, samples, strict=True))
    lots = [_lot(size, given.get(number), needed[number], plan, team, good) for number, size in enumerate(sizes)]
    return ReviewForecast(team.judgements, items, lots, items - sum(given.values()))


def _share_out(items: int, sizes: Sequence[int], least: Sequence[int]) -> list[int]:
    """`items` in parts as equal as can be, each from its `least` to its size."""
    low, high = 0, max(sizes, default=0)

    def parts(level: int) -> list[int]:
        return [min(size, max(level, floor)) for size, floor in zip(sizes, least, strict=True)]

    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(parts(middle)) <= items else (low, middle - 1)
    return parts(low)


def _lot(
    size: int, sample: int | None, needed: SingleSample, plan: LotPlan, team: ReviewTeam, good: float
) -> LotForecast:
    chosen = needed
    if sample is not None:
        chosen = single_sample(replace(plan, sample=max(1, sample)), size)
    # a good lot has at most this share of wrong rows: a small one none
    good = math.floor(good * size + 1e-9) / size if size else 0.0
    catch, power = 1 - chosen.acceptance(plan.limiting), chosen.acceptance(good)
    cost = round(chosen.sample * team.an_item(good))
    decided = sample is not None and chosen.most >= 0
    return LotForecast(size, chosen, power, catch, _tightest(chosen, plan.confidence, good), cost, decided)


def _tightest(plan: SingleSample, confidence: float, good: float) -> float | None:
    """The smallest share of wrong rows, in whole rows, that the sample can rule out while it accepts a good lot with `_POWER`."""
    if not plan.size:
        return None
    found = found_wrong(plan.size, plan.sample, good, plan.false_accept, plan.false_reject)
    lenient = replace(plan, most=int(np.searchsorted(found.cumsum(), _POWER)))
    size = plan.size
    low, high = 0, size + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if lenient.acceptance(middle / size) <= 1 - confidence + 1e-12 else (middle + 1, high)
        if low > size:
            return None
    return low / size
