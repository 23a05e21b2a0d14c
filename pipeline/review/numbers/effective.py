"""The errors of a whole review, from those of a person.

In: how often one person errs, which share of the items several people judge. Out: how often the review as a whole accepts a wrong
row or rejects a right one. Judges who agree settle an item; where they do not, a lead does, who errs as often as they.
"""

from dataclasses import dataclass

from pipeline.review.numbers.plans import check_errors


@dataclass(frozen=True, slots=True)
class ReviewerErrors:
    """`false_accept`: the share of wrong rows that is accepted; `false_reject`: the share of right ones that is rejected; 0..1."""

    false_accept: float = 0.0
    false_reject: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for shares that make 1 or more together."""
        check_errors(self.false_accept, self.false_reject)

    def of_review(self, overlap: float, judges: int) -> "ReviewerErrors":
        """The errors of the review: `judges` people judge the share `overlap` of the items, one person the others."""
        several = (_settled_wrongly(self.false_accept, judges), _settled_wrongly(self.false_reject, judges))
        alone = (self.false_accept, self.false_reject)
        return ReviewerErrors(*(overlap * a + (1 - overlap) * b for a, b in zip(several, alone, strict=True)))

    def seen(self, wrong: float) -> float:
        """The share of rows that is found wrong where the share `wrong` is."""
        return wrong * (1 - self.false_accept) + (1 - wrong) * self.false_reject

    def true_share(self, seen: float) -> float:
        """The share that is wrong where `seen` is found so, 0..1 (W. J. Rogan, B. Gladen, 1978)."""
        return min(1.0, max(0.0, (seen - self.false_reject) / (1 - self.false_accept - self.false_reject)))

    def passed_on(self, wrong: float) -> tuple[float, float]:
        """Of rows that all were judged: the share that is accepted, and how much of that is wrong."""
        let_through, right = wrong * self.false_accept, (1 - wrong) * (1 - self.false_reject)
        accepted = let_through + right
        return accepted, let_through / accepted if accepted else 0.0


def _settled_wrongly(error: float, judges: int) -> float:
    all_err = error**judges
    some_differ = 1 - all_err - (1 - error) ** judges
    return all_err + some_differ * error if judges > 1 else error


def disputed_share(wrong: float, errors: ReviewerErrors, judges: int) -> float:
    """The share of items judged by several about which they differ: a lead settles these."""

    def differ(error: float) -> float:
        return 1 - error**judges - (1 - error) ** judges

    return wrong * differ(errors.false_accept) + (1 - wrong) * differ(errors.false_reject) if judges > 1 else 0.0
