"""Questions to a model, a batch at a time. In: prompts with seeds and shapes. Out: words for each, or what went wrong with it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationMixin, LogitsProcessorList

from pipeline.backends.transformers.choosing import Chooser, Sampling
from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions
from pipeline.backends.transformers.prompts import Prompt, readable
from stages.errors import Malformed, ModelError
from stages.protocols import TokenLogprob, Usage


@dataclass(frozen=True)
class Question:
    """A prompt to be answered; `shape` is a matcher of the answer's grammar, None where the words are free."""

    prompt: Prompt
    seed: int
    shape: Any = None


@dataclass(frozen=True)
class Spoken:
    """The words of a reply, its tokens with their log-probabilities, and whether it is `cut`: at no end within its tokens."""

    text: str
    numbers: tuple[int, ...]
    logprobs: tuple[float, ...]
    usage: Usage
    cut: bool


def answers(
    weights: Weights, options: TransformersOptions, questions: Sequence[Question], most: int
) -> list[Spoken | ModelError]:
    """An answer of at most `most` tokens to each question, or its error. Raises torch's errors."""
    inputs, kept, problems = readable(weights, options, [question.prompt for question in questions], 1)
    results: dict[int, Spoken | ModelError] = dict(problems)
    if kept:
        asked = [questions[n] for n in kept]
        results |= zip(kept, _generated(weights, options, inputs, asked, most), strict=True)
    return [results[n] for n in range(len(questions))]


def _generated(
    weights: Weights, options: TransformersOptions, inputs: Any, questions: Sequence[Question], most: int
) -> list[Spoken | ModelError]:
    length = inputs["input_ids"].shape[1]
    config = deepcopy(weights.model.generation_config)
    sampling = Sampling.of_words(options, config)
    # the chooser samples: the library takes what it leaves
    config.update(do_sample=False, temperature=None, top_p=None, top_k=None, num_beams=1, max_length=None)
    config.update(max_new_tokens=max(1, min(most, weights.context - length)), eos_token_id=list(weights.ends) or None)
    config.update(pad_token_id=weights.tokenizer.pad_token_id, guidance_scale=None)
    chooser = Chooser(sampling, [q.seed for q in questions], weights.ends, [q.shape for q in questions])
    with torch.inference_mode():
        # not the model's own: that of Janus forgets who chooses
        written = GenerationMixin.generate(
            weights.model, **inputs, generation_config=config, logits_processor=LogitsProcessorList([chooser])
        )
    # a model that is given embeddings gives back only what is new
    new = written[:, length:].tolist()
    read = inputs["attention_mask"].sum(-1).tolist()
    return [
        _answer(weights, new[row][: len(logprobs)], logprobs, read[row], chooser.broken[row])
        for row, logprobs in enumerate(chooser.logprobs)
    ]


def _answer(
    weights: Weights, numbers: list[int], logprobs: list[float], read: int, broken: bool
) -> Spoken | ModelError:
    usage = Usage(read, len(numbers))
    if broken:
        return not_finite(weights, usage)
    cut = not numbers or numbers[-1] not in weights.ends
    words = numbers if cut else numbers[:-1]
    text = weights.tokenizer.decode(words, skip_special_tokens=True)
    return Spoken(text, tuple(numbers), tuple(logprobs), usage, cut)


def tokens_of(weights: Weights, numbers: Sequence[int], logprobs: Sequence[float]) -> tuple[TokenLogprob, ...]:
    """Tokens of the vocabulary as they read."""
    names = [weights.tokenizer.decode([number]) for number in numbers]
    return tuple(TokenLogprob(*token) for token in zip(names, logprobs, numbers, strict=True))


def not_finite(weights: Weights, usage: Usage | None) -> Malformed:
    """The error for logits that are no numbers: nobody's answer."""
    kind = str(weights.model.dtype).removeprefix("torch.")
    error = Malformed("", f"{weights.name}: the model's logits are no numbers (in {kind}); try options.dtype: float32")
    error.usage = usage
    return error
