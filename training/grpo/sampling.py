"""Answers that a model writes by itself, texts and images in one go.

In: a model, prompts as tokens, the size of the images. Out: for each prompt a group of `Sampled` answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GenerationConfig, LogitsProcessorList

from training.grpo.writer import AnswerForm, Canvas, choices
from training.render.rendered import IGNORED, Rendered
from training.trainee.model import Trainee


@dataclass(frozen=True)
class Sampled:
    """An answer: the tokens of its prompt, its own (the end included, where it came to one), and what each was chosen from."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    chosen_from: NDArray[np.int64]

    def rendered(self, name: str) -> Rendered:
        """As a row to train on: the tokens that were chosen, and not those that had to come."""
        ids = np.array([*self.prompt, *self.answer], dtype=np.int64)
        weights = np.zeros(len(ids), dtype=np.float32)
        weights[len(self.prompt) :] = self.chosen_from < 0
        return Rendered(name, "", ids, np.where(weights > 0, ids, IGNORED), weights, ())


@dataclass(frozen=True)
class Asking:
    """A prompt as tokens, and the canvas of the images that answer it."""

    ids: tuple[int, ...]
    canvas: Canvas


def sample(
    trainee: Trainee, asked: Sequence[Asking], *, tokens: int, temperature: float, together: int
) -> list[Sampled]:
    """One answer to each of `asked`, of at most `tokens` tokens; `temperature` 0 takes the likeliest token each time.

    `together` are written side by side. Random numbers are torch's.
    """
    sampled: list[Sampled] = []
    for at in range(0, len(asked), together):
        sampled += _sample(trainee, asked[at : at + together], tokens, temperature)
    return sampled


def _sample(trainee: Trainee, asked: Sequence[Asking], tokens: int, temperature: float) -> Iterator[Sampled]:
    model, pad, end = trainee.model, trainee.pad, trainee.grammar.end[0]
    width = max(len(one.ids) for one in asked)
    # padding stands in front, so that all answers begin in one place
    ids = torch.tensor([[pad] * (width - len(one.ids)) + list(one.ids) for one in asked], device=model.device)
    mask = torch.tensor([[0] * (width - len(one.ids)) + [1] * len(one.ids) for one in asked], device=model.device)
    room = min(tokens, trainee.longest - width)
    chance: dict[str, Any] = {"do_sample": False}
    if temperature:
        chance = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    config = GenerationConfig(max_new_tokens=room, eos_token_id=end, pad_token_id=pad, use_cache=True, **chance)
    form = AnswerForm([one.canvas for one in asked], model.config.text_config.vocab_size, pad, model.device)
    training = model.training
    model.eval()
    with torch.no_grad():
        written = model.generate(
            input_ids=ids, attention_mask=mask, generation_config=config, logits_processor=LogitsProcessorList([form])
        )
    model.train(training)
    for one, line in zip(asked, written[:, width:].tolist(), strict=True):
        answer = line[: line.index(end) + 1] if end in line else line
        yield Sampled(one.ids, tuple(answer), choices(answer, one.canvas))
