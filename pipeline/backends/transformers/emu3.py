"""How Emu3 draws: its vocabulary holds the codes of pictures, which it writes line by line after the grid's size.

In: prompts with pictures. Out: pictures at the size asked for, to the next multiple of 8 pixels.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from pipeline.backends.transformers.choosing import Chooser
from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions

TAKES_PICTURES = True
_SIDE = 8
"""Pixels of a token's side."""


class Grid(LogitsProcessor):  # type: ignore[misc]
    """Allows codes of pictures only, and the end of a line only where a line ends."""

    def __init__(self, mapping: Any, columns: int, vocabulary: int, device: Any) -> None:
        self._no_code = torch.ones(vocabulary, dtype=torch.bool, device=device)
        self._no_code[torch.tensor(mapping.image_tokens, device=device)] = False
        self._no_end = torch.ones(vocabulary, dtype=torch.bool, device=device)
        self._no_end[mapping.eol_token_id] = False
        self._columns = columns
        self._drawn = 0

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits of one step, in which all is ruled out that cannot stand here."""
        barred = self._no_end if self._drawn % (self._columns + 1) == self._columns else self._no_code
        self._drawn += 1
        return scores.masked_fill(barred, float("-inf"))


def room(weights: Weights, size: tuple[int, int]) -> int:
    """How many tokens a picture of this size takes."""
    columns, rows = _grid(size)
    return len(opening(weights, size)) + rows * (columns + 1)


def opening(weights: Weights, size: tuple[int, int]) -> list[int]:
    """The tokens that begin a picture."""
    columns, rows = _grid(size)
    processor = weights.processor
    begin = f"{processor.image_start_token}{rows}*{columns}{processor.fake_token_around_image}"
    numbers: list[int] = weights.tokenizer.encode(begin, add_special_tokens=False)
    return numbers


def names(weights: Weights, codes: Sequence[int]) -> list[str]:
    """The codes as the tokenizer names them."""
    tokens: list[str] = weights.tokenizer.convert_ids_to_tokens(codes)
    return tokens


def paint(
    weights: Weights, options: TransformersOptions, inputs: dict[str, Any], size: tuple[int, int], chooser: Chooser
) -> tuple[Any, Any]:
    """See `pipeline.backends.transformers.drawing.FAMILIES`."""
    columns, rows = _grid(size)
    model, count = weights.model, rows * (columns + 1)
    config = deepcopy(model.generation_config)
    config.update(do_sample=False, temperature=None, top_p=None, top_k=None, num_beams=1, max_length=None)
    config.update(max_new_tokens=count, eos_token_id=None, pad_token_id=weights.tokenizer.pad_token_id)
    config.update(guidance_scale=None if options.guidance == 1 else options.guidance)
    against = {} if options.guidance == 1 else _against(weights, options, size, len(inputs["input_ids"]))
    grid = Grid(model.vocabulary_mapping, columns, model.config.text_config.vocab_size, model.device)
    # how it thinks in words (repetition penalties) is no way to draw
    config.update(repetition_penalty=1.0, no_repeat_ngram_size=0)
    written = model.generate(
        **inputs, **against, generation_config=config, logits_processor=LogitsProcessorList([grid, chooser])
    )
    drawn = written[:, -count:]
    # the decoder drops the three tokens that close a picture
    pixels = model.decode_image_tokens(image_tokens=torch.nn.functional.pad(drawn, (0, 3)), height=rows, width=columns)
    return drawn, pixels.float()


def _against(weights: Weights, options: TransformersOptions, size: tuple[int, int], count: int) -> dict[str, Any]:
    """What a picture is drawn away from: the same picture of other words, or of none."""
    begin = weights.tokenizer.encode(f"{weights.tokenizer.bos_token or ''}{options.negative}", add_special_tokens=False)
    ids = torch.tensor([[*begin, *opening(weights, size)]] * count, device=weights.model.device)
    return {"negative_prompt_ids": ids, "negative_prompt_attention_mask": torch.ones_like(ids)}


def _grid(size: tuple[int, int]) -> tuple[int, int]:
    return max(1, round(size[0] / _SIDE)), max(1, round(size[1] / _SIDE))
