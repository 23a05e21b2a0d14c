"""ms-swift (4.2 or newer): lines of JSON beside image files.

In: rows of `traj/2`, or prompts of `rl/3`. Out: `SPLIT.jsonl` and `images/`. One assistant message is one segment with its own
`loss` and, where that is a fraction, `loss_scale`. Images are plain files: an image column that `datasets` decodes would be encoded
again by ms-swift's preprocessor (JPEGs at half their size).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from training.export.parts import CARRIED, PLACEHOLDER, ChatPart, carry, parts_of, restore, shown_images
from training.export.place import ExportPlace
from training.export.problem import ExportProblem
from training.export.prompts import GroupPrompt, reward_columns
from training.export.sinks import keep_image, write_lines
from training.row import TrainingRow


def write_sft(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split; returns how many."""
    return write_lines(place.folder / f"{split}.jsonl", (line_of(row, place) for row in rows))


def line_of(row: TrainingRow, place: ExportPlace) -> dict[str, Any]:
    """The line of a row; its images are written."""
    parts = parts_of(row)
    given = "".join(_text(part) for part in parts if part.role == "user")
    messages = [{"role": "user", "content": given}, *(_message(part) for part in parts if part.role == "assistant")]
    return {
        "messages": messages,
        "images": [_path(data, place) for data in shown_images(row)],
        CARRIED: carry(row),
    }


def _message(part: ChatPart) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _text(part), "loss": part.loss > 0}
    return message if part.loss in (0, 1) else {**message, "loss_scale": part.loss}


def _text(part: ChatPart) -> str:
    return PLACEHOLDER if part.text is None else part.text


def _path(data: bytes, place: ExportPlace) -> str:
    return str(place.final / "images" / keep_image(place.folder / "images", data))


def read_sft(path: Path) -> Iterator[TrainingRow]:
    """The rows of a file that `write_sft` wrote. Raises ExportProblem."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            columns = json.loads(line)
            images = [Path(name).read_bytes() for name in columns["images"]]
            yield restore(_parts(columns["messages"]), images, columns[CARRIED], f"{path}: line {number}")


def _parts(messages: Iterable[Mapping[str, Any]]) -> list[ChatPart]:
    parts: list[ChatPart] = []
    for message in messages:
        if message["role"] == "user":
            *before, words = message["content"].split(PLACEHOLDER)
            if any(before):
                raise ExportProblem("a reference stands after the instruction; this reads what it wrote itself")
            parts += [ChatPart("user", None, 0.0) for _ in before] + [ChatPart("user", words, 0.0)]
            continue
        content = message["content"]
        loss = message.get("loss_scale") or float(message["loss"])
        parts.append(ChatPart("assistant", None if content == PLACEHOLDER else content, loss))
    return parts


def write_grpo(split: str, prompts: Iterable[GroupPrompt], place: ExportPlace) -> int:
    """Write the prompts of a split; returns how many. Other columns reach the reward as keyword arguments."""
    return write_lines(place.folder / f"{split}.jsonl", (_prompt(prompt, place) for prompt in prompts))


def _prompt(prompt: GroupPrompt, place: ExportPlace) -> dict[str, Any]:
    text = PLACEHOLDER * len(prompt.images) + prompt.text
    return {
        "messages": [{"role": "user", "content": text}],
        "images": [_path(data, place) for data in prompt.images],
        **reward_columns(prompt),
    }
