"""How likely texts are as answers to one prompt: the prompt is read once, and all texts together after it.

In: a prompt and texts, prepared beside the thread that computes. Out: the tokens of each with their log-probabilities. One text
takes one forward pass. Several take one over the prompt and one over all texts, n texts of t tokens after p: p + n*t tokens in
place of n*(p + t).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import BatchFeature

from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions
from pipeline.backends.transformers.prompts import Prompt, extended, processed, unreadable
from stages.errors import ModelError, TooLong
from stages.protocols import ScoreReply, TokenLogprob, Usage


@dataclass(frozen=True)
class Pieces:
    """A text as the model takes it: the numbers of its tokens, and the part of the text that each stands for."""

    numbers: list[int]
    names: list[str]


@dataclass(frozen=True)
class Weighed:
    """The log-probability of each token of a text, and how many tokens were read for it."""

    pieces: Pieces
    logprobs: list[float]
    read: int


def scores(weights: Weights, inputs: Any, texts: Sequence[Pieces]) -> list[Weighed | ModelError]:
    """How likely each text is after the prompt in `inputs` (`prepared`), or its error. Raises torch's errors."""
    results: list[Weighed | ModelError] = [ModelError("there is no text to score")] * len(texts)
    full = [n for n, text in enumerate(texts) if text.numbers]
    if not full:
        return results
    read = inputs["input_ids"].shape[1]
    longest = max(len(texts[n].numbers) for n in full)
    if read + longest > weights.context:
        if len(texts) > 1:
            # the longest may not fit where others do
            return [scores(weights, inputs, [text])[0] for text in texts]
        needs = f"the request has {read} tokens and needs {longest} more"
        return [TooLong(f"{weights.name}: {needs}; the model has room for {weights.context}")]
    # a copy: what is prepared serves the next batch, too
    placed = BatchFeature(dict(inputs)).to(weights.model.device, weights.model.dtype)
    with torch.inference_mode():
        logprobs = _after(weights.model, placed, [texts[n].numbers for n in full])
    for place, (n, likely) in enumerate(zip(full, logprobs, strict=True)):
        # the prompt was read once: it is counted with the first
        results[n] = Weighed(texts[n], likely, (read if place == 0 else 0) + len(likely))
    return results


def prepared(weights: Weights, options: TransformersOptions, prompt: Prompt) -> Any:
    """The tensors of a prompt, not on the model's device yet. Raises ModelError where it cannot be read."""
    try:
        return processed(weights, options, [prompt])
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise unreadable(weights, error) from error


def _after(model: Any, inputs: Any, texts: Sequence[list[int]]) -> list[list[float]]:
    """The log-probability of each token of each text after the prompt."""
    device = inputs["input_ids"].device
    _forget(model)
    if len(texts) == 1:
        tokens = torch.tensor([texts[0]], device=device)
        logits = model(**extended(inputs, tokens), use_cache=False, logits_to_keep=len(texts[0]) + 1).logits[:, :-1]
        return [_picked(logits[0], texts[0])]
    first = model(**inputs, use_cache=True, logits_to_keep=1)
    first.cache.batch_repeat_interleave(len(texts))
    longest = max(map(len, texts))
    tokens = torch.tensor([[*text, *[text[-1]] * (longest - len(text))] for text in texts], device=device)
    # no mask: the prompt has no padding, and what is behind a text is not seen by it
    rest = model(input_ids=tokens, cache=first.cache, use_cache=True).logits
    _forget(model)
    return [_picked(torch.cat([first.logits[0, -1:], rest[n, : len(text) - 1]]), text) for n, text in enumerate(texts)]


def _forget(model: Any) -> None:
    """A model with positions in a picture remembers those of its last prompt, even for one without pictures."""
    if getattr(model.model, "rope_deltas", None) is not None:
        model.model.rope_deltas = None


def _picked(logits: torch.Tensor, numbers: Sequence[int]) -> list[float]:
    likely = torch.log_softmax(logits.float(), dim=-1)
    picked: list[float] = likely.gather(1, torch.tensor([numbers], device=logits.device).T)[:, 0].tolist()
    return picked


def reply_of(weights: Weights, weighed: Weighed) -> ScoreReply:
    """The reply to a request. Raises ModelError where the model's logits were no numbers."""
    if any(logprob != logprob or logprob == float("-inf") for logprob in weighed.logprobs):
        raise ModelError(f"{weights.name}: the model's log-probabilities are no numbers; try options.dtype: float32")
    tokens = zip(weighed.pieces.names, weighed.logprobs, weighed.pieces.numbers, strict=True)
    return ScoreReply(tuple(TokenLogprob(name, min(p, 0.0), n) for name, p, n in tokens), Usage(weighed.read, 0))


def pieces_of(weights: Weights, text: str) -> Pieces:
    """The tokens of a text, and the part of the text that each stands for: together they are the text."""
    fast = weights.tokenizer.is_fast
    with weights.reading:
        given = weights.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=fast
        )
    numbers: list[int] = given["input_ids"]
    if not numbers:
        return Pieces([], [])
    if fast:
        ends = [end for _, end in given["offset_mapping"]]
    else:
        ends = [len(weights.tokenizer.decode(numbers[: n + 1])) for n in range(len(numbers))]
    # a character of several tokens belongs to the first of them, and nothing of the text is left out
    cuts = [0]
    for end in ends[:-1]:
        cuts.append(max(cuts[-1], min(end, len(text))))
    cuts.append(len(text))
    return Pieces(numbers, [text[a:b] for a, b in itertools.pairwise(cuts)])
