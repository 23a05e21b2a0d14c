"""A prompt of `rl/3` as trainers of groups take it: its references, its words, what the reward needs.

In: the columns of a row of `rl`. Out: `GroupPrompt`; the columns that reach a reward function, flat, under the names that
`training.rewards.adapters` reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.export.parts import PLACEHOLDER
from training.export.problem import ExportProblem


@dataclass(frozen=True, slots=True)
class GroupPrompt:
    """A prompt: encoded references in order, the words after them, and all columns of its row."""

    images: tuple[bytes, ...]
    text: str
    columns: Mapping[str, Any]


def read_prompt(columns: Mapping[str, Any], where: str) -> GroupPrompt:
    """The prompt of a row of `rl`. Raises ExportProblem where its text and its images do not match."""
    try:
        (message,) = columns["prompt"]
        text, images = message["content"], tuple(cell["bytes"] for cell in columns["images"])
        columns["reward_model"]["ground_truth"], columns["extra_info"]["id"], columns["data_source"], columns["ability"]
    except (KeyError, TypeError, ValueError) as error:
        raise ExportProblem(f"{where}: this is no row of rl ({error}); run `x2i verify` on its folder") from error
    *before, words = text.split(PLACEHOLDER)
    if any(before) or len(before) != len(images):
        raise ExportProblem(
            f"{where}: {len(before)} times {PLACEHOLDER} and {len(images)} images; the references stand first, each once"
        )
    return GroupPrompt(images, words, columns)


def reward_columns(prompt: GroupPrompt) -> dict[str, Any]:
    """What a reward needs beside prompt and images, flat: `id`, `data_source`, `ability`, and `ground_truth` (JSON)."""
    columns = prompt.columns
    return {
        "id": columns["extra_info"]["id"],
        "data_source": columns["data_source"],
        "ability": columns["ability"],
        "ground_truth": columns["reward_model"]["ground_truth"],
    }
