"""The rewards of a group: all terms of each trajectory, the penalty among them, and their advantages.

In: rollouts of one prompt (or several such groups at once), settings, and the ladder whose answers are valid. Out: `GroupScores`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from stages.answers import mode_of
from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from training.rewards.rollout import Rollout, rollout_of
from training.rewards.settings import PAPER, RewardSettings
from training.rewards.terms import Bools, Floats, Ints, advantages, competitive, penalised, scaled, total


class Unscored(ValueError):
    """A rollout whose reward cannot be known: its image, or its intermediate texts, were not judged."""


@dataclass(frozen=True, eq=False, slots=True)
class GroupScores:
    """Arrays of one number for each trajectory of a group, in their order.

    `outcome`, `form`, `steps`: the terms, 0 to 1, NaN where nothing is to score. `totals`: their weighted mean; 0 for an answer
    without an image. `images`: N. `competitive`: who competes for the fewest images. `rewards`: after the penalty.
    """

    outcome: Floats
    form: Floats
    steps: Floats
    totals: Floats
    images: Ints
    competitive: Bools
    rewards: Floats
    advantages: Floats

    def inversions(self) -> tuple[tuple[int, int], ...]:
        """Pairs (a, b): a's total is above b's and a competes, b does not, and yet the penalty puts a below b."""
        pairs = ((int(a), int(b)) for a in np.flatnonzero(self.competitive) for b in np.flatnonzero(~self.competitive))
        return tuple((a, b) for a, b in pairs if self.totals[a] > self.totals[b] and self.rewards[a] < self.rewards[b])


def score_group(
    group: Sequence[Rollout | Trajectory],
    settings: RewardSettings = PAPER,
    recipe: Recipe | None = None,
) -> GroupScores:
    """The scores of one group; `recipe` is by default the ladder of the paper. Raises Unscored, ValueError for an empty group."""
    return score_groups([group], settings, recipe)[0]


def score_groups(
    groups: Sequence[Sequence[Rollout | Trajectory]],
    settings: RewardSettings = PAPER,
    recipe: Recipe | None = None,
) -> tuple[GroupScores, ...]:
    """The scores of several groups, computed together. Raises Unscored, ValueError for an empty group."""
    sizes = [len(group) for group in groups]
    if 0 in sizes:
        raise ValueError(f"group {sizes.index(0)} is empty; a group has at least one trajectory")
    flat = [one if isinstance(one, Rollout) else rollout_of(one) for group in groups for one in group]
    every = _score(flat, np.repeat(np.arange(len(groups)), sizes), settings, recipe or read_recipe(Policy()))
    ends = np.cumsum(sizes)[:-1]
    columns = [np.split(getattr(every, field.name), ends) for field in fields(GroupScores)]
    return tuple(GroupScores(*parts) for parts in zip(*columns, strict=True))


def _score(rollouts: Sequence[Rollout], group: Ints, settings: RewardSettings, recipe: Recipe) -> GroupScores:
    outcome = np.array([_outcome(rollout, settings) for rollout in rollouts])
    form = np.array([float(mode_of(recipe, rollout.letters)[0] is not None) for rollout in rollouts])
    steps = np.array([_steps(rollout, settings) for rollout in rollouts])
    images = np.array([rollout.images for rollout in rollouts], dtype=np.int64)
    drew = images > 0
    # without an image nothing is left to score: the reward is 0 by rule, whatever was thought
    totals = np.where(drew, total(np.where(drew, outcome, 0.0), form, steps, settings.weights), 0.0)
    eligible = drew
    if settings.competitive_requires_pass:
        eligible = drew & np.array([rollout.passed for rollout in rollouts])
    among = competitive(totals, eligible, group, settings.eps)
    rewards = penalised(totals, images, among, group, settings.penalty)
    return GroupScores(outcome, form, steps, totals, images, among, rewards, advantages(rewards, group))


def _outcome(rollout: Rollout, settings: RewardSettings) -> float:
    """R_o: the mean of the applicable axes; NaN without an image."""
    if not rollout.images:
        return np.nan
    if not rollout.outcome:
        raise Unscored(f"{rollout.name or 'a rollout'} made an image that nobody judged against the whole instruction")
    return float(scaled(np.array(rollout.outcome, dtype=np.float64), settings.scaling).mean())


def _steps(rollout: Rollout, settings: RewardSettings) -> float:
    """R_s: the mean over the intermediate texts; NaN where there are none, or where they do not count."""
    if not rollout.thoughts or not settings.weights.steps:
        return np.nan
    if not rollout.steps:
        raise Unscored(
            f"{rollout.name or 'a rollout'} holds {rollout.thoughts} intermediate texts that nobody judged; "
            "have them judged, or give steps the weight 0"
        )
    return float(np.mean(rollout.steps))
