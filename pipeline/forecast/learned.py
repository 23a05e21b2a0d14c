"""Rates by source and by generator, read off an earlier build: a `Declaration`, by which other policies can be weighed.

In: the folder of a finished build, the manifest to be planned, what was expected beforehand. Out: that expectation, corrected by
how often each chance was won in the build. `MeasuredRates` draws whole samples and so is truer, but only of the build's own policy.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from pipeline.forecast.declaration import Declaration, DeclaredShares, Taken
from pipeline.forecast.pilot import reading
from pipeline.manifest.spec import Manifest
from pipeline.output.record import recorded
from stages.makers import DEFAULT
from stages.records import Evaluation
from stages.trajectory import Trajectory

WORTH = 4.0
"""Samples that an expectation is worth against the build."""
Chance = tuple[str, int]
"""What is won or lost, and in which round of reflection: 0 for all others."""


class Counts:
    """How often each chance was met and won."""

    def __init__(self) -> None:
        self.met, self.won = Counter[Chance](), Counter[Chance]()

    def add(self, chance: Chance, won: bool) -> None:
        """One more."""
        self.met[chance] += 1
        self.won[chance] += won

    def rate(self, expected: float, chance: Chance) -> float:
        """The mean, with `WORTH` samples of what is expected."""
        return (self.won[chance] + WORTH * expected) / (self.met[chance] + WORTH)


def learned(out: Path, manifest: Manifest, expected: Declaration) -> Declaration:
    """What the build in `out` says of rates and calls. Raises RatesError."""
    with reading(out):
        trajectories = [one.trajectory for one in recorded(out)]
        ledger = pq.read_table(out / "ledger.parquet").to_pandas()
    return learn_rates(trajectories, ledger, manifest, expected, str(out))


def learn_rates(
    trajectories: Iterable[Trajectory], ledger: pd.DataFrame, manifest: Manifest, expected: Declaration, where: str
) -> Declaration:
    """The same of trajectories and a ledger."""
    whole, sources, generators = Counts(), dict[str, Counts](), dict[str, Counts]()
    for t in trajectories:
        if t.sample.climb != "full":
            continue
        for chance, won, maker in outcomes(t):
            whole.add(chance, won)
            sources.setdefault(t.sample.source, Counts()).add(chance, won)
            if maker is not None and maker != DEFAULT:
                generators.setdefault(maker, Counts()).add(chance, won)
    base = expected.model_copy(update=_rates(whole, expected, manifest.policy.reflection_rounds))
    rounds = manifest.policy.reflection_rounds
    return base.model_copy(
        update={
            "about": f"measured in {where}",
            "evidence": max(1.0, float(whole.met[("direct", 0)])),
            "calls": _calls(ledger, expected),
            "sources": {name: DeclaredShares(**_rates(counts, base, rounds)) for name, counts in sources.items()},
            "generators": {name: DeclaredShares(**_drawn(counts, base, rounds)) for name, counts in generators.items()},
        }
    )


def outcomes(t: Trajectory) -> Iterator[tuple[Chance, bool, str | None]]:
    """Every chance that a trajectory met: whether it was won, and the name of the generator that drew."""
    maker: str | None = None
    rounds = 0
    for place, event in enumerate(t.events):
        if event.kind == "generation":
            maker = _generator(event.made_by)
        elif event.kind == "diagnosis":
            yield ("escalates", 0), any(later.kind == "decomposition" for later in t.events[place:]), None
        elif isinstance(event.payload, Evaluation):
            passed = event.payload.passed
            if event.rung == "direct":
                yield ("direct", 0), passed, None
            elif event.rung == "reflect":
                rounds += 1
                yield ("reflection", rounds), passed, maker
            elif event.rung == "multistep":
                yield ("final" if event.against == "original" else "step", 0), passed, maker


def _generator(made_by: str | None) -> str | None:
    """The name of a generator: "strong" of "generator.strong:...", `DEFAULT` of the default one."""
    role = (made_by or "").partition(":")[0]
    return (
        role.removeprefix("generator.") if role.startswith("generator.") else DEFAULT if role == "generator" else None
    )


def _rates(counts: Counts, expected: Declaration | DeclaredShares, rounds: int) -> dict[str, object]:
    rates: dict[str, object] = {}
    for name in ("direct", "escalates", "final"):
        rates[name] = counts.rate(getattr(expected, name), (name, 0))
    return rates | _drawn(counts, expected, rounds)


def _drawn(counts: Counts, expected: Declaration | DeclaredShares, rounds: int) -> dict[str, object]:
    assert expected.reflection is not None
    assert expected.step is not None
    each = expected.reflection
    reflection = tuple(
        counts.rate(each[min(n, len(each)) - 1], ("reflection", n)) for n in range(1, max(rounds, 1) + 1)
    )
    return {"reflection": reflection, "step": counts.rate(expected.step, ("step", 0))}


def _calls(ledger: pd.DataFrame, expected: Declaration) -> dict[str, Taken]:
    """What a call of each kind took on average."""
    calls = dict(expected.calls)
    for kind, mine in ledger.groupby("kind"):
        seconds = float(mine["seconds"].mean())
        tokens = (mine[name].mean() for name in ("input_tokens", "output_tokens"))
        read, written = (None if pd.isna(n) else float(n) for n in tokens)
        if seconds > 0:
            calls[str(kind)] = Taken(input_tokens=read, output_tokens=written, seconds=seconds)
    return calls
