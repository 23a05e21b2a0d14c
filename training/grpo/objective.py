"""The objective of GRPO over packed answers.

In: log-probabilities of the tokens that were chosen, under the model, the one that sampled and the reference; advantages. Out:
the loss.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.grpo.writer import TEXT
from training.render.packing import Packed
from training.trainee.likelihood import token_logits


@dataclass(frozen=True)
class Chosen:
    """The chosen tokens of packed answers: their places [N], what each was chosen from [N] (TEXT or CODE), its answer's number
    [N].
    """

    places: NDArray[np.int64]
    chosen_from: NDArray[np.int64]
    answer: NDArray[np.int64]


def chosen_logps(model: Any, packed: Packed, chosen: Chosen, bars: Any, temperature: float) -> Any:
    """log P [N] of the chosen tokens among those that might have been chosen, as they were sampled: at `temperature`."""
    logits = token_logits(model, packed, chosen.places) / temperature
    kinds = torch.from_numpy(chosen.chosen_from).to(logits.device)
    allowed = logits.masked_fill(bars[kinds], float("-inf"))
    ids = torch.from_numpy(packed.input_ids[chosen.places]).to(logits.device)
    return allowed.log_softmax(-1).gather(1, ids[:, None])[:, 0]


@dataclass(frozen=True)
class Terms:
    """The loss of some answers, and sums over their tokens: the distance to the reference, and how many were clipped."""

    loss: Any
    kl: float
    clipped: int


def grpo_terms(new: Any, old: Any, reference: Any, advantage: Any, share: Any, clip: float, kl: float) -> Terms:
    """-sum of share x (min(r A, clip(r) A) - kl x D), r the ratio of new to old probability, D the k3 estimate of the distance.

    All [N], a number a token. `share`: 1 over the tokens of its answer and the answers of the step, so that each answer counts
    alike.
    """
    ratio = (new - old).exp()
    bounded = ratio.clamp(1 - clip, 1 + clip)
    gain = torch.minimum(ratio * advantage, bounded * advantage)
    apart = reference - new
    distance = apart.exp() - apart - 1
    clipped = int((bounded * advantage < ratio * advantage).sum())
    return Terms(-(share * (gain - kl * distance)).sum(), float(distance.detach().sum()), clipped)


def chosen_of(packed: Packed, chosen_from: list[NDArray[np.int64]]) -> Chosen:
    """The chosen tokens of a sequence; `chosen_from`: by row of it, what each of its answer's tokens was chosen from."""
    every, at = np.full(len(packed.input_ids), TEXT, dtype=np.int64), 0
    for row, choices in zip(packed.rows, chosen_from, strict=True):
        at += len(row)
        every[at - len(choices) : at] = choices
    places = np.flatnonzero(packed.weights)
    return Chosen(places, every[places], packed.sequence_ids[places])
