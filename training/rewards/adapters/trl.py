"""Rewards for TRL's GRPOTrainer: `GRPOTrainer(reward_funcs=[ladder_reward], ...)`.

In: prompts and completions, and the columns of the RL rows (`reward_model`, `extra_info`, `images`). Out: a reward each. A group
that TRL has spread over several devices is whole at the server; X2I_GROUP_SIZE has to say how large it is (`num_generations`).
"""

from collections.abc import Callable, Sequence
from typing import Any

from training.rewards.adapters.client import AnswerSent, RewardClient, group_name, group_size
from training.rewards.adapters.parts import parts_of, prompt_of
from training.rewards.adapters.rows import id_of, of_row

SHOWN = ("total", "images", "outcome", "format", "steps", "competitive", "passed")
"""What is logged of a reward beside the reward itself."""


def ladder_reward(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    completion_ids: Sequence[Any] | None = None,
    trainer_state: Any = None,
    log_extra: Callable[[str, list[Any]], None] | None = None,
    log_metric: Callable[[str, float], None] | None = None,
    environments: Sequence[Any] | None = None,
    **columns: Sequence[Any],
) -> list[float | None]:
    """The reward of each completion.

    The images of an answer stand in the completion itself, as blocks {"type": "image", "image": ...}, or beside a text with
    `<image>` in it: in the column `answer_images`, or in `environments[n].answer_images`.
    """
    step = getattr(trainer_state, "global_step", 0)
    rows = [of_row(columns, n) for n in range(len(completions))]
    groups = [group_name(id_of(row, prompts[n]), step) for n, row in enumerate(rows)]
    sent = []
    for n, (row, completion) in enumerate(zip(rows, completions, strict=True)):
        images = row.get("answer_images")
        if environments is not None:
            images = getattr(environments[n], "answer_images", images)
        prompt = prompt_of(row.get("ground_truth"), row.get("references"), row.get("id"), row.get("info"))
        sent.append(AnswerSent(prompt, parts_of(completion, images), groups[n], group_size(groups, groups[n])))
    scored = RewardClient.of_environment().rewards(sent)
    _log(scored, log_extra, log_metric)
    return [one["reward"] for one in scored]


def _log(scored: Sequence[dict[str, Any]], log_extra: Any, log_metric: Any) -> None:
    for name in SHOWN:
        values = [one[name] for one in scored]
        if log_extra is not None:
            log_extra(f"ladder_{name}", values)
        known = [float(value) for value in values if value is not None]
        if log_metric is not None and known:
            log_metric(f"ladder/{name}", sum(known) / len(known))
