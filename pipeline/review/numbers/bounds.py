"""How much of a lot may be wrong, given what a sample of fixed size showed. Exact.

In: the size of the lot, of the sample, how many were found wrong. Out: an upper confidence bound (Clopper and Pearson's, for
a finite lot the hypergeometric one), with reviewers' errors taken in. It holds for a sample that was judged whole, not at the
stop of a sequential plan (`sequential.bounds`).
"""

from functools import lru_cache

from pipeline.review.numbers.plans import LotPlan, found_wrong


@lru_cache(maxsize=512)
def most_wrong(size: int | None, sample: int, found: int, plan: LotPlan) -> float:
    """The largest share of wrong rows with which so few would be found with a probability above `1 - plan.confidence`."""

    def few(wrong: float) -> float:
        pmf = found_wrong(size, sample, wrong, plan.false_accept, plan.false_reject)
        return float(pmf[: found + 1].sum())

    least = 1 - plan.confidence
    if size is not None:
        low, high = 0, size
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if few(middle / size) > least else (low, middle - 1)
        return low / size
    left, right = 0.0, 1.0
    if few(1.0) > least:
        return 1.0
    for _ in range(50):
        centre = (left + right) / 2
        left, right = (centre, right) if few(centre) > least else (left, centre)
    return right
