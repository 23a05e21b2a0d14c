"""Simulated builds: how many samples are begun, what becomes of them, and what their calls take in sum.

In: `Rates`, a `SimulatedJob`. Out: `Builds`, one entry a simulated build. Each draws its own rates first and then its own samples,
so that the spread holds both: how little is known of the rates, and how differently jobs turn out at the same rates. Quotas are
filled in rank order, as `pipeline.output.cut` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.forecast.rates import SECONDS, Atoms, Floats, Rates
from pipeline.manifest.spec import RL
from pipeline.output.cut import Slot
from stages.records import Mode

Ints = NDArray[np.int64]
_BLOCKS = 1000
_ENDLESS = 10**12
_LOST, _RL, _RL_FAILED = range(3)  # fates of samples, counted after those that are accepted into each mode


@dataclass(frozen=True)
class SimulatedJob:
    """What is to be built: so many samples, a share of them RL prompts that climb as `rl_climb` says, until quotas are filled.

    `quotas` names every slot. `window`: at most so many samples are begun beyond the one that fills them.
    """

    samples: int
    rl: float
    rl_climb: Literal["direct", "full", "none"]
    quotas: Mapping[Slot, int | None]
    window: int


@dataclass(frozen=True)
class Builds:
    """Simulated builds along the first axis. `planned`: samples up to the cut; `begun`: those and what was begun beyond it.

    `kept[build, slot]` in the order of the job's quotas; `lost`: discarded or failed up to the cut.
    `totals[build, call, quantity]`; `longest`: seconds that the calls of the slowest sample take one after the other. `filled`:
    whether all quotas were.
    """

    planned: Ints
    begun: Ints
    kept: Ints
    lost: Ints
    totals: Floats
    longest: Floats
    filled: NDArray[np.bool_]


def simulate(rates: Rates, job: SimulatedJob, builds: int = 1000, seed: int = 0) -> Builds:
    """So many builds of `job`, the same for the same seed."""
    rng = np.random.default_rng(seed)
    ones = [_build(rates, job, rng) for _ in range(builds)]
    return Builds(*(np.array(column) for column in zip(*ones, strict=True)))


def rows_needed(rates: Rates, job: SimulatedJob, builds: int = 200, seed: int = 0) -> Ints | None:
    """By simulated build, the samples after which all quotas are filled, were there as many as it takes; None without quotas.

    Each quota waits for a negative binomial number of samples by itself, and the last one decides. Quotas that wait for the same
    samples in turn make it a little less than it is, by a few in a thousand. A build that would take over `_ENDLESS` has that.
    """
    limits = {slot: limit for slot, limit in job.quotas.items() if limit}
    if not limits:
        return None
    rng = np.random.default_rng(seed)
    needed = []
    for _ in range(builds):
        fates = _fates(rates.atoms, rates.draw(rng).chances, job)
        odds = [float(fates[_place(slot, rates.atoms.modes)]) for slot in limits]
        waits = zip(limits.values(), odds, strict=True)
        longest = max(n + rng.negative_binomial(n, p) if n < p * _ENDLESS else _ENDLESS for n, p in waits)
        needed.append(min(longest, _ENDLESS))
    return np.array(needed, dtype=np.int64)


def _build(
    rates: Rates, job: SimulatedJob, rng: np.random.Generator
) -> tuple[int, int, Ints, int, Floats, float, bool]:
    atoms, draw = rates.atoms, rates.draw(rng)
    modes = len(atoms.modes)
    places = {slot: _place(slot, atoms.modes) for slot in job.quotas}
    fates = _fates(atoms, draw.chances, job)
    counts, filled = _cut(job, places, fates, rng)
    planned = int(counts.sum())
    more = rng.integers(0, min(job.window, job.samples - planned), endpoint=True) if filled else 0
    whole, first = _spread(atoms, draw.chances, counts + rng.multinomial(more, fates), job.rl_climb, rng)
    # as floats: numpy multiplies matrices of whole numbers without BLAS
    totals = np.tensordot(whole.astype(float), atoms.whole, 1) + np.tensordot(first.astype(float), atoms.first, 1)
    totals *= draw.scale
    seconds = (atoms.whole[:, :, SECONDS] @ draw.scale[:, SECONDS])[whole > 0]
    reached = ((counts[places[slot]], limit) for slot, limit in job.quotas.items())
    kept = np.array([n if limit is None else min(n, limit) for n, limit in reached])
    lost = int(counts[modes + _LOST] + counts[modes + _RL_FAILED])
    return planned, planned + int(more), kept, lost, totals, float(seconds.max(initial=0.0)), filled


def _place(slot: Slot, modes: tuple[Mode, ...]) -> int:
    """The fate by which the samples of `slot` are counted."""
    return len(modes) + _RL if slot == RL else modes.index(slot)


def _fates(atoms: Atoms, chances: Floats, job: SimulatedJob) -> Floats:
    """The chance of each fate for a sample: accepted into each mode, lost, an RL prompt, an RL prompt that failed."""
    ends = np.bincount(atoms.ends, weights=chances, minlength=len(atoms.modes) + 1)
    failed = 0.0 if job.rl_climb == "none" else float(chances[atoms.first_failed].sum())
    fates = np.array([*(1 - job.rl) * ends, job.rl * (1 - failed), job.rl * failed])
    return np.asarray(fates / fates.sum())


def _cut(job: SimulatedJob, places: Mapping[Slot, int], fates: Floats, rng: np.random.Generator) -> tuple[Ints, bool]:
    """How many samples met each fate up to the cut, and whether there is one."""
    limits = {places[slot]: limit for slot, limit in job.quotas.items() if limit}
    if not limits:
        none = all(limit == 0 for limit in job.quotas.values())
        return rng.multinomial(0 if none else job.samples, fates), none
    edges = np.linspace(0, job.samples, min(_BLOCKS, max(job.samples, 1)) + 1).astype(np.int64)
    sizes = edges[1:] - edges[:-1]
    blocks = rng.multinomial(sizes, fates)
    sums = blocks.cumsum(axis=0)
    full = np.all([sums[:, fate] >= limit for fate, limit in limits.items()], axis=0)
    if not full.any():
        return np.asarray(sums[-1]), False
    last = int(full.argmax())
    before = sums[last] - blocks[last]
    order = rng.permutation(np.repeat(np.arange(len(fates)), blocks[last]))
    one_by_one = before + (order[:, None] == np.arange(len(fates))).cumsum(axis=0)
    full = np.all([one_by_one[:, fate] >= limit for fate, limit in limits.items()], axis=0)
    return np.asarray(one_by_one[int(full.argmax())]), True


def _spread(atoms: Atoms, chances: Floats, counts: Ints, rl_climb: str, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """How many samples take each atom as a whole, and how many its first rung alone."""
    whole, first = np.zeros(len(chances), dtype=np.int64), np.zeros(len(chances), dtype=np.int64)
    climbs = [(atoms.ends == end, whole) for end in range(len(atoms.modes) + 1)]
    prompts = {"full": whole, "direct": first, "none": None}[rl_climb]
    fates = [*climbs, (~atoms.first_failed, prompts), (atoms.first_failed, prompts)]
    for (mask, into), count in zip(fates, counts, strict=True):
        weight = chances[mask].sum()
        if count and into is not None and weight > 0:
            into[mask] += rng.multinomial(count, chances[mask] / weight)
    return whole, first
