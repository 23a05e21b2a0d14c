"""The figures of a review that a release publishes.

In: `ReviewNumbers`. Out: `ReviewFigures`, to JSON and back: acceptance weighted back to the build, agreement, and what known
answers showed of the reviewers.
"""

from pydantic import BaseModel, ConfigDict

from pipeline.output.share import Share
from pipeline.review.numbers.summary import ReviewNumbers
from pipeline.review.numbers.weighting import WeightedShare


class FigureShare(BaseModel):
    """A share of `of` judged rows with its 95 % interval, all in 0..1; null where there was nothing to count."""

    model_config = ConfigDict(frozen=True)

    rate: float | None
    low: float | None
    high: float | None
    of: int


class ReviewFigures(BaseModel):
    """`acceptance`: of the rows that the build kept, as people see them. `agreement` is raw, of `agreement_items` rows that several
    people judged blindly; `ac1` (Gwet) and `alpha` (Krippendorff) are null where they are not defined. `false_accepts` and
    `false_rejects` are of known answers.
    """

    model_config = ConfigDict(frozen=True)

    acceptance: FigureShare
    agreement_items: int
    agreement: float | None
    ac1: float | None
    alpha: float | None
    false_accepts: FigureShare
    false_rejects: FigureShare


def figures_of(numbers: ReviewNumbers) -> ReviewFigures:
    """The figures of a review."""
    whole = numbers.agreement.get("whole")
    return ReviewFigures(
        acceptance=_share(numbers.overall),
        agreement_items=0 if whole is None else whole.items,
        agreement=None if whole is None else whole.raw,
        ac1=None if whole is None else whole.ac1,
        alpha=None if whole is None else whole.alpha,
        false_accepts=_share(numbers.gold.false_accept),
        false_rejects=_share(numbers.gold.false_reject),
    )


def _share(share: Share | WeightedShare) -> FigureShare:
    return FigureShare(rate=share.rate, low=share.low, high=share.high, of=share.of)
