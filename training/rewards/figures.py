"""A group in figures: totals and images as a person types them, and what the penalty makes of them.

In: a text such as "0.91x2 0.89x4 0.90x5 0.80x1". Out: arrays; the default is figure 3 of SAIR, and one beside it that does not
compete.
"""

import re
from dataclasses import dataclass

import numpy as np

from training.rewards.settings import RewardSettings
from training.rewards.terms import Bools, Floats, Ints, advantages, competitive, penalised

FIGURE_3 = "0.91x2 0.89x4 0.90x5 0.80x1"
_PAIR = re.compile(r"([01](?:\.[0-9]{1,9})?|\.[0-9]{1,9})[x×/]([0-9]{1,4})")


@dataclass(frozen=True, eq=False, slots=True)
class PlantedGroup:
    """One group: totals 0 to 1, images, who competes, rewards after the penalty, advantages."""

    totals: Floats
    images: Ints
    competitive: Bools
    rewards: Floats
    advantages: Floats


def planted(text: str, settings: RewardSettings) -> PlantedGroup:
    """The group that `text` says. Raises ValueError."""
    pairs = [_PAIR.fullmatch(word) for word in text.replace(",", " ").split()]
    if not pairs or None in pairs or any(float(pair[1]) > 1 for pair in pairs if pair):
        raise ValueError(f"{text!r} is no group; write each total (0 to 1) with its images, such as {FIGURE_3!r}")
    totals = np.array([float(pair[1]) for pair in pairs if pair])
    images = np.array([int(pair[2]) for pair in pairs if pair])
    totals = np.where(images > 0, totals, 0.0)
    one = np.zeros(len(totals), dtype=np.int64)
    among = competitive(totals, images > 0, one, settings.eps)
    rewards = penalised(totals, images, among, one, settings.penalty)
    return PlantedGroup(totals, images, among, rewards, advantages(rewards, one))
