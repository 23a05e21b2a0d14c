"""How many samples targets begin, against who knows every outcome: simulated with yields like the world's.

    python -m benchmarks.targets [--seeds 100]

In: the number of seeds. Out: a table by set-up: whether the goals were met exactly, rounds, and samples begun over the fewest that
would have met them, once for an oracle that knows each outcome beforehand (it begins the luckiest prefixes), once for one that
knows the true yields and must wait for outcomes as everybody does.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.targets.finished import Finished, Slot
from pipeline.targets.goals import REST, RL_PROMPTS, Cell, Goals, Placed, Stock, count_kinds
from pipeline.targets.mix import Mixing
from pipeline.targets.oracle import fewest
from pipeline.targets.rounds import Next, next_round
from pipeline.targets.selection import select
from pipeline.targets.yields import Floats

MODES = ("direct", "reflection", "multistep")
WORLD = (0.44, 0.27, 0.19)
"""The yields of the demo: see pipeline/forecast/demo_rates.yaml."""


@dataclass(frozen=True)
class Setup:
    """`outcomes[cell]`: what would come of its rows, in rank order; `truth`: the yields they were drawn from."""

    goals: Goals
    outcomes: Mapping[Cell, tuple[Slot | None, ...]]
    truth: Mapping[Cell, Floats]

    @classmethod
    def drawn(
        cls, goals: Goals, yields: Mapping[Cell, tuple[float, ...]], rows: int, rng: np.random.Generator
    ) -> "Setup":
        """`rows` outcomes of each cell."""
        outcomes = {cell: tuple(_outcomes(cell, shares, rows, rng)) for cell, shares in yields.items()}
        return cls(goals, outcomes, {cell: np.array(shares) for cell, shares in yields.items()})


def _outcomes(cell: Cell, shares: tuple[float, ...], rows: int, rng: np.random.Generator) -> Iterator[Slot | None]:
    slots: tuple[Slot | None, ...] = ("rl", None) if cell.rl else (*MODES, None)
    for place in rng.choice(len(slots), rows, p=[*shares, 1 - sum(shares)]):
        yield slots[place]


def finished(cell: Cell, n: int, slot: Slot | None, number: int) -> Placed:
    """The outcome of row `n` of a cell, begun in round `number`."""
    name = f"{cell.source} {cell.category} {cell.rl} {n:05d}"
    status = "discarded" if slot is None else "accepted"
    mode = slot if slot in MODES else None
    outcome = Finished(n, name, status, mode, "rl" if cell.rl else "train", name)  # type: ignore[arg-type]
    return Placed(outcome, cell, number, cell.category)


def run(
    setup: Setup,
    seed: int,
    goals: Goals | None = None,
    placed: tuple[Placed, ...] = (),
    before: frozenset[str] = frozenset(),
) -> tuple[list[Placed], int, Next]:
    """All rounds until nothing more is begun: the outcomes, the number of rounds, and how it ended."""
    done, number = list(placed), len({p.round for p in placed})
    while True:
        begun = Counter(p.cell for p in done)
        stocks = {cell: Stock(len(slots) - begun[cell]) for cell, slots in setup.outcomes.items()}
        after = next_round(goals or setup.goals, done, stocks, before, seed, number)
        if not after.rows:
            return done, number, after
        for cell, rows in after.rows.items():
            slots = setup.outcomes[cell][begun[cell] : begun[cell] + rows]
            done += [finished(cell, n, slot, number) for n, slot in enumerate(slots, begun[cell])]
        number += 1


def setups(rng: np.random.Generator) -> Iterator[tuple[str, Setup]]:
    """Cells and goals of many shapes, with outcomes drawn anew."""
    forty = dict.fromkeys(MODES, 40) | {"rl": 0}
    yield "40/40/40, no floors", Setup.drawn(Goals(forty, {}), {REST: WORLD}, 900, rng)
    floors = {"text": 10, "motion": 10, "count": 10}
    cells = {REST: WORLD} | {Cell("world", name): _near(WORLD, rng, 40) for name in floors}
    yield "40/40/40, 3 floors of 10", Setup.drawn(Goals(forty, floors), cells, 900, rng)
    floors = {f"c{n:02d}": 4 for n in range(20)}
    cells = {REST: WORLD} | {Cell("world", name): _near(WORLD, rng, 40) for name in floors}
    yield "40/40/40, 20 floors of 4", Setup.drawn(Goals(forty, floors), cells, 400, rng)
    floors = {"text": 15}
    cells = {REST: WORLD, Cell("world", "text"): (0.06, 0.08, 0.06)}
    yield "40/40/40, a scarce floor of 15", Setup.drawn(Goals(forty, floors), cells, 900, rng)
    cells = {REST: WORLD, RL_PROMPTS: (0.99,)}
    yield "40/40/40 and 100 RL", Setup.drawn(Goals(forty | {"rl": 100}, {}), cells, 900, rng)
    mix = {"direct": 100, "reflection": 200, "multistep": 200, "rl": 0}
    floors = {f"c{n:02d}": 30 for n in range(6)}
    cells = {REST: WORLD} | {Cell(s, name): _near(WORLD, rng, 20) for name in floors for s in ("a", "b")}
    yield "100/200/200, 6 floors of 30, two sources", Setup.drawn(Goals(mix, floors), cells, 1500, rng)


def _near(shares: tuple[float, ...], rng: np.random.Generator, strength: float) -> tuple[float, ...]:
    return tuple(rng.dirichlet(strength * np.array([*shares, 1 - sum(shares)]))[:-1].tolist())


def informed(setup: Setup) -> int:
    """Samples that one would begin who knows the true yields, one after another, always of the cell that is worth most."""
    done: list[Placed] = []
    begun: Counter[Cell] = Counter()
    slots = {cell: ("rl",) if cell.rl else MODES for cell in setup.outcomes}
    while True:
        stocks = {cell: Stock(len(rows) - begun[cell]) for cell, rows in setup.outcomes.items()}
        mix = Mixing(setup.goals, count_kinds(done), {}, stocks, slots).solve(setup.truth)
        if sum(mix.begun.values()) < 1e-6:
            return len(done)
        cell = max(mix.begun, key=lambda one: mix.begun[one])
        for _ in range(max(1, int(mix.begun[cell] / 5))):
            done.append(finished(cell, begun[cell], setup.outcomes[cell][begun[cell]], 0))
            begun[cell] += 1


def exact(setup: Setup, done: list[Placed]) -> bool:
    """Whether the rows kept are those asked for, and every floor is met."""
    fates = select(done, setup.goals)
    kept = [p for p in done if fates[p.outcome.id] == "kept"]
    in_slot, in_category = Counter(p.outcome.slot for p in kept), Counter(p.category for p in kept)
    return all(in_slot[slot] == n for slot, n in setup.goals.quotas.items()) and all(
        in_category[name] >= n for name, n in setup.goals.floors.items()
    )


def measure(seed: int) -> Iterator[tuple[str, tuple[bool, int, int, int, int]]]:
    """By set-up: met exactly, rounds, samples begun, the fewest (to 1 %), those of one who knows the yields."""
    for name, setup in setups(np.random.default_rng(seed)):
        done, rounds, _ = run(setup, seed)
        begun = Counter(p.cell for p in done)
        # a cell of which far more were needed than were begun would be no shorter
        within = {cell: slots[: 2 * begun[cell] + 40] for cell, slots in setup.outcomes.items()}
        least = fewest(setup.goals, within, 0.01)
        assert least is not None
        yield name, (exact(setup, done), rounds, len(done), least, informed(setup))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How many samples targets begin, against oracles.")
    parser.add_argument("--seeds", type=int, default=50)
    figures: dict[str, list[tuple[bool, int, int, int, int]]] = {}
    for seed in range(parser.parse_args().seeds):
        for name, row in measure(seed):
            figures.setdefault(name, []).append(row)
    print("begun over the oracle's: mean, median, 95 % quantile, most; share of seeds within 15 %")
    for name, rows in figures.items():
        met, rounds, begun, least, known = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        print(
            f"{name}: exact in {met.mean():.0%}, {rounds.mean():.1f} rounds (most {rounds.max():.0f}), {begun.mean():.0f} begun"
        )
        for title, other in (("knows every outcome", least), ("knows the yields", known)):
            over = begun / other - 1
            figure = ", ".join(f"{q:.1%}" for q in (over.mean(), *np.quantile(over, (0.5, 0.95, 1))))
            print(f"    {title}, {other.mean():.0f}: {figure}; {(over <= 0.15).mean():.0%}")


if __name__ == "__main__":
    main()
