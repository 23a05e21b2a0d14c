"""Each reviewer: how far they are, how fast, and how often they err on items whose answer is known.

In: resolutions and gold answers. Out: a `ReviewerNumbers` each, by name. Everybody's errors together are what lot plans reckon
with.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.output.share import Share
from pipeline.review.numbers.raters import blind_verdicts
from pipeline.review.records import GoldAnswer, HumanVerdict, Resolution

LEAST_KNOWN = 10
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class GoldErrors:
    """`false_accept`: of known wrong items those accepted; `false_reject`: of known right ones those rejected; `unsure`: of
    all.
    """

    false_accept: Share
    false_reject: Share
    unsure: Share

    @property
    def in_plans(self) -> tuple[float, float]:
        """The false_accept and the false_reject that a lot plan reckons with, both so that no lot is accepted by chance.

        Misses make a plan stricter: their share counts, once `LEAST_KNOWN` wrong items measured it. False alarms make it more
        lenient: only as many count as there are at least, the lower end of the interval.
        """
        missed, alarms = self.false_accept, self.false_reject
        return (missed.rate or 0.0) if missed.of >= LEAST_KNOWN else 0.0, alarms.low or 0.0

    @property
    def measured(self) -> bool:
        """Whether enough is known of how often wrong items are accepted."""
        return self.false_accept.of >= LEAST_KNOWN


@dataclass(frozen=True, slots=True)
class ReviewerNumbers:
    """`judged` items so far; `seconds` an item, the median, None before the first; `per_hour` at that pace. `accepted` of them.

    `overruled`: of their verdicts on items that others settled otherwise. `last` is the time of their last verdict, empty before.
    """

    name: str
    judged: int
    seconds: float | None
    per_hour: float | None
    accepted: Share
    overruled: Share
    gold: GoldErrors
    last: str


def gold_errors(answers: Iterable[GoldAnswer]) -> GoldErrors:
    """The errors on known items."""
    pairs = [(answer.expected, answer.given) for answer in answers]
    wrong = [given for expected, given in pairs if expected == "reject"]
    right = [given for expected, given in pairs if expected == "accept"]
    return GoldErrors(
        Share(wrong.count("accept"), len(wrong)),
        Share(right.count("reject"), len(right)),
        Share(sum(given == "unsure" for _, given in pairs), len(pairs)),
    )


def by_reviewer(resolutions: Iterable[Resolution], answers: Sequence[GoldAnswer]) -> list[ReviewerNumbers]:
    """Everybody who said something, by name."""
    judgements: dict[str, list[tuple[HumanVerdict, Resolution]]] = defaultdict(list)
    gold: dict[str, list[GoldAnswer]] = defaultdict(list)
    for answer in answers:
        gold[answer.reviewer].append(answer)
    for resolution in resolutions:
        for verdict in blind_verdicts(resolution):
            judgements[verdict.reviewer].append((verdict, resolution))
    return [_reviewer(name, judgements[name], gold[name]) for name in sorted({*judgements, *gold})]


def _reviewer(
    name: str, judgements: Sequence[tuple[HumanVerdict, Resolution]], answers: Sequence[GoldAnswer]
) -> ReviewerNumbers:
    # a median: a page left open over lunch is no pace
    times = [verdict.seconds for verdict, _ in judgements if verdict.seconds > 0]
    seconds = median(times) if times else None
    yes = sum(verdict.opinion == "accept" for verdict, _ in judgements)
    settled = [(verdict, r) for verdict, r in judgements if r.adjudicated]
    return ReviewerNumbers(
        name,
        len(judgements),
        seconds,
        _HOUR / seconds if seconds else None,
        Share(yes, len(judgements)),
        Share(sum(verdict.opinion != r.opinion for verdict, r in settled), len(settled)),
        gold_errors(answers),
        max((*(verdict.at for verdict, _ in judgements), *(answer.at for answer in answers)), default=""),
    )
