"""What the Analyzer finally said of a row.

In: a trajectory. Out: `FinalScores`, of the verdict on its last image against the original instruction; None where the last image
was judged against a sub-task or not at all: a person who looks at it judges something else. And `KnownScores`, those of a build.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from stages.policy import Thresholds
from stages.records import Axis, Evaluation, Score
from stages.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class FinalScores:
    """The scores of 1 to 5 on the axes that apply, and whether the row passed. `ruled_out`: it failed by a rule, not by a
    score.
    """

    scores: tuple[Score, ...]
    passed: bool
    ruled_out: bool = False

    def score(self, axis: Axis) -> Score | None:
        """The score on an axis; None where it does not apply."""
        return next((score for score in self.scores if score.axis == axis), None)

    def would_pass(self, thresholds: Thresholds) -> bool:
        """Whether it would pass with other thresholds. A rule, such as that of the aspect ratio, stays one."""
        return not self.ruled_out and all(s.score >= thresholds.of(s.axis) for s in self.scores)


def scores_of(verdict: Evaluation, thresholds: Thresholds) -> FinalScores:
    """The scores of a verdict that was given with `thresholds`."""
    scores = tuple(Score(a.axis, a.score, a.passed) for a in verdict.axes)
    reached = all(s.score >= thresholds.of(s.axis) for s in scores)
    by_rule = verdict.unchanged is not None or (reached and not verdict.passed)
    return FinalScores(scores, verdict.passed, by_rule)


def final_scores(t: Trajectory, thresholds: Thresholds) -> FinalScores | None:
    """The scores of the last image that a reviewer of `t` judges."""
    for event in reversed([e for e in t.events if e.try_number == t.candidate]):
        if isinstance(event.payload, Evaluation):
            return scores_of(event.payload, thresholds) if event.against == "original" else None
        if event.kind == "generation":
            return None
    return None


class KnownScores(dict[str, FinalScores | None]):
    """The final scores of a build's rows by sample id; None where the Analyzer said nothing of the image. Fixed once filled."""

    @cached_property
    def patterns(self) -> Counter[FinalScores]:
        """How many rows have the same scores: a build has far fewer patterns than rows."""
        return patterns_of(self)


def patterns_of(scores: Mapping[str, FinalScores | None]) -> Counter[FinalScores]:
    """How many rows have the same scores."""
    return Counter(final for final in scores.values() if final is not None)
