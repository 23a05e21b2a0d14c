"""The arithmetic of rewards, over arrays: terms, their total, the complexity penalty, advantages (SAIR, arXiv 2605.14709, part C).

In: arrays of one length B, a number for each trajectory; `group` says which group each belongs to, so that groups of any sizes go
in one call. Out: arrays of that length. Nothing here depends on the order of the trajectories.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.rewards.settings import Penalty, Scaling, TermWeights

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]

ROUNDING = 1e-9
"""Rewards that differ by less are equal: sums in another order differ in their last digits."""


def scaled(scores: Floats, scaling: Scaling) -> Floats:
    """Scores of 1 to 5 as numbers of 0 to 1 ("quarters") or 0.2 to 1 ("fifths"); NaN stays NaN."""
    return (scores - 1) / 4 if scaling == "quarters" else scores / 5


def total(outcome: Floats, form: Floats, steps: Floats, weights: TermWeights) -> Floats:
    """R_total = sum of weight x term over sum of weights, over the terms that are there. A term is NaN where nothing is to score.

    Raises ValueError for a trajectory in which no term with a weight is there.
    """
    terms = np.stack([outcome, form, steps])
    each = np.array([weights.outcome, weights.format, weights.steps])[:, None]
    there = np.where(np.isnan(terms), 0.0, each)
    weight = there.sum(axis=0)
    if (weight <= 0).any():
        raise ValueError(f"trajectory {int(np.argmin(weight))}: no term with a weight can be scored")
    total_: Floats = (there * np.nan_to_num(terms)).sum(axis=0) / weight
    return total_


def competitive(totals: Floats, eligible: Bools, group: Ints, eps: float) -> Bools:
    """Who of the `eligible` of each group comes within `eps` of the best of them."""
    best = np.full(group.max(initial=-1) + 1, -np.inf)
    np.maximum.at(best, group[eligible], totals[eligible])
    near: Bools = eligible & (totals >= best[group] - eps - ROUNDING)
    return near


def penalised(totals: Floats, images: Ints, among: Bools, group: Ints, penalty: Penalty) -> Floats:
    """The rewards after the complexity penalty: those of `among` x N*/N, or + N*/N; all others as they are.

    N is the number of images of a trajectory (at least 1 in `among`), N* the fewest of those in `among` of its group.
    """
    if penalty == "off":
        return totals.copy()
    fewest = np.full(group.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(fewest, group[among], images[among])
    share = np.where(among, fewest[group] / np.maximum(images, 1), 0.0)
    if penalty == "add":
        return totals + share
    return np.where(among, totals * share, totals)


def advantages(rewards: Floats, group: Ints) -> Floats:
    """(r - mean) / std within each group, with the standard deviation of the group as a population; 0 where it is 0."""
    size = np.bincount(group)
    mean = np.bincount(group, rewards) / np.maximum(size, 1)
    off = rewards - mean[group]
    std = np.sqrt(np.bincount(group, off**2) / np.maximum(size, 1))
    spread: Floats = np.where(std > ROUNDING, std, np.inf)
    return off / spread[group]
