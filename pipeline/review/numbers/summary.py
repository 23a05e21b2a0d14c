"""All numbers of a review at one moment.

In: populations, resolutions, gold answers, the Analyzer's final scores by sample id. Out: `ReviewNumbers`. Decisions about lots
are apart (`decisions.decide`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.review.numbers.acceptance import StratumShare, by_stratum, count_accepted, overall, settled
from pipeline.review.numbers.analyzer import AnalyzerNumbers, compare, judged_pairs
from pipeline.review.numbers.corrected import CorrectedShare, correct
from pipeline.review.numbers.raters import RaterAgreement, agreements
from pipeline.review.numbers.reviewers import GoldErrors, ReviewerNumbers, by_reviewer, gold_errors
from pipeline.review.numbers.scored import FinalScores
from pipeline.review.numbers.thresholds import ThresholdTrial, trials
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import GoldAnswer, LotPopulation, Resolution
from stages.policy import Thresholds


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """`items` in the queue; `settled` of them are done, `disputed` and `unsure` ones wait for a lead, `begun` for a second
    judge.
    """

    items: int
    settled: int
    disputed: int
    unsure: int
    begun: int

    @property
    def untouched(self) -> int:
        """Items of which nobody said anything yet."""
        return self.items - self.settled - self.disputed - self.unsure - self.begun


@dataclass(frozen=True, slots=True)
class ReviewNumbers:
    """`overall`: of the rows that shards hold, the share that people accept; `lost`: the same of discarded and failed rows.

    `strata`: by name of the stratum (lot, mode, category, margin, generator, source) its values; `lost_strata` those of lost rows.
    `agreement`: of the `whole` opinion, the `result` and the `reasoning`. `gold`: everybody's errors together. `analyzer`: the
    whole verdict, then axes; empty without scores. `precision`: the Analyzer's, corrected for reviewers' errors; None where
    these are not measured. `thresholds`: what others would have kept, the best match first.
    """

    progress: ReviewProgress
    overall: WeightedShare
    lost: WeightedShare
    strata: Mapping[str, Sequence[StratumShare]]
    lost_strata: Mapping[str, Sequence[StratumShare]]
    agreement: Mapping[str, RaterAgreement]
    reviewers: Sequence[ReviewerNumbers]
    gold: GoldErrors
    analyzer: Sequence[AnalyzerNumbers] = field(default=())
    precision: CorrectedShare | None = None
    thresholds: Sequence[ThresholdTrial] = field(default=())


def summarise(
    populations: Iterable[LotPopulation],
    resolutions: Iterable[Resolution],
    gold_answers: Iterable[GoldAnswer] = (),
    scores: Mapping[str, FinalScores | None] | None = None,
    thresholds: Thresholds | None = None,
) -> ReviewNumbers:
    """The numbers of a review. `thresholds` are those of the build's policy; None: the defaults of the policy."""
    all_lots, resolved, answers = list(populations), list(resolutions), list(gold_answers)
    count = count_accepted(all_lots, resolved)
    analyzer: Sequence[AnalyzerNumbers] = ()
    changes: Sequence[ThresholdTrial] = ()
    errors = gold_errors(answers)
    if scores:
        pairs = judged_pairs(resolved, scores)
        analyzer = compare(all_lots, pairs)
        changes = trials(all_lots, pairs, scores, thresholds or Thresholds())
    return ReviewNumbers(
        progress_of(resolved),
        overall(count, lost=False),
        overall(count, lost=True),
        by_stratum(count, lost=False),
        by_stratum(count, lost=True),
        agreements(resolved),
        by_reviewer(resolved, answers),
        errors,
        analyzer,
        correct(analyzer[0].precision, errors) if analyzer else None,
        changes,
    )


def progress_of(resolutions: Sequence[Resolution]) -> ReviewProgress:
    """How far the queue is."""
    done = sum(map(settled, resolutions))
    disputed = sum(r.disputed for r in resolutions)
    unsure = sum(r.opinion == "unsure" and not r.adjudicated and not r.disputed for r in resolutions)
    begun = sum(bool(r.verdicts) and r.opinion is None and not r.disputed for r in resolutions)
    return ReviewProgress(len(resolutions), done, disputed, unsure, begun)
