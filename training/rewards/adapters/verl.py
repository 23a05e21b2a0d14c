"""Rewards for verl: `reward.custom_reward_function.path=pkg://training.rewards.adapters.verl`, `...name=compute_score`.

In: one response with the fields of its RL row. Out: its score, and what it consists of. verl's reward loop has all responses of a
batch scored at once, so that they can wait for each other. Managers of old that score one after the other cannot: there
`compute_scores` takes a whole batch, by the manager `batch`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from training.rewards.adapters.client import MOST_THREADS, AnswerSent, RewardClient, group_name, group_size
from training.rewards.adapters.parts import parts_of, prompt_of

KNOWN = ("total", "format", "images", "competitive", "passed")
"""What is said of every answer: verl wants the same keys of all of them."""


async def compute_score(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> dict[str, float]:
    """The score of one response, once its group is whole (X2I_GROUP_SIZE: `rollout.n`)."""
    sent = _sent(solution_str, ground_truth, extra_info, None)
    loop = asyncio.get_running_loop()
    # threads of its own: asyncio's are too few for a batch in which all wait for each other
    return _score(await loop.run_in_executor(_threads(), RewardClient.of_environment().reward, sent))


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None],
    **_: Any,
) -> list[dict[str, float]]:
    """The scores of a batch, in order."""
    names = [_group(truth, info) for truth, info in zip(ground_truths, extra_infos, strict=True)]
    rows = zip(solution_strs, ground_truths, extra_infos, strict=True)
    return list(map(_score, RewardClient.of_environment().rewards([_sent(*row, names) for row in rows])))


def _sent(text: str, truth: Any, info: Mapping[str, Any] | None, names: Sequence[str] | None) -> AnswerSent:
    """`info` may hold what an agent loop adds to it: `answer_parts`, or `answer_images` beside a text with `<image>` in it; and
    `references` where the row's own are not at hand."""
    info = info or {}
    parts = info.get("answer_parts")
    answer = parts_of(text, info.get("answer_images")) if parts is None else parts_of(list(parts))
    prompt = prompt_of(truth, info.get("references"), info.get("id"), info)
    name = _group(truth, info)
    return AnswerSent(prompt, answer, name, group_size(names, name))


def _group(truth: Any, info: Mapping[str, Any] | None) -> str:
    info = info or {}
    return group_name(str(info.get("id") or truth), info.get("global_steps", 0))


def _score(scored: Mapping[str, Any]) -> dict[str, float]:
    return {"score": float(scored["reward"]), **{name: float(scored[name]) for name in KNOWN}}


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, "reward")
