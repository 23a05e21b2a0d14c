"""What may become of a rejected lot, each way with the quality that it predicts.

In: a lot's size, what the sample found, how often reviewers err, the lot's plan. Out: a `LotDisposition` for each way: screen
it whole, drop it, build it again, or release it in spite of all. Shares of wrong rows are estimates with an interval (Wilson's,
corrected for the reviewers' errors): a sample that was judged whole, at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.review.numbers.decisions import LotDecision
from pipeline.review.numbers.effective import ReviewerErrors
from pipeline.review.numbers.plans import SingleSample
from pipeline.review.numbers.weighting import wilson

Way = Literal["screen", "drop", "resubmit", "override"]


@dataclass(frozen=True, slots=True)
class LotDisposition:
    """One way: `rows` of the lot are released, of which the share `wrong` (from `low` to `high`, 0..1) is wrong.

    `judgements` more are needed. `words` say what it means. `chance`: how probably it ends in a release.
    """

    way: Way
    rows: float
    wrong: float
    low: float
    high: float
    judgements: int
    chance: float
    words: str


def wrong_share(decision: LotDecision, errors: ReviewerErrors) -> tuple[float, float, float]:
    """The share of wrong rows behind a decision, and its 95 % interval, with the reviewers' errors taken out.

    Where judging stopped at the wrong row that rejected the lot, the share found is too large on average. There the unbiased
    one is taken (J. B. S. Haldane, "On a method of estimating frequencies", 1945), with exact bounds for such a stop.
    """
    judged, found = decision.judged, decision.found
    if not judged:
        return 0.5, 0.0, 1.0
    rate, (low, high) = found / judged, wilson(found / judged, judged)
    if found == decision.most + 1 and 1 < found < judged < decision.sample:
        from scipy.stats import beta  # here, because scipy takes a second to import

        rate = (found - 1) / (judged - 1)
        low = float(beta.ppf(0.025, found, judged - found + 1))
        high = float(beta.ppf(0.975, found, judged - found))
    return errors.true_share(rate), errors.true_share(low), errors.true_share(high)


def dispositions(
    size: int, decision: LotDecision, errors: ReviewerErrors | None = None, better: Sequence[float] = ()
) -> list[LotDisposition]:
    """The ways on for a lot of `size` rows. `better`: shares of wrong rows that another build of it may have."""
    errors = errors or ReviewerErrors()
    plan = SingleSample(size, decision.sample, decision.most, errors.false_accept, errors.false_reject)
    share = wrong_share(decision, errors)
    ways = [_screen(size, decision, errors, share), _drop(size, share)]
    ways += [_resubmit(size, plan, errors, wrong) for wrong in (share[0], *better)]
    return [*ways, _override(size, decision, errors, share)]


def _screen(
    size: int, decision: LotDecision, errors: ReviewerErrors, share: tuple[float, float, float]
) -> LotDisposition:
    kept, wrong = errors.passed_on(share[0])
    low, high = (errors.passed_on(end)[1] for end in share[1:])
    more = size - decision.judged
    lost = (1 - share[0]) * errors.false_reject * size
    words = f"judge the other {more:,} rows; about {size * kept:,.0f} stay, {wrong:.1%} of them wrong"
    words += f", and {lost:,.0f} right ones go" if lost >= 0.5 else ""
    return LotDisposition("screen", size * kept, wrong, low, high, more, 1.0, words)


def _drop(size: int, share: tuple[float, float, float]) -> LotDisposition:
    words = f"leave out {size:,} rows, {size * (1 - share[0]):,.0f} of them right"
    return LotDisposition("drop", 0.0, 0.0, 0.0, 0.0, 0, 1.0, words)


def _resubmit(size: int, plan: SingleSample, errors: ReviewerErrors, wrong: float) -> LotDisposition:
    chance = plan.acceptance(wrong)
    out = _after_sample(size, plan.sample, errors, wrong)
    words = (
        f"build it again and judge {plan.sample:,} rows: with {wrong:.1%} wrong it would be accepted with {chance:.1%}"
    )
    return LotDisposition("resubmit", float(size), out, out, out, plan.sample, chance, words)


def _override(
    size: int, decision: LotDecision, errors: ReviewerErrors, share: tuple[float, float, float]
) -> LotDisposition:
    wrong, low, high = (_after_sample(size, decision.judged, errors, end) for end in share)
    words = f"release it although it was rejected: {wrong:.1%} ({low:.1%}-{high:.1%}) of its rows would be wrong"
    return LotDisposition("override", float(size - decision.found), wrong, low, high, 0, 1.0, words)


def _after_sample(size: int, judged: int, errors: ReviewerErrors, wrong: float) -> float:
    """The share that is wrong once the rows found wrong in the sample are taken out."""
    bad = wrong * (size - judged * (1 - errors.false_accept))
    left = size - judged * errors.seen(wrong)
    return bad / left if left > 0 else 0.0


def outgoing_quality(size: int, plan: SingleSample, wrong: float, screened: bool = True) -> float:
    """The mean share of wrong rows in what is released, where accepted lots are released and rejected ones `screened` or dropped.

    H. F. Dodge and H. G. Romig, "Sampling Inspection Tables" (1959), section 2, with rows found wrong taken out, not replaced,
    and reviewers who err. Over many lots with the share `wrong`, weighted by the rows released.
    """
    errors = ReviewerErrors(plan.false_accept, plan.false_reject)
    chance = plan.acceptance(wrong)
    bad = chance * wrong * (size - plan.sample * (1 - errors.false_accept))
    rows = chance * (size - plan.sample * errors.seen(wrong))
    if screened:
        kept, out = errors.passed_on(wrong)
        bad += (1 - chance) * size * kept * out
        rows += (1 - chance) * size * kept
    return bad / rows if rows else 0.0
