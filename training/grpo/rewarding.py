"""The rewards of a step: answers read again, judged, scored group by group.

In: prompts, sampled answers (a group after the other), a judge. Out: `RewardedStep`: an advantage for each answer, and what a log
says.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.rung import Recipe
from training.grpo.judge import Judge
from training.grpo.sampling import Sampled
from training.grpo.settings import GrpoSettings
from training.render.answer import ParsedAnswer
from training.render.parse import parse
from training.render.tokenizers import ImageTokenizer
from training.rewards.rl_rows import RlPrompt
from training.rewards.rollout import Rollout
from training.rewards.score import GroupScores, score_groups
from training.trainee.model import Trainee


class RewardDesk(Protocol):
    """What rewarding needs of a run."""

    trainee: Trainee
    judge: Judge
    images: ImageTokenizer
    recipe: Recipe
    settings: GrpoSettings


@dataclass(frozen=True)
class RewardedStep:
    """The answers of a step, what the judge said of them, and the scores of their groups."""

    answers: tuple[ParsedAnswer, ...]
    rollouts: tuple[Rollout, ...]
    scores: tuple[GroupScores, ...]

    @property
    def advantages(self) -> NDArray[np.float64]:
        """Of all answers, in order."""
        return np.concatenate([group.advantages for group in self.scores])

    def summary(self) -> dict[str, Any]:
        """The means of a step. `images`: per answer; `modes`: how many answers are in which, malformed ones included."""
        modes = Counter(answer.mode or "malformed" for answer in self.answers)
        means = {
            name: _mean(np.concatenate([getattr(group, name) for group in self.scores]))
            for name in ("images", "rewards", "totals", "outcome", "form", "steps")
        }
        means["step_rewards"] = means.pop("steps")
        passed = sum(rollout.passed for rollout in self.rollouts) / len(self.rollouts)
        return {**means, "passed": passed, "answers": len(self.answers), "modes": dict(sorted(modes.items()))}


def reward(prompts: Sequence[RlPrompt], sampled: Sequence[Sampled], desk: RewardDesk) -> RewardedStep:
    """The rewards of `sampled`, `settings.group` answers to each prompt in order. Raises Unscored, and what the judge raises."""
    size = desk.settings.group
    answers: list[ParsedAnswer] = []
    groups: list[Sequence[Rollout]] = []
    for n, prompt in enumerate(prompts):
        axes = prompt.asked.applicable_axes
        group = [
            parse(one.answer, desk.images, desk.trainee.grammar, desk.recipe, axes=axes)
            for one in sampled[n * size : (n + 1) * size]
        ]
        answers += group
        groups.append(desk.judge(prompt, group))
    scores = score_groups(groups, desk.settings.rewards, desk.recipe)
    return RewardedStep(tuple(answers), tuple(rollout for group in groups for rollout in group), scores)


def _mean(values: NDArray[Any]) -> float | None:
    """The mean of what is scored; None where nothing is."""
    scored = values[~np.isnan(values.astype(np.float64))]
    return float(scored.mean()) if len(scored) else None
