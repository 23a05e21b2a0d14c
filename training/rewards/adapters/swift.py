"""Rewards for ms-swift's GRPO: `--external_plugins training/rewards/adapters/swift.py --reward_funcs x2i_ladder`.

In: completions, and the columns of the data set. Out: a reward each. Importing this registers the reward, as ms-swift wants it of a
plugin.
"""

from collections.abc import Sequence
from typing import Any

from swift.rewards import ORM, orms

from training.rewards.adapters.client import AnswerSent, RewardClient, group_name, group_size
from training.rewards.adapters.parts import parts_of, prompt_of
from training.rewards.adapters.rows import of_row

NAME = "x2i_ladder"


class LadderReward(ORM):  # type: ignore[misc]
    """The reward of a reward server (X2I_REWARD_URL). A group of several processes needs X2I_GROUP_SIZE (`num_generations`)."""

    def __call__(
        self, completions: Sequence[Any], solution: Any = None, trainer_state: Any = None, **kwargs: Any
    ) -> list[float]:
        """The reward of each completion. `solution` is the ground truth of an RL row, as JSON; the images of an answer stand in
        the completion, or in the column `answer_images` beside a text with `<image>` in it."""
        columns = {**kwargs, **({} if solution is None else {"solution": solution})}
        rows = [of_row(columns, n) for n in range(len(completions))]
        step = getattr(trainer_state, "global_step", 0)
        # ms-swift numbers the prompts of a step itself
        names = kwargs.get("prompt_id") or [row["id"] or row["ground_truth"] for row in rows]
        groups = [group_name(str(name), step) for name in names]
        sent = [
            AnswerSent(
                prompt_of(row["ground_truth"], row["references"], row["id"], row["info"]),
                parts_of(completion, row["answer_images"]),
                group,
                group_size(groups, group),
            )
            for row, completion, group in zip(rows, completions, groups, strict=True)
        ]
        return [float(one["reward"]) for one in RewardClient.of_environment().rewards(sent)]


orms[NAME] = LadderReward
