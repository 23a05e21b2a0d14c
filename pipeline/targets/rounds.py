"""What to begin next. Pure: a function of the goals, the outcomes so far, what is left, the seed and the number of the round.

In: see `next_round`. Out: `Next`: rows to begin of each cell, or none and what is missing.

How: worlds are drawn from the posteriors of the yields (`yields`), and for each the cheapest mix is computed (`mix`). Their mean is
the mix to begin: as long as little is known, every cell that may be the best has a share, and a scarce cell has what its floor
needs. Of its share a cell begins as many samples as it can so that, in the worlds drawn, it is expected to begin no more than its
part of `WASTE` after its last needed one. So first rounds leave out what luck may make unnecessary, and last rounds are small.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf

import numpy as np

from pipeline.targets.goals import Cell, Goals, Placed, Stock, count_kinds
from pipeline.targets.missing import Missing, explain, shortages
from pipeline.targets.mix import DEAREST, Mix, Mixing
from pipeline.targets.yields import Floats, learn

WASTE = 0.02
"""The share of all samples begun that a round may be expected to begin for nothing."""
FIRST, GROWTH = 0.2, 0.6
"""The share of a build that is begun before there is an outcome, and the most of what was begun that the next round adds: who looks
before the larger part is begun is not misled by the prior."""
WORLDS = 24
LUCKS = 1200
EVEN = 0.5  # samples; less of a cell is no share


@dataclass(frozen=True)
class Next:
    """`rows` to begin of each cell, in rank order; where a cell has fewer ready, read on until there are so many or its source
    ends. Without rows the build is at its end, and `missing` has the goals that were not met."""

    rows: Mapping[Cell, int] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()


def next_round(
    goals: Goals,
    placed: Sequence[Placed],
    stocks: Mapping[Cell, Stock],
    before: Collection[str] = frozenset(),
    seed: int = 0,
    number: int = 0,
) -> Next:
    """What round `number` begins. `placed`: the outcomes of all rounds before it; `stocks`: every cell, also those that are used up
    and, for a floor without a row so far, one with `more` for each source that is not read to its end."""
    if goals.open_ended:
        return Next({cell: stock.ready for cell, stock in stocks.items() if stock.ready})
    short = shortages(goals, placed, before)
    if not short:
        return Next()
    yields = learn(placed, stocks, goals.modes)
    must = count_kinds(p for p in placed if p.outcome.id in before)
    slots = {cell: yields.slots(cell) for cell in stocks}
    mixing = Mixing(goals, count_kinds(placed), must, stocks, slots)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, number])
    drawn = [yields.draw(rng) for _ in range(WORLDS)]
    mixes = [mixing.solve(world) for world in drawn]
    rows = _rows(mixes, drawn, stocks, len(placed), rng)
    return Next(rows) if rows else Next(missing=explain(short, placed, stocks))


def _rows(
    mixes: Sequence[Mix],
    drawn: Sequence[Mapping[Cell, Floats]],
    stocks: Mapping[Cell, Stock],
    begun: int,
    rng: np.random.Generator,
) -> dict[Cell, int]:
    """Rows to begin of each cell; none where no cell is of any use."""
    sizes = {cell: np.array([mix.begun[cell] for mix in mixes]) for cell in mixes[0].begun}
    needs = {cell: _need(cell, n, mixes, drawn, rng) for cell, n in sizes.items() if (n >= EVEN).any()}
    if not needs:
        return {}
    whole = sum(need.share for need in needs.values())
    # nearly every RL prompt counts: of them there is nothing to learn first
    prompts, others = ({cell: need for cell, need in needs.items() if cell.rl is rl} for rl in (True, False))
    parts: dict[Cell, float] = {}
    for some, most in ((prompts, inf), (others, max(FIRST * whole, GROWTH * begun))):
        share = sum(need.share for need in some.values()) / whole
        parts |= _largest(some, WASTE * share * (begun + whole), most)
    rows = _round({cell: n / stocks[cell].rollouts for cell, n in parts.items()})
    return {cell: int(min(n, stocks[cell].most)) for cell, n in sorted(rows.items()) if n}


@dataclass(frozen=True)
class _Need:
    """Of a cell: the samples it is likely to need, in which `part` of the worlds it needs any, and in so many tries, sorted, the
    sample that gives the last row needed."""

    share: float
    part: float
    last: Floats

    def start(self, odds: float) -> float:
        """The samples that are too many with these odds."""
        return self.part * float(np.quantile(self.last, odds))

    def wasted(self, samples: float) -> float:
        """The samples expected to come after the last that is needed."""
        return self.part * float(np.clip(samples / self.part - self.last, 0, None).mean())


def _need(
    cell: Cell,
    sizes: Floats,
    mixes: Sequence[Mix],
    drawn: Sequence[Mapping[Cell, Floats]],
    rng: np.random.Generator,
) -> _Need:
    used = np.flatnonzero(sizes >= EVEN)
    part, lasts = len(used) / len(sizes), []
    for n in map(int, used):
        rate = min(max(_useful(drawn[n][cell], mixes[n].worth[cell]), 1 / DEAREST), 1.0)
        rows = max(1, ceil(sizes[n] * rate - 0.5))
        lasts.append(rows + rng.negative_binomial(rows, rate, LUCKS // len(used)))
    return _Need(part * float(np.median(sizes[used])), part, np.sort(np.concatenate(lasts)).astype(float))


def _largest(needs: Mapping[Cell, _Need], allowed: float, most: float) -> dict[Cell, float]:
    """The most samples of each cell, at odds that are the same for all, within what may be wasted and begun in sum."""
    low, high = 0.0, 1.0
    for _ in range(12):
        odds = (low + high) / 2
        starts = {cell: need.start(odds) for cell, need in needs.items()}
        wasted = sum(need.wasted(starts[cell]) for cell, need in needs.items())
        if wasted <= allowed and sum(starts.values()) <= most:
            low = odds
        else:
            high = odds
    starts = {cell: need.start(low) for cell, need in needs.items()}
    scale = min(1.0, most / max(sum(starts.values()), EVEN))
    return {cell: n * scale for cell, n in starts.items()}


def _round(parts: Mapping[Cell, float]) -> dict[Cell, int]:
    """Whole numbers with the same sum, one at least."""
    whole = {cell: floor(n) for cell, n in parts.items()}
    left = max(round(sum(parts.values())), 1) - sum(whole.values())
    for cell in sorted(parts, key=lambda one: (whole[one] - parts[one], one))[:left]:
        whole[cell] += 1
    return whole


def _useful(shares: Floats, worth: Floats) -> float:
    """The rate of samples that count, were all that count worth the same: rows that save little count for little."""
    value = float((shares * worth).sum())
    return min(1.0, value * value / float((shares * worth * worth).sum())) if value > 0 else 1 / DEAREST
