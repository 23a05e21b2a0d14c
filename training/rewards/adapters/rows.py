"""The columns of an RL row as trainers hand them to reward functions: a list for each column, a value for each completion.

In: columns. Out: what a reward needs of one row.
"""

from collections.abc import Mapping, Sequence
from typing import Any


def of_row(columns: Mapping[str, Sequence[Any]], n: int) -> dict[str, Any]:
    """What the columns hold for completion `n`: `ground_truth`, `references`, `info`, `id`, `answer_images`; None where nothing.

    The columns are those of verl's RL rows, `reward_model`, `extra_info` and `images`; or `ground_truth` or `solution`, and
    `prompt_id`, where a trainer takes no structs.
    """
    model, info = _at(columns, "reward_model", n) or {}, _at(columns, "extra_info", n) or {}
    truth = model.get("ground_truth") or _at(columns, "ground_truth", n) or _at(columns, "solution", n)
    references = _at(columns, "images", n) if "images" in columns else None
    single = _at(columns, "image", n) if "image" in columns else None
    return {
        "ground_truth": truth,
        "references": [single] if references is None and single is not None else references,
        "info": info,
        "id": info.get("id") or _at(columns, "id", n),
        "answer_images": _at(columns, "answer_images", n),
    }


def id_of(row: Mapping[str, Any], prompt: Any) -> str:
    """By what a prompt is told from others of a step: its id, else its words."""
    return str(row["id"]) if row.get("id") else repr(prompt)


def _at(columns: Mapping[str, Sequence[Any]], name: str, n: int) -> Any:
    column = columns.get(name)
    return None if column is None else column[n]
