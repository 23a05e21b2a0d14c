"""The forecast of a build: samples, calls, tokens, images, money, hours, each with the interval in which it will lie 9 times in 10.

In: a manifest, rates. Out: a `Forecast`. No call is made and no sample drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.forecast.hours import hours
from pipeline.forecast.planned import planned
from pipeline.forecast.rates import QUANTITIES, USD, Floats, Rates, own_prices, prices
from pipeline.forecast.simulate import Builds, Ints, SimulatedJob, rows_needed, simulate
from pipeline.manifest.spec import RL, Manifest
from stages.rung import Call

_LEAST_WINDOW = 16  # rows of a block, which is fed as a whole


@dataclass(frozen=True)
class Range:
    """What to expect, and the ends of the 90 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """All figures of a plan. None stands for what nobody can know, as money without prices.

    `rows` by source; `planned` samples up to the quota cut, `begun` with those begun beyond it. `kept` by slot, `lost` discarded
    or failed; `titles`: what people call each slot. `calls[(role, kind)][quantity]`, and `totals[quantity]` over all of them.
    `money` by role. `uncounted`: calls whose money is in no sum; `listed`: models at the package's list prices. `bounds`: what
    holds the build up -> in which share of the simulated builds. `filled`: the chance that the quotas are filled, and `needed`:
    samples that fill them, were there as many; None without quotas. `over_budget`: that the budget stops the build, None without
    one.
    """

    name: str
    source: str
    notes: tuple[str, ...]
    rows: Mapping[str, int]
    planned: Range
    begun: Range
    kept: Mapping[str, Range]
    titles: Mapping[str, str]
    lost: Range
    calls: Mapping[Call, Mapping[str, Range | None]]
    totals: Mapping[str, Range | None]
    money: Mapping[str, Range | None]
    per_accepted: Range | None
    uncounted: tuple[Call, ...]
    listed: tuple[str, ...]
    hours: Range
    bounds: Mapping[str, float]
    filled: float | None
    needed: Range | None
    over_budget: float | None


def forecast(manifest: Manifest, rates: Rates) -> Forecast:
    """What a build of `manifest` will take. Raises pipeline.sources.files.TableError, OSError when a source cannot be read."""
    rows = planned(manifest)
    builds = simulate(rates, job(manifest, sum(rows.values())))
    needed = rows_needed(rates, job(manifest, sum(rows.values())))
    return replace(summarise(manifest, rates, rows, builds), needed=None if needed is None else spread(needed))


def job(manifest: Manifest, samples: int) -> SimulatedJob:
    """What is to be simulated."""
    return SimulatedJob(
        samples,
        manifest.splits.rl,
        manifest.splits.rl_climb,
        manifest.quotas,
        4 * max(manifest.run.concurrency, _LEAST_WINDOW),
    )


def summarise(manifest: Manifest, rates: Rates, rows: Mapping[str, int], builds: Builds) -> Forecast:
    """The figures of simulated builds."""
    known, calls = rates.atoms.known, rates.atoms.calls
    took = builds.totals[:, :, 0].max(axis=0) > 0  # a call that never happens asks for no price
    usd = builds.totals[:, :, USD].sum(axis=1)
    own, listed = own_prices(manifest), prices(manifest)
    accepted = builds.kept[:, [slot != RL for slot in manifest.quotas]].sum(axis=1)
    time, bounds = hours(builds, calls, manifest)
    counted = bool((known[:, USD] & took).any())
    budget, limits = manifest.run.budget_usd, manifest.quotas.values()
    return Forecast(
        name=manifest.name,
        source=rates.source,
        notes=rates.notes,
        rows=rows,
        planned=spread(builds.planned),
        begun=spread(builds.begun),
        kept={slot: spread(builds.kept[:, n]) for n, slot in enumerate(manifest.quotas)},
        titles={rung.mode: rung.look.title for rung in manifest.recipe.rungs} | {RL: "RL prompts"},
        lost=spread(builds.lost),
        calls={
            call: {name: _known(builds.totals[:, n, q], bool(known[n, q])) for q, name in enumerate(QUANTITIES)}
            for n, call in enumerate(calls)
            if took[n]
        },
        totals={
            name: _known(builds.totals[:, :, q].sum(axis=1), bool((known[:, q] & took).any()))
            for q, name in enumerate(QUANTITIES)
        },
        money={role: _of(role, builds, calls, known[:, USD] & took) for role, _ in manifest.models},
        per_accepted=spread(usd[accepted > 0] / accepted[accepted > 0]) if counted and (accepted > 0).any() else None,
        uncounted=tuple(call for n, call in enumerate(calls) if took[n] and not known[n, USD]),
        listed=tuple(sorted({spec.model for role, spec in manifest.models if listed[role] and role not in own})),
        hours=spread(time),
        bounds=bounds,
        needed=None,
        filled=float(builds.filled.mean()) if any(limits) else None,
        over_budget=None if budget is None or not counted else float((usd > budget).mean()),
    )


def spread(values: Floats | Ints) -> Range:
    """The mean of simulated values, and the ends of their central 90 %."""
    low, high = np.quantile(values, (0.05, 0.95))
    return Range(float(np.mean(values)), float(low), float(high))


def _known(values: Floats, known: bool) -> Range | None:
    return spread(values) if known else None


def _of(role: str, builds: Builds, calls: tuple[Call, ...], known: Floats) -> Range | None:
    mine = np.array([called == role for called, _ in calls]) & known.astype(bool)
    return spread(builds.totals[:, mine, USD].sum(axis=1)) if mine.any() else None
