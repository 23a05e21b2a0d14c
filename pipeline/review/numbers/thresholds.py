"""What other thresholds of the Analyzer would have kept, replayed from recorded scores without a call.

In: populations, resolutions, final scores, the thresholds in force. Out: a `ThresholdTrial` for each change of one axis, the
one that matches people best first. A row that would no longer pass would have climbed on: what would have become of it is not
known here (`x2i whatif` replays that), only that it would not have been kept as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.review.numbers.analyzer import JudgedPair, judged_results
from pipeline.review.numbers.scored import FinalScores, KnownScores, patterns_of
from pipeline.review.numbers.tallying import AnswerCount
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import LotPopulation, Resolution
from stages.policy import Thresholds
from stages.records import AXES, Axis

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class ThresholdTrial:
    """With `axis` >= `least` and all else as it is (`axis` None: today's thresholds).

    `kept` rows more than today and `lost` ones fewer, of all in the build, as its scores say (`counted`), else estimated from the
    sample. `kept_wrong` and `lost_right`: what people find of those, weighted. `agreement`: of all rows, those that pass
    exactly where people accept them. It was chosen on the same verdicts, so a new sample will agree a little less.
    """

    axis: Axis | None
    least: int
    kept: float
    lost: float
    kept_wrong: WeightedShare
    lost_right: WeightedShare
    agreement: WeightedShare
    counted: bool

    def __str__(self) -> str:
        if self.axis is None:
            return f"as it is, the Analyzer agrees with people on {self.agreement}"
        moved = []
        if self.kept or not self.lost:
            moved.append(f"kept {self.kept:,.0f} more, {_part(self.kept, self.kept_wrong)} of them wrong")
        if self.lost:
            moved.append(f"let {self.lost:,.0f} go, {_part(self.lost, self.lost_right)} of them right")
        return f"with {self.axis} >= {self.least} you would have {' and '.join(moved)}"


def _part(rows: float, share: WeightedShare) -> str:
    if not rows:
        return "none"
    if share.rate is None or share.low is None or share.high is None:
        return "an unknown number"
    return f"{rows * share.rate:,.0f} ({rows * share.low:,.0f}-{rows * share.high:,.0f})"


def trials(
    populations: Sequence[LotPopulation],
    resolutions: Sequence[Resolution],
    scores: Mapping[str, FinalScores | None],
    today: Thresholds,
) -> list[ThresholdTrial]:
    """Today's thresholds and every change of one axis to which some row has a score, the best match first.

    Of equals the one nearest to today's comes first, so that nothing is changed for nothing.
    """
    pairs = judged_results(resolutions, scores)
    patterns = scores.patterns if isinstance(scores, KnownScores) else patterns_of(scores)
    whole = len(scores) == sum(population.size for population in populations)
    changes: list[tuple[Axis | None, int]] = [(None, 0)]
    for axis in AXES:
        if any(final.score(axis) is not None for final in patterns):
            changes += [(axis, n) for n in range(LOWEST, HIGHEST + 1) if n != today.of(axis)]
    made = [
        _trial(populations, pairs, patterns, whole, _with(today, axis, least), axis, least) for axis, least in changes
    ]

    def rank(trial: ThresholdTrial) -> tuple[float, int]:
        away = 0 if trial.axis is None else abs(trial.least - today.of(trial.axis))
        return -(trial.agreement.rate or 0.0), away

    return sorted(made, key=rank)


def _with(today: Thresholds, axis: Axis | None, least: int) -> Thresholds:
    return today if axis is None else today.model_copy(update={axis: least})


def _trial(
    populations: Sequence[LotPopulation],
    pairs: Sequence[JudgedPair],
    patterns: Counter[FinalScores],
    whole: bool,
    then: Thresholds,
    axis: Axis | None,
    least: int,
) -> ThresholdTrial:
    passes = {final: final.would_pass(then) for final in patterns}
    kept, lost, agreement = AnswerCount(populations), AnswerCount(populations), AnswerCount(populations)
    kept.add((pair.item, not pair.right if passes[pair.final] and not pair.passed else None) for pair in pairs)
    lost.add((pair.item, pair.right if pair.passed and not passes[pair.final] else None) for pair in pairs)
    agreement.add((pair.item, passes[pair.final] == pair.right) for pair in pairs)
    wrong, right = kept.share(), lost.share()
    more, fewer = wrong.rows, right.rows
    if whole:
        more = float(sum(n for final, n in patterns.items() if passes[final] and not final.passed))
        fewer = float(sum(n for final, n in patterns.items() if final.passed and not passes[final]))
    return ThresholdTrial(axis, least, more, fewer, wrong, right, agreement.share(), whole)
