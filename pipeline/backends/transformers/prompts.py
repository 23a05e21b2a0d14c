"""Messages and pictures as a model reads them: its chat template, its processor, one padded batch.

In: messages, decoded pictures. Out: tensors on the model's device, or for each request why it has none. What a text says of control
tokens or placeholders is plain text to the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions
from stages.errors import ModelError, TooLong
from stages.protocols import Message

PLAIN = (
    "{% for m in messages %}{% for c in m.content %}"
    "{% if c.type == 'image' %}IMAGE{% else %}{{ c.text }}{% endif %}{% endfor %}{% endfor %}"
)
"""For models whose folder has no chat template."""


@dataclass(frozen=True)
class Prompt:
    """Rendered messages; the pictures belong to the first user message, before its text."""

    messages: tuple[Message, ...]
    pictures: tuple[Image.Image, ...]


def readable(
    weights: Weights, options: TransformersOptions, prompts: Sequence[Prompt], room: int
) -> tuple[Any, list[int], dict[int, ModelError]]:
    """Tensors of the prompts that can be read, padded on the left; which they are; and what is wrong with the others.

    `room` is how many tokens each needs behind it.
    """
    kept, problems = list(range(len(prompts))), dict[int, ModelError]()
    try:
        inputs = processed(weights, options, prompts)
    except (ValueError, RuntimeError, IndexError, TypeError):
        # somebody's picture or text; whose it is shows one by one
        problems = _unreadable(weights, options, prompts)
        if not problems:
            raise
        kept = [n for n in kept if n not in problems]
        inputs = processed(weights, options, [prompts[n] for n in kept]) if kept else None
    if inputs is None:
        return None, [], problems
    lengths = inputs["attention_mask"].sum(-1).tolist()
    if any(length + room > weights.context for length in lengths):
        for n, length in zip(kept, lengths, strict=True):
            if length + room > weights.context:
                needs = f"the request has {length} tokens and needs {room} more"
                problems[n] = TooLong(f"{weights.name}: {needs}; the model has room for {weights.context}")
        kept = [n for n in kept if n not in problems]
        inputs = processed(weights, options, [prompts[n] for n in kept]) if kept else None
    return (None if inputs is None else inputs.to(weights.model.device, weights.model.dtype)), kept, problems


def _unreadable(weights: Weights, options: TransformersOptions, prompts: Sequence[Prompt]) -> dict[int, ModelError]:
    problems: dict[int, ModelError] = {}
    for n, prompt in enumerate(prompts):
        try:
            processed(weights, options, [prompt])
        except (ValueError, RuntimeError, IndexError, TypeError) as error:
            problems[n] = unreadable(weights, error)
    return problems


def unreadable(weights: Weights, error: Exception) -> ModelError:
    """What a processor's error says of a request."""
    return ModelError(f"{weights.name}: the request cannot be read: {' '.join(str(error).split())[:300]}")


def processed(weights: Weights, options: TransformersOptions, prompts: Sequence[Prompt]) -> Any:
    """The tensors of prompts, padded on the left. Raises what processors raise of a picture that they do not take."""
    with weights.reading:
        return weights.processor.apply_chat_template(
            [_turns(weights, prompt) for prompt in prompts],
            chat_template=None if weights.processor.chat_template else _plain(weights),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
            **options.template,
        )


def _plain(weights: Weights) -> str:
    return PLAIN.replace("IMAGE", getattr(weights.processor, "image_token", ""))


def _turns(weights: Weights, prompt: Prompt) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [
        {"role": m.role, "content": [{"type": "text", "text": _disarmed(weights, m.content)}]} for m in prompt.messages
    ]
    if prompt.pictures:
        first = next((turn for turn in turns if turn["role"] == "user"), None)
        if first is None:
            raise ValueError("a request without a user message")
        first["content"][:0] = [{"type": "image", "image": picture} for picture in prompt.pictures]
    return turns


def _disarmed(weights: Weights, text: str) -> str:
    """The text without control tokens: a blank of no width within each makes it the plain text that it reads as.

    The library's own way is lost in processors that have arguments of their own (Emu3, Janus), and absent from some tokenizers.
    """
    controls = weights.controls
    return text if controls is None else controls.sub(lambda match: f"{match[0][:1]}\u200b{match[0][1:]}", text)


def extended(inputs: Any, tokens: torch.Tensor) -> dict[str, Any]:
    """The inputs with `tokens` (one row for each of theirs) behind them: ones in the mask, zeros in what else is said of tokens."""
    length = inputs["input_ids"].shape
    new = {}
    for name, value in inputs.items():
        if name == "input_ids":
            new[name] = torch.cat([value, tokens], dim=1)
        elif isinstance(value, torch.Tensor) and value.shape == length:
            filler = torch.ones_like if name == "attention_mask" else torch.zeros_like
            new[name] = torch.cat([value, filler(tokens, dtype=value.dtype)], dim=1)
        else:
            new[name] = value
    return new
