"""How far judgements of one image agree: the first with its repetition, the first judge with the second.

In: stories, one at a time (`Agreement.add`). Out: a DataFrame per pair of judgements. Cohen's kappa comes last: where nearly
every image passes, it is low however well two judgements agree; Gwet's AC1 is not.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import krippendorff
import numpy as np
import pandas as pd

from pipeline.output.share import Share
from pipeline.views.story import Story
from stages.records import AXES, Evaluation, Judgement

REPEATED, SECOND = "repeated", "second"
VERDICT = "verdict"
Pair = tuple[bool, bool, int, int]


@dataclass
class Agreement:
    """Counts of pairs of judgements: (what was paired, axis or `verdict`) -> (passed, passed, score, score) -> how many.

    `unchanged` counts the images that failed by rule, since they showed nothing new; `disputed` those that were judged anew.

    A repetition pairs the first two judgements of the first judge: a third is only asked where those two disagree. `verdicts`
    counts all verdicts, `asked` those with more than one judgement.
    """

    verdicts: int = 0
    asked: int = 0
    unchanged: int = 0
    disputed: int = 0
    pairs: dict[tuple[str, str], Counter[Pair]] = field(default_factory=dict)

    def add(self, story: Story) -> None:
        """Count the judgements of one more sample."""
        for event in story.trajectory.events:
            if isinstance(event.payload, Evaluation):
                if event.payload.unchanged is not None:
                    self.unchanged += 1
                    continue
                self.verdicts += 1
                self.disputed += event.payload.dispute is not None
                self.asked += len(event.payload.judgements) > 1
                for name, a, b in _paired(event.payload.judgements):
                    self._note(name, a, b)

    def table(self, name: str) -> pd.DataFrame:
        """One row an axis, `verdict` last: n, raw (a `Share`), ac1, alpha, alpha_scores, kappa; NaN where undefined."""
        rows = [_row(axis, self.pairs[name, axis]) for axis in (*AXES, VERDICT) if (name, axis) in self.pairs]
        return pd.DataFrame(rows, columns=["axis", "n", "raw", "ac1", "alpha", "alpha_scores", "kappa"]).set_index(
            "axis"
        )

    def _note(self, name: str, a: Judgement, b: Judgement) -> None:
        later = {score.axis: score for score in b.scores}
        for first in a.scores:
            if first.axis in later:
                second = later[first.axis]
                pair = first.passed, second.passed, first.score, second.score
                self.pairs.setdefault((name, first.axis), Counter())[pair] += 1
        both = all(s.passed for s in a.scores), all(s.passed for s in b.scores), 0, 0
        self.pairs.setdefault((name, VERDICT), Counter())[both] += 1


def ac1(table: Sequence[Sequence[int]]) -> float:
    """Gwet's AC1 of two judgements with two outcomes, from their 2 x 2 table of counts.

    K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement" (2008), eq. 4-6.
    """
    counts = np.asarray(table, dtype=float)
    n = counts.sum()
    prevalence = (counts.sum(axis=0)[1] + counts.sum(axis=1)[1]) / (2 * n)
    return _corrected(counts.trace() / n, 2 * prevalence * (1 - prevalence))


def kappa(table: Sequence[Sequence[int]]) -> float:
    """Cohen's kappa of two judgements, from their square table of counts; NaN where chance alone would agree always."""
    counts = np.asarray(table, dtype=float)
    n = counts.sum()
    return _corrected(counts.trace() / n, float(counts.sum(axis=0) @ counts.sum(axis=1)) / n**2)


def _corrected(seen: float, chance: float) -> float:
    return float("nan") if chance >= 1 else float((seen - chance) / (1 - chance))


def _row(axis: str, pairs: Counter[Pair]) -> dict[str, object]:
    table = [[sum(n for p, n in pairs.items() if p[:2] == (a, b)) for b in (False, True)] for a in (False, True)]
    return {
        "axis": axis,
        "n": pairs.total(),
        "raw": Share(table[0][0] + table[1][1], pairs.total()),
        "ac1": ac1(table),
        "alpha": _alpha(((int(a), int(b), n) for (a, b, _, _), n in pairs.items()), (0, 1), "nominal"),
        "alpha_scores": float("nan")
        if axis == VERDICT
        else _alpha(((a, b, n) for (_, _, a, b), n in pairs.items()), (1, 2, 3, 4, 5), "ordinal"),
        "kappa": kappa(table),
    }


def _alpha(pairs: Iterator[tuple[int, int, int]], domain: Sequence[int], level: Literal["nominal", "ordinal"]) -> float:
    """Krippendorff's alpha; NaN where all judgements are the same, since alpha is not defined without variation."""
    units = [np.tile([(a == v) + (b == v) for v in domain], (n, 1)) for a, b, n in pairs]
    counts = np.concatenate(units)
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, value_domain=np.array(domain), level_of_measurement=level))


def _paired(judgements: Sequence[Judgement]) -> Iterator[tuple[str, Judgement, Judgement]]:
    first = [j for j in judgements if j.judge == "analyzer"]
    second = [j for j in judgements if j.judge == "second_analyzer"]
    if len(first) > 1:
        yield REPEATED, first[0], first[1]
    if first and second:
        yield SECOND, first[0], second[0]
