"""A model that reads and draws, loaded to be trained: Emu3 in transformers, of any size.

In: a folder. Out: a `Trainee`: the model in float32, its processor, its token grammar, its images as tokens.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoProcessor, Emu3ForConditionalGeneration
from transformers.models.emu3.image_processing_emu3 import smart_resize

from training.render.emu3 import Emu3Images, emu3_grammar
from training.render.grammar import TokenGrammar
from training.render.rendered import RenderProblem
from training.trainee.problem import TrainProblem

_TRAINED_BYTES = 16
"""Bytes a parameter that is trained takes: float32 for itself and its gradient, two of them for AdamW."""
_HELD_BYTES = 4


@dataclass(frozen=True)
class Trainee:
    """What is trained. Its image tokenizer is frozen: images are tokens, and what they mean does not change."""

    model: Any
    processor: Any
    grammar: TokenGrammar
    images: Emu3Images

    @property
    def longest(self) -> int:
        """The most tokens that the model has positions for."""
        return int(self.model.config.text_config.max_position_embeddings)

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns of the tokens that an image of this size, in pixels, becomes."""
        scaling = self.processor.image_processor
        tall, wide = smart_resize(height, width, scaling.spatial_factor, scaling.min_pixels, scaling.max_pixels)
        return tall // self.processor.downsample_ratio, wide // self.processor.downsample_ratio

    @property
    def pad(self) -> int:
        """The token of padding."""
        number = self.processor.tokenizer.pad_token_id
        return int(self.grammar.end[0] if number is None else number)


def load_trainee(name: str, pixels: int, copies: int = 0) -> Trainee:
    """The model at `name`, its images scaled to at most `pixels` pixels each. `copies`: frozen ones that need room beside it.

    Raises TrainProblem for what is no such model, or where it does not fit into memory.
    """
    check_room(name, read_config(name), copies)
    try:
        processor = AutoProcessor.from_pretrained(name)
        model, info = Emu3ForConditionalGeneration.from_pretrained(
            name, dtype=torch.float32, output_loading_info=True, attn_implementation="sdpa"
        )
        grammar = emu3_grammar(processor.tokenizer)
    except (OSError, RenderProblem, ValueError) as error:
        raise TrainProblem(f"{name}: {' '.join(str(error).split())[:300]}") from None
    if missing := sorted(info["missing_keys"]):
        raise TrainProblem(f"{name}: its weights lack {missing[0]}, and {len(missing) - 1} others; give a whole model")
    scale_images(processor.image_processor, pixels)
    model.model.vqmodel.requires_grad_(False)
    return Trainee(model, processor, grammar, Emu3Images(model, processor))


def set_dropout(model: Any, share: float) -> None:
    """Lets the model drop this share while it trains; the published Emu3 drops a tenth."""
    for module in model.model.text_model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = share


def reseed(seed: int, step: int, process: int = 0) -> None:
    """Random numbers of a step follow from its number, so that a resume has the same ones."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, process]).generate_state(1, np.uint64)[0]))


def scale_images(image_processor: Any, pixels: int) -> None:
    """Lets images have at most `pixels` pixels."""
    image_processor.max_pixels = pixels
    image_processor.min_pixels = min(image_processor.min_pixels, pixels)
    image_processor.size = {"min_pixels": image_processor.min_pixels, "max_pixels": pixels}


def check_room(name: str, config: Any, copies: int = 0) -> None:
    """Raises TrainProblem where the memory of the device is less than weights, gradients and AdamW's state take."""
    with torch.device("meta"):
        model = Emu3ForConditionalGeneration(config)
    vision = sum(p.numel() for p in model.model.vqmodel.parameters())
    count = sum(p.numel() for p in model.parameters()) - vision
    needed = count * (_TRAINED_BYTES + copies * _HELD_BYTES) + vision * _HELD_BYTES * (1 + copies)
    if torch.cuda.is_available():
        where, room = "the GPU", torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    else:
        where, room = "this machine", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > room:
        raise TrainProblem(
            f"{name}: {count / 1e9:.1f} G parameters take {needed / 2**30:.0f} GiB to train (weights, gradients, AdamW), and "
            f"{where} has {room / 2**30:.0f}; take a smaller model or a larger machine"
        )


def read_config(name: str) -> Any:
    """The configuration of the model in the folder `name`. Raises TrainProblem where there is none, or no Emu3."""
    if not Path(name).is_dir():
        raise TrainProblem(f"{name}: there is no such folder; download the model and name its folder")
    try:
        config = AutoConfig.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise TrainProblem(f"{name}: no model that transformers reads: {' '.join(str(error).split())[:200]}") from None
    if config.model_type != "emu3" or not getattr(config, "vocabulary_map", None):
        raise TrainProblem(
            f"{name}: a {config.model_type} model has no image vocabulary to train; give an Emu3ForConditionalGeneration"
        )
    return config
