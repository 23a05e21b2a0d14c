"""A model with its processor and its tokenizer, from a folder or from the hub.

In: where it lies and how it is to be loaded. Out: `Weights`. The picture processors are those that work by Pillow and numpy: they
need no torchvision, and give the same pixels on a machine that has it.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from pipeline.backends.local.loaded import loaded
from pipeline.backends.transformers.options import LOADING, TransformersOptions
from stages.errors import EngineDead

_PARTS = ("image", "video", "audio")


@dataclass(frozen=True)
class Weights:
    """A loaded model. `context` is how many tokens it reads and writes in all. Whoever computes with it holds `lock`,
    and whoever lets its tokenizer or processor read holds `reading`: tokenizers keep state while they pad.
    """

    name: str
    model: Any
    processor: Any
    context: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    reading: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the words."""
        return self.processor.tokenizer

    @property
    def family(self) -> str:
        """What the library calls this kind of model: "qwen3_vl", "emu3", "janus", ..."""
        return str(self.model.config.model_type)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end a reply."""
        given = self.model.generation_config.eos_token_id
        ends = self.tokenizer.eos_token_id if given is None else given
        return tuple(ends) if isinstance(ends, list) else () if ends is None else (int(ends),)

    @cached_property
    def controls(self) -> re.Pattern[str] | None:
        """What is no plain text to the tokenizer, wherever it stands."""
        added = self.tokenizer.added_tokens_decoder.values()
        names = {token.content for token in added if token.special and token.content.strip()}
        names |= {str(name) for part in _PARTS if (name := getattr(self.processor, f"{part}_token", None))}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, longest_first))) if names else None


def shared(name: str, revision: str, options: TransformersOptions) -> Weights:
    """The model called `name`, which all who want it in the same way have together. Raises as `load`."""
    how = [getattr(options, field) for field in LOADING]
    key = ("transformers", name, revision, json.dumps(how, sort_keys=True))
    return loaded(key, lambda: load(name, revision, options))


def load(name: str, revision: str, options: TransformersOptions) -> Weights:
    """The model called `name`: a folder, or a repository of the hub. Raises EngineDead where it, or part of it, is missing."""
    # "1" is what a manifest says where it says nothing; no repository has such a branch
    where: dict[str, Any] = {} if revision == "1" else {"revision": revision}
    how: dict[str, Any] = {} if options.attention is None else {"attn_implementation": options.attention}
    if options.device == "auto":
        how["device_map"] = "auto"
    device = _device(options)
    name = str(Path(name).expanduser()) if name.startswith("~") else name
    if name.startswith(("/", ".")) and not Path(name).is_dir():
        raise EngineDead(
            f"transformers: {name} cannot be loaded: there is no such folder; models.ROLE.model should name one with a config.json"
        )
    try:
        config = transformers.AutoConfig.from_pretrained(name, **where)
        processor = _processor(type(config), name, {**options.processor, **where})
        kind = transformers.AutoModelForImageTextToText
        model = kind.from_pretrained(name, dtype=options.dtype, **where, **how)
        model = model if device == "auto" else model.to(device)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise EngineDead(f"transformers: {name} cannot be loaded: {_one_line(error)}") from error
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise EngineDead(
            f"transformers: {name} has no processor for words and pictures; choose a model that reads both"
        )
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    text = config.get_text_config()
    return Weights(name, model.eval(), processor, int(getattr(text, "max_position_embeddings", None) or 2**31))


def _device(options: TransformersOptions) -> str:
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineDead(f"options.device is {device}, and torch sees no GPU here; give the engine gpus, or say cpu")
    return device


def _processor(config: type, name: str, how: dict[str, Any]) -> Any:
    if config not in PROCESSOR_MAPPING:
        return transformers.AutoProcessor.from_pretrained(name, backend="pil", **how)
    return _for_pictures(PROCESSOR_MAPPING[config]).from_pretrained(name, backend="pil", **how)


def _for_pictures(kind: Any) -> Any:
    """A class of processors without its part for videos, which needs torchvision and is never asked for here."""
    parts = [part for part in kind.get_attributes() if part != "video_processor"]
    if len(parts) == len(kind.get_attributes()):
        return kind
    # of the same name: the library looks up what belongs to a processor by it
    return type(kind.__name__, (kind,), {"get_attributes": classmethod(lambda _: parts)})


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
