"""Collators for TRL's SFTTrainer: labels by the mask of each segment, which TRL's own collators know nothing of.

In: rows of `x2i export --to trl`, as `datasets` reads them. Out: batches with `input_ids`, `attention_mask` and `labels` (-100
where masked), padded on the right.

    TokenCollator      models whose vocabulary holds the codes of images (Emu3): texts and images are trained
    ProcessorCollator  models that read images by a processor (Qwen-VL and the like): texts are trained, images shown

The trainer needs `remove_unused_columns=False` and `dataset_kwargs={"skip_prepare_dataset": True}`. torch is imported when a
batch is made.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.export import trl
from training.export.parts import CARRIED
from training.export.problem import ExportProblem
from training.render.grammar import TokenGrammar
from training.render.render import render
from training.render.rendered import IGNORED
from training.render.tokenizers import ImageTokenizer

_COLUMNS = ("images", "trajectory", "segment_loss", CARRIED)
_MARK = "\ue000"
_CUT = re.compile(f"{_MARK}(-?[0-9]+){_MARK}")
_TEMPLATE = -1
"""The owner of what the chat template adds."""
_ALIGNED = ("mm_token_type_ids", "token_type_ids")
_OWN = ("input_ids", "attention_mask", *_ALIGNED)

Example = Mapping[str, Any]


def check_columns(example: Example) -> None:
    """Raises ExportProblem where the columns of the mask are missing: without them everything would be trained."""
    if missing := [name for name in _COLUMNS if name not in example]:
        raise ExportProblem(
            f"a row has no {', '.join(missing)}: take rows of `x2i export --to trl`, and give SFTConfig "
            "remove_unused_columns=False and dataset_kwargs={'skip_prepare_dataset': True}"
        )
    blocks = sum(len(message["content"]) for message in example["trajectory"])
    if blocks != len(example["segment_loss"]):
        raise ExportProblem(f"a row has {blocks} blocks and {len(example['segment_loss'])} losses; export it again")
    if any(loss not in (0, 1) for loss in example["segment_loss"]):
        raise ExportProblem("a loss is neither 0 nor 1, and TRL knows no weights; round them before")


@dataclass(frozen=True)
class TokenCollator:
    """Batches of rows as tokens of one vocabulary. `pad`: the id that fills them up."""

    grammar: TokenGrammar
    images: ImageTokenizer
    pad: int

    def __call__(self, examples: Sequence[Example]) -> dict[str, Any]:
        """A batch. Raises ExportProblem."""
        rows = []
        for example in examples:
            check_columns(example)
            rendered = render(trl.row_of(example, f"row {example.get('id')}"), self.grammar, self.images)
            rows.append((rendered.input_ids.tolist(), rendered.labels.tolist()))
        return _padded([ids for ids, _ in rows], [labels for _, labels in rows], self.pad)


@dataclass
class _Tokens:
    """The tokens of one row so far, and what its images are to the model."""

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    aligned: dict[str, list[int]] = field(default_factory=dict)
    pixels: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProcessorCollator:
    """Batches for models that read images by a processor with a chat template.

    Such models draw none: a row that trains an image is refused, unless `texts_only` says that its texts shall be trained alone.
    """

    processor: Any
    texts_only: bool = False

    def __call__(self, examples: Sequence[Example]) -> dict[str, Any]:
        """A batch. Raises ExportProblem."""
        import torch

        rows = [self._row(example) for example in examples]
        pad = self.processor.tokenizer.pad_token_id or 0
        batch = _padded([row.ids for row in rows], [row.labels for row in rows], pad)
        for name in {name for row in rows for name in row.pixels}:
            batch[name] = torch.cat([tensor for row in rows for tensor in row.pixels.get(name, ())])
        width = batch["input_ids"].shape[1]
        for name in {name for row in rows for name in row.aligned}:
            values = [row.aligned.get(name, [0] * len(row.ids)) for row in rows]
            batch[name] = torch.tensor([value + [0] * (width - len(value)) for value in values])
        return batch

    def _row(self, example: Example) -> _Tokens:
        check_columns(example)
        blocks = [block for message in example["trajectory"] for block in message["content"]]
        losses = example["segment_loss"]
        if not self.texts_only and any(loss and b["type"] == "image" for b, loss in zip(blocks, losses, strict=True)):
            raise ExportProblem(
                "a row trains an image, which this model cannot draw; texts_only=True trains its texts alone"
            )
        images = iter(example["images"])
        tokens, start, owner = _Tokens(), 0, _TEMPLATE
        for owner, text in self._pieces(example["trajectory"]):
            if owner != _TEMPLATE and blocks[owner]["type"] == "image":
                self._put_image(tokens, text, next(images)["bytes"])
            else:
                start = len(tokens.ids)
                self._put_text(tokens, text, owner != _TEMPLATE and losses[owner] > 0)
        if json.loads(example[CARRIED])["segments"][-1]["next_special"] == "end" and owner == _TEMPLATE:
            # the first token after an answer ends it, and is trained as rendering has it
            tokens.labels[start] = tokens.ids[start]
        return tokens

    def _pieces(self, messages: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
        """The text that the chat template makes, cut where a block begins or a turn ends; each piece with its block."""
        marked, number = [], 0
        for message in messages:
            content: list[dict[str, Any]] = []
            for block in message["content"]:
                if _MARK in (block["text"] or ""):
                    raise ExportProblem(
                        "a text holds U+E000, by which this collator tells texts apart; leave the row out"
                    )
                shown = {"type": "image"} if block["type"] == "image" else {"type": "text", "text": block["text"]}
                content += [{"type": "text", "text": f"{_MARK}{number}{_MARK}"}, shown]
                number += 1
            content.append({"type": "text", "text": f"{_MARK}{_TEMPLATE}{_MARK}"})
            marked.append({"role": message["role"], "content": content})
        text = self.processor.apply_chat_template(marked, tokenize=False, add_generation_prompt=False)
        first, *rest = _CUT.split(text)
        pieces = [(_TEMPLATE, first), *zip(map(int, rest[::2]), rest[1::2], strict=True)]
        owners = [owner for owner, _ in pieces if owner != _TEMPLATE]
        if owners != list(range(number)):
            raise ExportProblem(
                "the chat template leaves blocks out or moves them; give one that writes each block in its place"
            )
        return [(owner, piece) for owner, piece in pieces if piece]

    def _put_text(self, tokens: _Tokens, text: str, trained: bool) -> None:
        ids = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        tokens.ids += ids
        tokens.labels += ids if trained else [IGNORED] * len(ids)
        for values in tokens.aligned.values():
            values += [0] * len(ids)

    def _put_image(self, tokens: _Tokens, text: str, data: bytes) -> None:
        from PIL import Image

        picture = Image.open(io.BytesIO(data)).convert("RGB")
        made = self.processor(text=[text], images=[picture], add_special_tokens=False, return_tensors="pt")
        ids = made["input_ids"][0].tolist()
        for name in _ALIGNED:
            if name in made:
                tokens.aligned.setdefault(name, [0] * len(tokens.ids)).extend(made[name][0].tolist())
        tokens.ids += ids
        tokens.labels += [IGNORED] * len(ids)
        for name, tensor in made.items():
            if name not in _OWN:
                tokens.pixels.setdefault(name, []).append(tensor)


def _padded(ids: Sequence[list[int]], labels: Sequence[list[int]], pad: int) -> dict[str, Any]:
    import torch

    width = max(map(len, ids))
    return {
        "input_ids": torch.tensor([one + [pad] * (width - len(one)) for one in ids]),
        "attention_mask": torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in ids]),
        "labels": torch.tensor([one + [IGNORED] * (width - len(one)) for one in labels]),
    }
