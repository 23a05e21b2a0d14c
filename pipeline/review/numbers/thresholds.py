"""What other thresholds of the Analyzer would have kept, replayed from recorded scores without a call.

In: populations, judged pairs, final scores, the thresholds in force. Out: a `ThresholdTrial` for each change of one axis, the
one that matches people best first. A row that would no longer pass would have climbed on: what would have become of it is not
known here (`x2i whatif` replays that), only that it would not have been kept as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.review.numbers.analyzer import JudgedPair
from pipeline.review.numbers.scored import FinalScores, KnownScores, patterns_of
from pipeline.review.numbers.tallying import OTHER, CodedItems
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import LotPopulation
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
    pairs: Sequence[JudgedPair],
    scores: Mapping[str, FinalScores | None],
    today: Thresholds,
) -> list[ThresholdTrial]:
    """Today's thresholds and every change of one axis to which some row has a score, the best match first.

    Of equals the one nearest to today's comes first, so that nothing is changed for nothing.
    """
    patterns = scores.patterns if isinstance(scores, KnownScores) else patterns_of(scores)
    whole = len(scores) == sum(population.size for population in populations)
    replay = _ReplayedScores(populations, [pair for pair in pairs if pair.right.get(None) is not None], patterns, whole)
    changes: list[tuple[Axis | None, int]] = [(None, 0)]
    for axis in AXES:
        if any(final.score(axis) is not None for final in patterns):
            changes += [(axis, n) for n in range(LOWEST, HIGHEST + 1) if n != today.of(axis)]
    made = [replay.trial(today, axis, least) for axis, least in changes]

    def rank(trial: ThresholdTrial) -> tuple[float, int]:
        away = 0 if trial.axis is None else abs(trial.least - today.of(trial.axis))
        return -(trial.agreement.rate or 0.0), away

    return sorted(made, key=rank)


class _ReplayedScores:
    """Judged pairs by the number of their scores' pattern: a threshold moves patterns, not rows."""

    def __init__(
        self,
        populations: Sequence[LotPopulation],
        pairs: Sequence[JudgedPair],
        patterns: Counter[FinalScores],
        whole: bool,
    ) -> None:
        self._items = CodedItems(populations, (pair.item for pair in pairs))
        self._patterns, self._whole = patterns, whole
        numbers = {final: number for number, final in enumerate(patterns)}
        self._numbers = np.array([numbers[pair.final] for pair in pairs], dtype=np.int64)
        self._rows = np.array(list(patterns.values()), dtype=np.int64)
        self._right = np.array([pair.right[None] for pair in pairs], dtype=bool)
        self._passed = np.array([final.passed for final in patterns], dtype=bool)

    def trial(self, today: Thresholds, axis: Axis | None, least: int) -> ThresholdTrial:
        """What happens with `axis` >= `least`."""
        then = today if axis is None else today.model_copy(update={axis: least})
        passes = np.array([final.would_pass(then) for final in self._patterns], dtype=bool)
        before, after = self._passed[self._numbers], passes[self._numbers]
        count = self._items.count_codes
        wrong = count(np.where(after & ~before, ~self._right, OTHER).astype(np.int64)).share()
        right = count(np.where(before & ~after, self._right, OTHER).astype(np.int64)).share()
        more, fewer = wrong.rows, right.rows
        if self._whole:
            more = float(self._rows[passes & ~self._passed].sum())
            fewer = float(self._rows[self._passed & ~passes].sum())
        agreement = count((after == self._right).astype(np.int64)).share()
        return ThresholdTrial(axis, least, more, fewer, wrong, right, agreement, self._whole)
