"""How the next token is chosen: by each request's own seed and shape, whoever else is in the batch.

In: the logits of a step of the library's own `generate`. Out: logits in which one token a row is left. One number from 0
to 1 is drawn for each token, on the CPU: a seed means the same on every device, and a neighbour in the batch changes nothing.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LogitsProcessor

from pipeline.backends.transformers.options import TransformersOptions


@dataclass(frozen=True)
class Sampling:
    """Temperature (0 takes the likeliest token), and what is left to choose from."""

    temperature: float
    top_p: float
    top_k: int

    @classmethod
    def of_words(cls, options: TransformersOptions, defaults: Any) -> "Sampling":
        """What the options say, and where they say nothing the model's own generation config."""
        asked = options.temperature is not None or options.top_p is not None or options.top_k is not None
        own = float(defaults.temperature or 1.0) if defaults.do_sample or asked else 0.0
        return cls(
            own if options.temperature is None else options.temperature,
            options.top_p or float(defaults.top_p or 1.0),
            options.top_k or int(defaults.top_k or 0),
        )


class Chooser(LogitsProcessor):  # type: ignore[misc]
    """Chooses a token for each row. `shapes` are matchers of a grammar, or None for a row whose words are free."""

    def __init__(
        self, sampling: Sampling, seeds: Sequence[int], ends: Sequence[int], shapes: Sequence[Any] | None = None
    ) -> None:
        self._sampling = sampling
        self._dice = [random.Random(seed) for seed in seeds]
        self._ends = tuple(ends)
        self._shapes = list(shapes or [None] * len(seeds))
        self._ended = [False] * len(seeds)
        self.broken = [False] * len(seeds)
        """Rows whose logits were no numbers."""
        self.logprobs: list[list[float]] = [[] for _ in seeds]
        """How likely the model found each token that was chosen, before temperature and shape."""

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits of one step, in which all but the chosen token are ruled out."""
        logits = scores.float()
        self._note_broken(logits)
        likely = torch.log_softmax(logits, dim=-1)
        chosen = self._chosen(self._masked(logits))
        likelihoods = likely.gather(1, chosen[:, None])[:, 0].tolist()
        for row, (token, logprob) in enumerate(zip(chosen.tolist(), likelihoods, strict=True)):
            self._took(row, token, logprob)
        left = torch.full_like(scores, -math.inf)
        return left.scatter_(1, chosen[:, None], 0.0)

    def _note_broken(self, logits: torch.Tensor) -> None:
        # all ruled out is no choice either; a ruled out token is -inf, and no fault
        bad = torch.isnan(logits).any(-1) | torch.isposinf(logits).any(-1) | torch.isneginf(logits).all(-1)
        for row in torch.nonzero(bad).flatten().tolist():
            self.broken[row] = self.broken[row] or not self._ended[row]
            logits[row] = 0.0
            if self._ends:
                logits[row, self._ends[0]] = 1e4

    def _masked(self, logits: torch.Tensor) -> torch.Tensor:
        rows = [n for n, shape in enumerate(self._shapes) if shape and not self._ended[n] and not self.broken[n]]
        if not rows:
            return logits
        barred = torch.zeros(logits.shape, dtype=torch.bool)
        for row in rows:
            allowed = torch.frombuffer(bytearray(self._shapes[row].compute_logit_bias()), dtype=torch.uint8)
            # a head may be wider than the vocabulary
            barred[row] = True
            barred[row, : len(allowed)] = allowed[: logits.shape[1]] == 0
        return logits.masked_fill(barred.to(logits.device), -math.inf)

    def _chosen(self, logits: torch.Tensor) -> torch.Tensor:
        if self._sampling.temperature == 0:
            return logits.argmax(-1)
        ordered, tokens = torch.sort(logits / self._sampling.temperature, dim=-1, descending=True, stable=True)
        if self._sampling.top_k:
            ordered, tokens = ordered[:, : self._sampling.top_k], tokens[:, : self._sampling.top_k]
        likely = torch.softmax(ordered, dim=-1)
        sums = likely.cumsum(-1)
        # those before which less than top_p is reached; the first always is
        reached = torch.where(sums - likely < self._sampling.top_p, sums, 0.0).amax(-1)
        draws = torch.tensor([dice.random() for dice in self._dice], device=logits.device, dtype=sums.dtype) * reached
        # rounding must not lead beyond the last that is left
        below = torch.minimum(draws, torch.nextafter(reached, torch.zeros_like(reached)))
        return tokens.gather(1, torch.searchsorted(sums, below[:, None], right=True))[:, 0]

    def _took(self, row: int, token: int, logprob: float) -> None:
        if self._ended[row]:
            return
        self.logprobs[row].append(min(logprob, 0.0))
        if token in self._ends:
            self._ended[row] = True
        elif (shape := self._shapes[row]) is not None and not self.broken[row]:
            shape.consume_token(token)
