"""How Janus draws: by a head of its own, a square of the one size that it was trained for.

In: prompts without pictures, which its way of drawing cannot see. Out: square pictures, whatever size was asked for.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from pipeline.backends.transformers.choosing import Chooser
from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions

TAKES_PICTURES = False


class Guided(LogitsProcessor):  # type: ignore[misc]
    """Takes the rows with words and those without, and leads away from the latter."""

    def __init__(self, guidance: float) -> None:
        self._guidance = guidance

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits of one step, one row for each picture."""
        with_words, without = scores.float().chunk(2)
        return without + self._guidance * (with_words - without)


def room(weights: Weights, size: tuple[int, int]) -> int:
    """How many tokens a picture takes."""
    return 1 + int(weights.model.model.vision_model.config.num_image_tokens)


def opening(weights: Weights, size: tuple[int, int]) -> list[int]:
    """The token that begins a picture."""
    return [int(weights.tokenizer.convert_tokens_to_ids(weights.processor.image_start_token))]


def names(weights: Weights, codes: Sequence[int]) -> list[str]:
    """The codes by their numbers: the tokenizer does not know them."""
    return [f"<{code}>" for code in codes]


def paint(
    weights: Weights, options: TransformersOptions, inputs: dict[str, Any], size: tuple[int, int], chooser: Chooser
) -> tuple[Any, Any]:
    """See `pipeline.backends.transformers.drawing.FAMILIES`."""
    model = weights.model
    config = deepcopy(model.generation_config)
    config.update(do_sample=False, temperature=None, top_p=None, top_k=None, num_beams=1)
    # guidance of 1 is none of the library's: the rows are put together here, before a token is chosen
    config.update(guidance_scale=1, generation_kwargs={"boi_token_id": opening(weights, size)[0]})
    config.update(pad_token_id=weights.tokenizer.pad_token_id)
    codes = model.generate(
        inputs=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        generation_mode="image",
        generation_config=config,
        logits_processor=LogitsProcessorList([Guided(options.guidance), chooser]),
    )
    return codes, model.decode_image_tokens(codes).permute(0, 3, 1, 2).float()
