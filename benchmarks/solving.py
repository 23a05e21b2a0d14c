"""How near `x2i plan --solve` comes to the best policy and mix that exhaustive simulation finds.

    python -m benchmarks.solving [--setups 10]

In: the number of set-ups: three sources of differing difficulty, three generators of differing skill and price, quotas, a budget.
Out: for each the rows in the quotas' proportions that the chosen policy and mix give, over those of the best found. Every policy is
simulated with every mix on a grid, sample by sample until the money is spent; the best ones and the chosen one again, many times.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pipeline.forecast.choices import Choice
from pipeline.forecast.declaration import Declaration, DeclaredShares, declaration
from pipeline.forecast.rates import USD, Floats
from pipeline.forecast.solve import LOSS, BudgetProblem, Place, Search, _rates, solve
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest

DEMO = "manifests/cascade-demo.yaml"
SOURCES = ("easy", "middling", "hard")


@dataclass(frozen=True)
class BudgetSetup:
    """What is to be solved."""

    manifest: Manifest
    declared: Declaration
    supply: dict[str, int]
    budget: float


def setup(seed: int) -> BudgetSetup:
    """The set-up of a seed: rates around the demo's, prices around those of the cascade demo."""
    rng = np.random.default_rng(seed)
    base = declaration(None)

    def moved(rate: float, by: float) -> float:
        odds = np.log(rate / (1 - rate)) + by
        return float(1 / (1 + np.exp(-odds)))

    def shares(shift: float, first: bool) -> DeclaredShares:
        by = rng.normal(shift, 0.3, 6)
        reflection = tuple(moved(rate, d) for rate, d in zip(base.reflection, by[:3], strict=True))
        direct = moved(base.direct, by[3]) if first else None
        escalates = moved(base.escalates, by[4]) if first else None
        return DeclaredShares(direct=direct, reflection=reflection, step=moved(base.step, by[5]), escalates=escalates)

    sources = {name: shares(shift, True) for name, shift in zip(SOURCES, (0.9, 0.0, -0.9), strict=True)}
    generators = {"cheap": shares(-0.6, False), "strong": shares(0.8, False)}
    quotas = rng.integers(100, 600, 3)
    changes = [f"quotas.{mode}={n}" for mode, n in zip(("direct", "reflection", "multistep"), quotas, strict=True)]
    factor = rng.lognormal(0, 0.5, 2)
    changes += [
        f"prices.world-generator-{n}.image={p * f:.4f}"
        for n, p, f in (("cheap", 0.004, factor[0]), ("strong", 0.04, factor[1]))
    ]
    changes += ["policy.reflection_rounds=2", "policy.generators.reflect=[cheap, strong]"]
    declared = base.model_copy(update={"sources": sources, "generators": generators})
    supply = {name: int(n) for name, n in zip(SOURCES, rng.integers(400, 4000, 3), strict=True)}
    return BudgetSetup(load(DEMO, changes), declared, supply, float(quotas.sum() * rng.uniform(0.01, 0.06)))


class Simulator:
    """Builds of one choice: samples one after another, until the money is spent or a source is used up."""

    def __init__(self, given: BudgetSetup, choice: Choice) -> None:
        self._given = given
        self._quotas = np.array(
            [limit or 0 for slot, limit in given.manifest.quotas.items() if slot != "rl"], dtype=float
        )
        self._sources = []
        for name in given.supply:
            rates = _rates(given.manifest, given.declared, choice, name)
            usd = rates.atoms.whole[:, :, USD].sum(axis=1), rates.atoms.first[:, :, USD].sum(axis=1)
            self._sources.append((rates.mean(), rates.atoms.ends, *usd))

    def rows(self, weights: Sequence[float], rng: np.random.Generator) -> float:
        """Rows in the quotas' proportions that one build gives, its sources taking turns by `weights`."""
        ends, usd = self._climb(weights, rng)
        begun = int(np.searchsorted(usd.cumsum(), self._given.budget))
        kept = np.bincount(ends[:begun], minlength=len(self._quotas) + 2)[: len(self._quotas)]
        return float(min(1.0, (kept / self._quotas).min()) * self._quotas.sum())

    def _climb(self, weights: Sequence[float], rng: np.random.Generator) -> tuple[Floats, Floats]:
        rl = self._given.manifest.splits.rl
        sums = [float(chances @ usd) for chances, _, usd, _ in self._sources]
        mean = max(float(np.dot(weights, sums)), 1e-9)
        whole = int(1.5 * self._given.budget / mean) + 50
        ends, usd = [], []
        for weight, (chances, places, full, first), most in zip(
            weights, self._sources, self._given.supply.values(), strict=True
        ):
            atoms = rng.choice(len(chances), min(round(whole * weight), most), p=chances)
            prompts = rng.random(len(atoms)) < rl
            ends.append(np.where(prompts, len(self._quotas) + 1, places[atoms]))
            usd.append(np.where(prompts, first[atoms], full[atoms]))
        order = rng.permutation(sum(map(len, ends)))
        return np.concatenate(ends)[order], np.concatenate(usd)[order]


def mixes(parts: int) -> Iterator[tuple[float, ...]]:
    """All mixes of three sources in steps of 1/parts."""
    for one, other in product(range(parts + 1), repeat=2):
        if one + other <= parts:
            yield one / parts, other / parts, (parts - one - other) / parts


def compare(given: BudgetSetup, parts: int, again: int, most: int | None = None) -> tuple[float, float, int]:
    """Rows by the chosen policy and mix, rows by the best found, and how many builds were simulated to find it. `most`: policies
    to try at most, drawn at random."""
    answer = solve(given.manifest, given.declared, given.supply, given.budget)
    quotas = tuple(given.manifest.quotas.values())
    search = Search(
        given.manifest, given.declared, BudgetProblem(tuple(given.manifest.quotas), quotas, given.budget, given.supply)
    )
    rng = np.random.default_rng(0)
    places: list[Place] = list(product(*map(range, search.axes.sizes)))  # type: ignore[arg-type]
    if most is not None:
        places = [places[n] for n in rng.permutation(len(places))[:most]]
    found: list[tuple[float, Simulator, tuple[float, ...]]] = []
    simulated = 0
    for place in places:
        choice = search.axes.choice(*place)
        if search.right(place) < search.least:
            continue
        simulator = Simulator(given, choice)
        for mix in mixes(parts):
            found.append((simulator.rows(mix, rng), simulator, mix))
            simulated += 1
    best = sorted(found, key=lambda one: -one[0])[:20]
    chosen = Simulator(given, answer.choice)
    whole = sum(answer.samples.values())
    own_mix = [n / whole for n in answer.samples.values()]
    return (
        _mean(chosen, own_mix, again, rng),
        max(_mean(simulator, mix, again, rng) for _, simulator, mix in best),
        simulated,
    )


def _mean(simulator: Simulator, mix: Sequence[float], times: int, rng: np.random.Generator) -> float:
    return float(np.mean([simulator.rows(mix, rng) for _ in range(times)]))


def main() -> None:
    """Print a line a set-up."""
    parser = argparse.ArgumentParser(description="How near --solve comes to the best found by exhaustive simulation.")
    parser.add_argument("--setups", type=int, default=10)
    parser.add_argument("--parts", type=int, default=10)
    given = parser.parse_args()
    print("set-up  chosen  best found  chosen / best  simulated builds  LOSS", LOSS)
    for seed in range(given.setups):
        chosen, best, simulated = compare(setup(seed), given.parts, 40)
        print(f"{seed:6}  {chosen:6.0f}  {best:10.0f}  {chosen / best:13.1%}  {simulated:16,}", flush=True)


if __name__ == "__main__":
    main()
