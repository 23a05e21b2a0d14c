"""What a budget buys at most: which sources, how often each, and which policy. Pure, given rows and rates.

In: a manifest, declared rates, rows by source, US dollars. Out: `Solution`: the choice that gives the most accepted rows in the
proportions of the quotas, its mix, and how far luck and ignorance may move it.

For a choice (`choices`) a linear programme over sources: most rows in the quotas' proportions, within budget and rows; where all
quotas can be filled, the cheapest way to fill them. A choice may accept at most the share `LOSS` more wrong rows than the
manifest's own judging does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np

from pipeline.errors import BuildError
from pipeline.forecast.choices import Choice, axes
from pipeline.forecast.declaration import Declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import Range, spread
from pipeline.forecast.rates import USD, Floats
from pipeline.forecast.tailored import tailored
from pipeline.manifest.spec import RL, Manifest
from pipeline.output.cut import Slot

LOSS = 0.005
EXHAUSTIVE = 400
WORLDS = 300
Place: TypeAlias = tuple[int, int, int]
"""A choice on each axis of `choices.Axes`."""
MOST_RESERVE = 3.0


@dataclass(frozen=True)
class SourceYield:
    """Of one sample of a source: by slot the rows it gives on average, and US dollars."""

    rows: Floats
    usd: float


@dataclass(frozen=True)
class Solution:
    """`samples` to begin at most, by source; `rows` to expect by slot, and the `usd` that they take; `accepted` rows that count
    towards the quotas, RL prompts apart, with their 90 % interval. `filled`: the share of the quotas. `own`: accepted rows by the
    manifest's own policy for the same money. `asked`: None where no quota is. `known`: generators with rates of their own."""

    choice: Choice
    samples: Mapping[str, float]
    rows: Mapping[Slot, float]
    usd: float
    accepted: Range
    filled: float
    asked: int | None
    own: float
    tried: int
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class BudgetProblem:
    """What is bought: `slots` in order, the quota of each (None: as many as come), US dollars, and samples by source at most."""

    slots: tuple[Slot, ...]
    quotas: Sequence[int | None]
    budget: float
    supply: Mapping[str, int]

    @property
    def proportions(self) -> Floats:
        """What of each slot is to be had."""
        return np.array([float(limit or 0) for limit in self.quotas])

    def best(self, yields: Mapping[str, SourceYield]) -> tuple[Floats, float]:
        """Samples by source, and what they are worth: the share of the quotas they fill, else accepted rows."""
        from scipy.optimize import linprog  # here, because scipy takes a second to import

        rows = np.array([one.rows for one in yields.values()])
        usd = np.array([one.usd for one in yields.values()])
        bounds = [(0.0, float(self.supply[name])) for name in yields]
        wanted = self.proportions
        if not wanted.any():
            free = [n for n, limit in enumerate(self.quotas) if limit is None and self.slots[n] != RL]
            solved = linprog(-rows[:, free].sum(axis=1), usd[None], [self.budget], bounds=bounds)
            return solved.x, -float(solved.fun)
        asked = [n for n, limit in enumerate(self.quotas) if limit]
        limits = np.vstack([np.append(usd, 0.0), *(np.append(-rows[:, n], wanted[n]) for n in asked)])
        right = np.append(self.budget, np.zeros(len(asked)))
        solved = linprog(np.append(np.zeros(len(usd)), -1.0), limits, right, bounds=[*bounds, (0.0, 1.0)])
        filled = -float(solved.fun)
        # the cheapest of all ways to fill as much
        held = np.append(self.budget, -wanted[asked] * filled * (1 - 1e-9))
        cheapest = linprog(usd, np.vstack([usd, *(-rows[:, n] for n in asked)]), held, bounds=bounds)
        return (cheapest.x if cheapest.success else solved.x[:-1]), filled

    def accepted(self, rows: Floats) -> float:
        """The rows that count towards the quotas, RL prompts apart."""
        kept = [
            n if limit is None else min(n, limit)
            for slot, n, limit in zip(self.slots, rows, self.quotas, strict=True)
            if slot != RL
        ]
        return float(sum(kept))


class Search:
    """Evaluates choices, each once. The manifest's own is at the place (0, 0, 0)."""

    def __init__(self, manifest: Manifest, declared: Declaration, problem: BudgetProblem) -> None:
        self.manifest, self.declared, self.problem = manifest, declared, problem
        self.axes = axes(manifest, declared.generators)
        self.seen: dict[Place, Bought] = {}
        self.least = self.right((0, 0, 0)) - LOSS

    def right(self, place: Place) -> float:
        """The share, 0 to 1, that is right of the rows that the choice at `place` accepts first, in its worst source."""
        policy = self.axes.choice(*place).policy
        own = self.manifest.policy.judging
        return min(tailored(self.declared, name, policy, own)[1] for name in self.problem.supply)

    def bought(self, place: Place) -> "Bought":
        """The best mix under the choice at `place`."""
        if place not in self.seen:
            choice = self.axes.choice(*place)
            yields = _yields(self.manifest, self.declared, choice, self.problem.supply)
            self.seen[place] = Bought(choice, yields, *self.problem.best(yields))
        return self.seen[place]

    def worth(self, place: Place) -> tuple[float, float]:
        """Quotas filled, then money saved: what is to be the greatest. Too much that is wrong is worth nothing."""
        if self.right(place) < self.least:
            return -1.0, 0.0
        bought = self.bought(place)
        return round(bought.filled, 9), -bought.usd

    def best(self) -> Place:
        """The best place: of all where they are few, else the best that is found by bettering one axis after the other."""
        every: list[Place] = list(product(*map(range, self.axes.sizes)))  # type: ignore[arg-type]
        if len(every) > EXHAUSTIVE:
            every = [self._climb((0, rounds, 0)) for rounds in range(self.axes.sizes[1])]
        return max(every, key=self.worth)

    def _climb(self, start: Place) -> Place:
        best, before = start, None
        while best != before:
            before = best
            for axis, size in enumerate(self.axes.sizes):
                line: list[Place] = [(*best[:axis], n, *best[axis + 1 :]) for n in range(size)]  # type: ignore[misc]
                best = max([best, *line], key=self.worth)
        return best


@dataclass(frozen=True)
class Bought:
    """A choice, what samples give under it, and its best mix."""

    choice: Choice
    yields: Mapping[str, SourceYield]
    samples: Floats
    filled: float

    @property
    def rows(self) -> Floats:
        """By slot."""
        return np.asarray(self.samples @ np.array([one.rows for one in self.yields.values()]))

    @property
    def usd(self) -> float:
        """What it takes."""
        return float(self.samples @ np.array([one.usd for one in self.yields.values()]))


def solve(manifest: Manifest, declared: Declaration, supply: Mapping[str, int], budget: float) -> Solution:
    """The best of all choices. Raises BuildError where a price is missing, or nothing can be bought."""
    slots = tuple(manifest.quotas)
    search = Search(manifest, declared, BudgetProblem(slots, tuple(manifest.quotas.values()), budget, supply))
    bought = search.bought(search.best())
    if not bought.samples.any():
        raise BuildError(f"${budget:,.2f} buys no sample of any source; raise the budget")
    asked = sum(limit or 0 for slot, limit in manifest.quotas.items() if slot != RL)
    shares, samples = _shares(search, bought), bought.samples
    if asked and bought.filled > 1 - 1e-6 and bought.usd > 0:
        samples = _with_reserve(search.problem, bought, shares, asked)
    return Solution(
        bought.choice,
        dict(zip(bought.yields, map(float, samples), strict=True)),
        dict(zip(slots, map(float, bought.rows), strict=True)),
        bought.usd,
        spread(_accepted(search.problem, shares, samples)),
        bought.filled if asked else 1.0,
        asked or None,
        search.problem.accepted(search.bought((0, 0, 0)).rows),
        len(search.seen),
        tuple(declared.generators),
    )


def _yields(
    manifest: Manifest, declared: Declaration, choice: Choice, supply: Mapping[str, int]
) -> dict[str, SourceYield]:
    """By source what a sample gives and takes."""
    rates = {name: _rates(manifest, declared, choice, name) for name in supply}
    return {name: source_yield(one, one.mean(), manifest) for name, one in rates.items()}


def _rates(manifest: Manifest, declared: Declaration, choice: Choice, source: str) -> DeclaredRates:
    rates, _ = tailored(declared, source, choice.policy, manifest.policy.judging)
    return DeclaredRates(rates, manifest.model_copy(update={"policy": choice.policy}))


def source_yield(rates: DeclaredRates, chances: Floats, manifest: Manifest) -> SourceYield:
    """What a sample gives and takes when its climbs have these chances. Raises BuildError where a price is missing."""
    atoms, splits = rates.atoms, manifest.splits
    if unpriced := [" ".join(call) for n, call in enumerate(atoms.calls) if not atoms.known[n, USD]]:
        raise BuildError(f"no price is known for {', '.join(unpriced)}; give it under prices of the manifest")
    ends = np.bincount(atoms.ends, weights=chances, minlength=len(atoms.modes) + 1)
    by_mode = dict(zip(atoms.modes, (1 - splits.rl) * ends[:-1], strict=True))
    failed = 0.0 if splits.rl_climb == "none" else float(chances[atoms.first_failed].sum())
    rows = np.array([splits.rl * (1 - failed) if slot == RL else by_mode[slot] for slot in manifest.quotas])
    whole, first = (float(chances @ amounts[:, :, USD].sum(axis=1)) for amounts in (atoms.whole, atoms.first))
    prompt = {"full": whole, "direct": first, "none": 0.0}[splits.rl_climb]
    return SourceYield(rows, (1 - splits.rl) * whole + splits.rl * prompt)


def _shares(search: Search, bought: Bought) -> Floats:
    """[world, source, slot]: rows that a sample gives on average, in worlds as likely as the rates are known."""
    rng = np.random.default_rng(0)
    rates = [_rates(search.manifest, search.declared, bought.choice, name) for name in search.problem.supply]
    return np.array(
        [[source_yield(one, one.draw(rng).chances, search.manifest).rows for one in rates] for _ in range(WORLDS)]
    )


def _accepted(problem: BudgetProblem, shares: Floats, samples: Floats) -> Floats:
    """Accepted rows by world, with the luck of each."""
    rng = np.random.default_rng(1)
    counts = [
        sum(
            rng.multinomial(round(n), [*row, max(0.0, 1 - row.sum())])[:-1]
            for n, row in zip(samples, world, strict=True)
        )
        for world in shares
    ]
    return np.array([problem.accepted(np.asarray(rows)) for rows in counts])


def _with_reserve(problem: BudgetProblem, bought: Bought, shares: Floats, asked: int) -> Floats:
    """Where the quotas can be filled on average: so many samples more, of each source, that they are in 9 worlds of 10, as far as
    rows and budget go. A build stops when its quotas are full, so most of them are not begun."""
    samples = bought.samples
    most = problem.budget / bought.usd
    for factor in np.arange(1.0, min(most, MOST_RESERVE), 0.05):
        samples = np.minimum(bought.samples * factor, list(problem.supply.values()))
        if np.quantile(_accepted(problem, shares, samples), 0.1) >= asked:
            break
    return samples
