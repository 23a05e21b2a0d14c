"""A tiny Emu3 with words of the dialects, images whose tokens are known, and shards of rows.

In: rows. Out: folders to train on and from.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import Emu3ForConditionalGeneration

from tests.engines.tiny_vlm import tiny_emu3
from tests.training.loader.shards import write_file
from training.render.tokenizers import ImageTokens
from training.row import TrainingRow

CODES = 32
_FIRST = "<|visual token 000000|>"


def tiny_trainee(folder: Path, rows: list[TrainingRow], size: int = 640, bias=None) -> Path:
    """A tiny Emu3 whose vocabulary has the words of these rows, with plain random weights where there is no `bias`."""
    made = tiny_emu3(folder, bias, [s.text for row in rows for s in row.segments if s.text] * 4, size)
    if bias is None:
        # the coordinate that carries a bias drowns the others, and a model that is to learn needs them
        model = Emu3ForConditionalGeneration.from_pretrained(made)
        torch.manual_seed(0)
        for weights in (model.get_input_embeddings().weight, model.get_output_embeddings().weight):
            torch.nn.init.normal_(weights, std=0.02)
        model.save_pretrained(made)
    return made


def written(folder: Path, rows: list[TrainingRow]) -> str:
    """These rows as shards."""
    write_file(folder / "train-00000-of-00001.parquet", [rows[n : n + 16] for n in range(0, len(rows), 16)])
    return str(folder)


@dataclass(frozen=True)
class Shades:
    """Images of `CODES` shades of grey: a token is the shade of a pixel, so that any tokens can be asked for.

    `first` is the id of the darkest one.
    """

    first: int

    def encode(self, image_bytes: bytes) -> ImageTokens:
        grid = np.asarray(Image.open(io.BytesIO(image_bytes)).convert("L"), dtype=np.int64) // 8
        return ImageTokens(tuple((grid + self.first).ravel().tolist()), *grid.shape)

    def decode(self, tokens: ImageTokens) -> bytes:
        return picture(tokens.grid - self.first)


def shades(tokenizer) -> Shades:
    """The images of a tokenizer of `tiny_emu3`."""
    return Shades(tokenizer.convert_tokens_to_ids(_FIRST))


def picture(codes) -> bytes:
    """The image of these codes [rows, columns], as PNG."""
    out = io.BytesIO()
    Image.fromarray((np.asarray(codes) * 8 + 4).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
