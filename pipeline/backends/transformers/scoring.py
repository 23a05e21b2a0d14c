"""How likely texts are as answers to one prompt: the prompt is read once, and all texts together after it.

In: a prompt and texts. Out: the tokens of each with their log-probabilities. One text takes one forward pass. Several take one
over the prompt and one over all texts, n texts of t tokens after p: p + n*t tokens in place of n*(p + t).
"""

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions
from pipeline.backends.transformers.prompts import Prompt, extended, readable
from stages.errors import ModelError
from stages.protocols import ScoreReply, TokenLogprob, Usage


def scores(
    weights: Weights, options: TransformersOptions, prompt: Prompt, texts: Sequence[str]
) -> list[ScoreReply | ModelError]:
    """A reply for each text, or its error. Raises torch's errors."""
    pieces = [_pieces(weights, text) for text in texts]
    results: list[ScoreReply | ModelError] = [ModelError("there is no text to score")] * len(texts)
    full = [n for n, (numbers, _) in enumerate(pieces) if numbers]
    if not full:
        return results
    longest = max(len(pieces[n][0]) for n in full)
    inputs, _, problems = readable(weights, options, [prompt], longest)
    if problems and len(texts) > 1:
        # the longest may not fit where others do
        return [scores(weights, options, prompt, [text])[0] for text in texts]
    if problems:
        return [problems[0]]
    with torch.inference_mode():
        logprobs = _after(weights.model, inputs, [pieces[n][0] for n in full])
    read = inputs["input_ids"].shape[1]
    for place, (n, likely) in enumerate(zip(full, logprobs, strict=True)):
        # the prompt was read once: it is counted with the first
        results[n] = _reply(weights, *pieces[n], likely, (read if place == 0 else 0) + len(likely))
    return results


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


def _reply(
    weights: Weights, numbers: list[int], names: list[str], logprobs: list[float], read: int
) -> ScoreReply | ModelError:
    if any(logprob != logprob or logprob == float("-inf") for logprob in logprobs):
        return ModelError(f"{weights.name}: the model's log-probabilities are no numbers; try options.dtype: float32")
    tokens = zip(names, logprobs, numbers, strict=True)
    return ScoreReply(tuple(TokenLogprob(name, min(p, 0.0), n) for name, p, n in tokens), Usage(read, 0))


def _pieces(weights: Weights, text: str) -> tuple[list[int], list[str]]:
    """The tokens of a text, and the part of the text that each stands for: together they are the text."""
    fast = weights.tokenizer.is_fast
    given = weights.tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=fast)
    numbers: list[int] = given["input_ids"]
    if not numbers:
        return [], []
    if fast:
        ends = [end for _, end in given["offset_mapping"]]
    else:
        ends = [len(weights.tokenizer.decode(numbers[: n + 1])) for n in range(len(numbers))]
    # a character of several tokens belongs to the first of them, and nothing of the text is left out
    cuts = [0]
    for end in ends[:-1]:
        cuts.append(max(cuts[-1], min(end, len(text))))
    cuts.append(len(text))
    return numbers, [text[a:b] for a, b in itertools.pairwise(cuts)]
