"""What is known of the yields of a cell: how often a sample of it ends in each slot. Pure.

In: outcomes by cell. Out: `Yields`, a Dirichlet posterior a cell, so that each yield by itself is a Beta one.

The prior of a cell is the whole: the yields of all cells together, worth as many samples as make the outcomes so far likeliest (a
Dirichlet-multinomial likelihood over a grid). So cells that differ little learn from each other, and cells that differ much do not.
The whole has Jeffreys' prior. RL prompts have a prior of their own, as nearly all of them count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from pipeline.manifest.spec import RL
from pipeline.targets.finished import Slot
from pipeline.targets.goals import Cell, Placed

Floats = NDArray[np.float64]
STRENGTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""What the whole may be worth to a cell, in samples."""
LIKELY_STRENGTH = 16.0
"""What it is worth where outcomes do not say."""
RL_PRIOR = (9.5, 0.5)  # counts, is lost


@dataclass(frozen=True)
class Yields:
    """`alphas[cell]`: the Dirichlet of a cell's samples over its slots, and, last, over being out."""

    modes: tuple[Slot, ...]
    alphas: Mapping[Cell, Floats]

    def slots(self, cell: Cell) -> tuple[Slot, ...]:
        """What samples of a cell can count towards, in the order of its Dirichlet."""
        return (RL,) if cell.rl else self.modes

    def means(self) -> dict[Cell, Floats]:
        """The expected share of each slot, 0 to 1."""
        return {cell: alpha[:-1] / alpha.sum() for cell, alpha in self.alphas.items()}

    def draw(self, rng: np.random.Generator) -> dict[Cell, Floats]:
        """One possible world: the share of each slot."""
        return {cell: rng.dirichlet(alpha)[:-1] for cell, alpha in self.alphas.items()}

    def evidence(self, cell: Cell) -> float:
        """How many samples the posterior of a cell is worth."""
        return float(self.alphas[cell].sum())


def learn(placed: Iterable[Placed], cells: Iterable[Cell], modes: tuple[Slot, ...]) -> Yields:
    """The posteriors of `cells` by the outcomes so far."""
    counts: dict[Cell, Counter[Slot | None]] = {cell: Counter() for cell in cells}
    for p in placed:
        counts.setdefault(p.cell, Counter())[p.outcome.slot] += 1
    rows = {cell: _row(count, modes) for cell, count in counts.items() if not cell.rl}
    whole = sum(rows.values(), np.full(len(modes) + 1, 0.5))
    mean = whole / whole.sum()
    strength = _strength([row for row in rows.values() if row.sum()], mean)
    alphas = {cell: row + strength * mean for cell, row in rows.items()}
    for cell in counts:
        if cell.rl:
            alphas[cell] = np.array(RL_PRIOR) + _row(counts[cell], (RL,))
    return Yields(modes, alphas)


def _row(count: Mapping[Slot | None, int], slots: tuple[Slot, ...]) -> Floats:
    kept = [count.get(slot, 0) for slot in slots]
    return np.array([*kept, sum(count.values()) - sum(kept)], dtype=float)


def _strength(rows: Sequence[Floats], mean: Floats) -> float:
    if len(rows) < 2:
        return LIKELY_STRENGTH
    likelihoods = [sum(_log_likelihood(row, strength * mean) for row in rows) for strength in STRENGTHS]
    leaning = -0.5 * (np.log2(np.array(STRENGTHS) / LIKELY_STRENGTH) / 2) ** 2  # few outcomes say little
    return STRENGTHS[int(np.argmax(likelihoods + leaning))]


def _log_likelihood(row: Floats, prior: Floats) -> float:
    whole, n = float(prior.sum()), float(row.sum())
    terms = (lgamma(x + a) - lgamma(a) for x, a in zip(row, prior, strict=True))
    return lgamma(whole) - lgamma(whole + n) + sum(terms)
