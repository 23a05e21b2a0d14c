"""Several judgements of one image, and the one verdict that follows from them.

In: the judgements so far, the rules (`stages.policy.Judging`) and the thresholds in force. Out: who is to be asked next, if
anybody; and for each axis which judgement's score and reason stand. Pure, so that `verify` can go the same way again.

The Analyzer's judgements are combined axis by axis: the lower median stands. An odd number of judgements has one median, and
an image passes an axis by it exactly where a majority says so. Asking stops early only where every axis has a majority of all
that might be asked; the lower median agrees with that majority, too. A second judge's word stands alone, on all axes, where
the Analyzer is on the margin.
"""

from collections.abc import Sequence
from statistics import median_low

from stages.policy import Judging, Thresholds
from stages.records import Evaluation, Judge, Judgement, Score


def next_judge(judgements: Sequence[Judgement], judging: Judging, thresholds: Thresholds) -> Judge | None:
    """Who is to judge the image next; None when the verdict stands."""
    # the second judge is asked last, when it is known whether the first one is sure
    first = _by("analyzer", judgements)
    if not _settled(first, judging):
        return "analyzer"
    if judging.second == "off" or len(first) < len(judgements):
        return None
    return "second_analyzer" if judging.second == "always" or on_margin(first, thresholds) else None


def standing(judgements: Sequence[Judgement], thresholds: Thresholds) -> tuple[int, ...]:
    """For each axis which of the judgements gives score and reason: the first that has the score which stands."""
    number = decider(judgements, thresholds)
    if judgements[number].judge == "second_analyzer":
        return (number,) * len(judgements[number].scores)
    first = _by("analyzer", judgements)
    return tuple(_median(axis) for axis in zip(*(j.scores for j in first), strict=True))


def decider(judgements: Sequence[Judgement], thresholds: Thresholds) -> int:
    """Which judgement the verdict is put down to: the first, or the second judge's where that one decided."""
    # asked "always", the second judge is heeded on the margin only: elsewhere the first one agrees with itself
    if judgements[-1].judge == "second_analyzer" and on_margin(_by("analyzer", judgements), thresholds):
        return len(judgements) - 1
    return 0


def on_margin(first: Sequence[Judgement], thresholds: Thresholds) -> bool:
    """True where the Analyzer's judgements disagree about an axis; of a single one, where its worst failure is by one point.

    Judgements that agree are better evidence than a further one: they leave nothing to decide.
    """
    axes = list(zip(*(j.scores for j in first), strict=True))
    if len(first) > 1:
        return any(len({s.passed for s in axis}) > 1 for axis in axes)
    return max((thresholds.of(s.axis) - s.score for (s,) in axes), default=0) == 1


def scored(verdict: Evaluation, thresholds: Thresholds) -> tuple[Score, ...]:
    """The scores of a verdict as a judgement gave them: before a wrong aspect ratio failed an axis."""
    return tuple(Score(a.axis, a.score, a.score >= thresholds.of(a.axis)) for a in verdict.axes)


def _by(judge: Judge, judgements: Sequence[Judgement]) -> list[Judgement]:
    return [j for j in judgements if j.judge == judge]


def _settled(first: Sequence[Judgement], judging: Judging) -> bool:
    """True when the Analyzer need not be asked again."""
    if not first or len(first) >= judging.judgements:
        return bool(first)
    passed = all(s.passed for s in first[0].scores)
    if judging.confirm != "both" and passed != (judging.confirm == "pass"):
        return True  # a first verdict that needs no confirmation
    return judging.stop_early and all(
        max(passes, len(first) - passes) > judging.judgements // 2
        for passes in (sum(s.passed for s in axis) for axis in zip(*(j.scores for j in first), strict=True))
    )


def _median(axis: Sequence[Score]) -> int:
    values = [s.score for s in axis]
    return values.index(median_low(values))
