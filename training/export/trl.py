"""TRL (1.16): Parquet with typed content, for SFT with our collator, for GRPO, for DPO.

In: rows of `traj/2`, prompts of `rl/3`, pairs of `pairs/3`. Out: `SPLIT.parquet`.

    sft   `trajectory` holds the messages, `segment_loss` a weight for each of their blocks. TRL's own collators look for `messages`
          and would train every token; here they find none and stop. `training.export.collator` reads these columns
    grpo  `prompt` with an image block for each reference, and no sign for one in its text; `images`; columns for the reward
    dpo   the better of two images named in words: TRL's answers are texts
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from training.export.parts import CARRIED, ChatPart, carry, parts_of, restore, shown_images
from training.export.place import ExportPlace
from training.export.prompts import GroupPrompt, reward_columns
from training.export.shards import read_columns
from training.export.sinks import suffix_of, write_parquet
from training.row import TrainingRow

_S = pa.string()
_BLOCKS = pa.list_(pa.struct([("type", _S), ("text", _S)]))
_MESSAGES = pa.list_(pa.struct([("role", _S), ("content", _BLOCKS)]))
_IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", _S)]))
_DECODED = {"feature": {"_type": "Image"}, "_type": "Sequence"}
"""Images that `datasets` decodes, in the spelling that its versions 3 to 5 read."""
_TEXT = {"dtype": "string", "_type": "Value"}
_TYPED = [{"role": _TEXT, "content": [{"type": _TEXT, "text": _TEXT}]}]

# without Hugging Face types: images stay the bytes they are, whatever `map` does to the rows
_SFT = pa.schema(
    [
        *[("id", _S), ("mode", _S), ("images", _IMAGES), ("trajectory", _MESSAGES)],
        *[("segment_loss", pa.list_(pa.float64())), (CARRIED, _S)],
    ]
)
_REWARD = [(name, _S) for name in ("id", "data_source", "ability", "ground_truth")]
_GRPO = pa.schema([("prompt", _MESSAGES), ("images", _IMAGES), *_REWARD])
_DPO = pa.schema(
    [("id", _S), ("prompt", _MESSAGES), ("images", _IMAGES), ("chosen", _MESSAGES), ("rejected", _MESSAGES)]
)


def _typed(schema: Any, messages: tuple[str, ...]) -> Any:
    """`schema` with the Hugging Face types by which `datasets` decodes its images."""
    features = {name: _TYPED if name in messages else _DECODED if name == "images" else _TEXT for name in schema.names}
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def write_sft(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split; returns how many."""
    return write_parquet(place.folder / f"{split}.parquet", _SFT, map(columns_of, rows))


def columns_of(row: TrainingRow) -> dict[str, Any]:
    """The columns of a row for SFT."""
    parts = parts_of(row)
    return {
        "id": row.id,
        "mode": row.mode,
        "images": _cells(shown_images(row)),
        "trajectory": [_message(role, [p for p in parts if p.role == role]) for role in ("user", "assistant")],
        "segment_loss": [part.loss for part in parts],
        CARRIED: carry(row),
    }


def row_of(columns: Mapping[str, Any], where: str) -> TrainingRow:
    """The row that `columns_of` made these of. Raises ExportProblem."""
    blocks = [(message["role"], block) for message in columns["trajectory"] for block in message["content"]]
    parts = [
        ChatPart(role, block["text"] if block["type"] == "text" else None, float(loss))
        for (role, block), loss in zip(blocks, columns["segment_loss"], strict=True)
    ]
    return restore(parts, [cell["bytes"] for cell in columns["images"]], columns[CARRIED], where)


def read_sft(path: Path) -> Iterator[TrainingRow]:
    """The rows of a file that `write_sft` wrote. Raises ExportProblem."""
    for where, columns in read_columns(path):
        yield row_of(columns, where)


def write_grpo(split: str, prompts: Iterable[GroupPrompt], place: ExportPlace) -> int:
    """Write the prompts of a split; returns how many."""
    return write_parquet(place.folder / f"{split}.parquet", _typed(_GRPO, ("prompt",)), map(_prompt, prompts))


def _prompt(prompt: GroupPrompt) -> dict[str, Any]:
    blocks = [*(_IMAGE_BLOCK for _ in prompt.images), _text(prompt.text)]
    return {
        "prompt": [{"role": "user", "content": blocks}],
        "images": _cells(prompt.images),
        **reward_columns(prompt),
    }


def write_dpo(split: str, pairs: Iterable[Mapping[str, Any]], place: ExportPlace) -> int:
    """Write the pairs of a split; returns how many."""
    schema = _typed(_DPO, ("prompt", "chosen", "rejected"))
    return write_parquet(place.folder / f"{split}.parquet", schema, map(_pair, pairs))


def _pair(pair: Mapping[str, Any]) -> dict[str, Any]:
    references = [cell["bytes"] for cell in pair["references"]]
    better, worse = ("first", "second") if pair["label_0"] > pair["label_1"] else ("second", "first")
    made = "the last two images" if references else "the two images"
    question = f"{pair['caption']}\n\nWhich of {made} does this better, the first or the second?"
    blocks = [*(_IMAGE_BLOCK for _ in range(len(references) + 2)), _text(question)]
    return {
        "id": pair["id"],
        "prompt": [{"role": "user", "content": blocks}],
        "images": _cells([*references, pair["jpg_0"], pair["jpg_1"]]),
        "chosen": [_answer(better)],
        "rejected": [_answer(worse)],
    }


def _answer(place: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [_text(f"The {place} one.")]}


_IMAGE_BLOCK = {"type": "image", "text": None}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _message(role: str, parts: Iterable[ChatPart]) -> dict[str, Any]:
    return {"role": role, "content": [_IMAGE_BLOCK if p.text is None else _text(p.text) for p in parts]}


def _cells(images: Iterable[bytes]) -> list[dict[str, Any]]:
    return [{"bytes": data, "path": f"{n}.{suffix_of(data)}"} for n, data in enumerate(images)]
