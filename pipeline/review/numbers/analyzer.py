"""The Analyzer against people: how right it is when it lets an image pass, and how much of what is right it lets pass.

In: populations, resolutions, the Analyzer's final scores by sample. Out: an `AnalyzerNumbers`, for the whole verdict and for each
axis. All is weighted back to the build: lost rows are looked for on purpose, and count for as many as there are. What people
say of the *result* is compared: the Analyzer never judged the reasoning.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.review.numbers.raters import blind_verdicts
from pipeline.review.numbers.scored import FinalScores
from pipeline.review.numbers.tallying import AnswerCount
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import HumanVerdict, LotPopulation, Opinion, Resolution, ReviewItem
from stages.records import AXES, Axis

VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """An item on which both spoke: whether the Analyzer let it pass, and whether people accepted it."""

    item: ReviewItem
    final: FinalScores
    passed: bool
    right: bool


@dataclass(frozen=True, slots=True)
class AnalyzerNumbers:
    """The Analyzer on one axis, or the whole `verdict`, against people.

    `precision`: of what passed, how much people accept. `recall`: of what people accept, how much passed. `too_lenient`: of all,
    what passed though it is wrong; `too_strict`: what failed though it is right. `bias` is their difference, above 0 where the
    Analyzer is too lenient. `items` were compared; of `unsaid` items people did not say whether this axis is right.
    """

    about: str
    items: int
    unsaid: int
    precision: WeightedShare
    recall: WeightedShare
    too_lenient: WeightedShare
    too_strict: WeightedShare

    @property
    def bias(self) -> float | None:
        """How much larger the share that passes is than the share that people accept, -1..1."""
        if self.too_lenient.rate is None or self.too_strict.rate is None:
            return None
        return self.too_lenient.rate - self.too_strict.rate


def result_of(resolution: Resolution) -> bool | None:
    """Whether people find the image right: a lead's word, else what all say; None where they disagree or are unsure."""
    return _common(resolution, lambda verdict: verdict.result)


def axis_of(resolution: Resolution, axis: Axis) -> bool | None:
    """Whether people find an axis right. Who accepts the image and says nothing of its axes accepts each of them."""

    def said(verdict: HumanVerdict) -> Opinion | None:
        return verdict.axes.get(axis, "accept" if verdict.result == "accept" else None)

    return _common(resolution, said)


def _common(resolution: Resolution, said: Callable[[HumanVerdict], Opinion | None]) -> bool | None:
    settling = [v for v in resolution.verdicts if v.adjudicates][-1:]
    opinions = {said(verdict) for verdict in settling or blind_verdicts(resolution)}
    if len(opinions) != 1:
        return None
    return {"accept": True, "reject": False}.get(opinions.pop() or "unsure")


def compare(
    populations: Sequence[LotPopulation], resolutions: Sequence[Resolution], scores: Mapping[str, FinalScores | None]
) -> list[AnalyzerNumbers]:
    """The whole verdict first, then each axis that applies to some item."""
    numbers = [_numbers(VERDICT, populations, *_paired(resolutions, scores, None))]
    for axis in AXES:
        pairs, unsaid = _paired(resolutions, scores, axis)
        if pairs or unsaid:
            numbers.append(_numbers(axis, populations, pairs, unsaid))
    return numbers


def judged_results(resolutions: Sequence[Resolution], scores: Mapping[str, FinalScores | None]) -> list[JudgedPair]:
    """The items on whose image both the Analyzer and people spoke."""
    return _paired(resolutions, scores, None)[0]


def _paired(
    resolutions: Sequence[Resolution], scores: Mapping[str, FinalScores | None], axis: Axis | None
) -> tuple[list[JudgedPair], int]:
    pairs, unsaid = [], 0
    for resolution in resolutions:
        final = scores.get(resolution.item.sample_id)
        if final is None or not resolution.verdicts or resolution.item.draw == "gold":
            continue
        score = None if axis is None else final.score(axis)
        if axis is not None and score is None:
            continue
        right = result_of(resolution) if axis is None else axis_of(resolution, axis)
        if right is None:
            unsaid += 1
        else:
            pairs.append(JudgedPair(resolution.item, final, final.passed if score is None else score.passed, right))
    return pairs, unsaid


def _numbers(
    about: str, populations: Sequence[LotPopulation], pairs: Sequence[JudgedPair], unsaid: int
) -> AnalyzerNumbers:
    def share(answer: Callable[[JudgedPair], bool | None]) -> WeightedShare:
        return AnswerCount(populations).add((pair.item, answer(pair)) for pair in pairs).share()

    return AnalyzerNumbers(
        about,
        len(pairs),
        unsaid,
        share(lambda pair: pair.right if pair.passed else None),
        share(lambda pair: pair.passed if pair.right else None),
        share(lambda pair: pair.passed and not pair.right),
        share(lambda pair: pair.right and not pair.passed),
    )
