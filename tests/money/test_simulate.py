"""Simulated builds against processes whose rates are known, and against the cut of the real pipeline."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forecast.forecast import spread
from pipeline.forecast.rates import CALLS, QUANTITIES, SECONDS, USD, Atoms, Draw
from pipeline.forecast.simulate import SimulatedJob, simulate
from pipeline.output.cut import Finished, cut

MODES = ("direct", "reflection", "multistep")
LOST = len(MODES)
NO_QUOTAS = dict.fromkeys((*MODES, "rl"))


@dataclass
class KnownRates:
    """Four kinds of climb, one for each end, that cost 1, 3, 9 and 5 calls; a call takes two seconds and half a dollar."""

    chances: tuple[float, ...]
    unsure: float = 0.0
    fails_at_once: bool = False
    source: str = "known"
    notes: tuple[str, ...] = ()

    @property
    def atoms(self):
        whole, first = np.zeros((2, 4, 1, len(QUANTITIES)))
        for amounts, calls in ((whole, (1, 3, 9, 5)), (first, (1, 1, 1, 1))):
            amounts[:, 0, CALLS] = calls
            amounts[:, 0, USD] = 0.5 * np.array(calls)
            amounts[:, 0, SECONDS] = 2 * np.array(calls)
        return Atoms(
            MODES,
            (("analyzer", "evaluation"),),
            whole,
            first,
            np.arange(4),
            np.array([False, False, False, self.fails_at_once]),
            np.ones((1, len(QUANTITIES)), bool),
        )

    def draw(self, rng):
        chances = np.array(self.chances)
        return Draw(rng.dirichlet(chances * self.unsure) if self.unsure else chances, np.ones((1, len(QUANTITIES))))


def make_job(samples, **changes):
    return SimulatedJob(
        **({"samples": samples, "rl": 0.0, "rl_climb": "direct", "quotas": NO_QUOTAS, "window": 0} | changes)
    )


def test_sums_have_the_mean_and_the_spread_of_the_process():
    simulated = simulate(KnownRates((0.5, 0.3, 0.15, 0.05)), make_job(400), builds=3000)
    calls = np.array([1, 3, 9, 5])
    mean = 0.5 + 0.9 + 1.35 + 0.25
    variance = (np.array([0.5, 0.3, 0.15, 0.05]) * calls**2).sum() - mean**2
    totals = simulated.totals[:, 0, CALLS]
    assert totals.mean() == pytest.approx(400 * mean, rel=0.01)
    assert totals.std() == pytest.approx(np.sqrt(400 * variance), rel=0.06)
    assert (simulated.planned == 400).all()
    assert simulated.kept.sum(axis=1) + simulated.lost == pytest.approx(400)


def test_the_interval_holds_nine_of_ten_jobs():
    chances = (0.4, 0.3, 0.2, 0.1)
    interval = spread(simulate(KnownRates(chances), make_job(120), builds=2000).totals[:, 0, USD])
    truth = simulate(KnownRates(chances), make_job(120), builds=2000, seed=1).totals[:, 0, USD]
    assert 0.87 <= ((interval.low <= truth) & (truth <= interval.high)).mean() <= 0.94


def test_what_is_not_known_of_the_rates_widens_the_interval_of_a_large_job_most():
    def width(samples: int, unsure: float) -> float:
        interval = spread(
            simulate(KnownRates((0.4, 0.3, 0.2, 0.1), unsure), make_job(samples), builds=600).totals[:, 0, CALLS]
        )
        return (interval.high - interval.low) / interval.mean

    assert width(100_000, 0) < 0.02 < 0.1 < width(100_000, 50)
    assert width(100_000, 50) < width(50, 50)


def test_rl_prompts_take_their_first_rung_alone():
    rates = KnownRates((0, 0, 1, 0))
    calls = {
        climb: simulate(rates, make_job(1000, rl=0.5, rl_climb=climb), builds=200).totals[:, 0, CALLS].mean()
        for climb in ("none", "direct", "full")
    }
    assert calls["none"] == pytest.approx(4500, rel=0.02)
    assert calls["direct"] == pytest.approx(5000, rel=0.02)
    assert calls["full"] == 9000


def test_an_rl_prompt_fails_only_by_its_own_first_rung():
    rates = KnownRates((0, 0, 0, 1), fails_at_once=True)
    kept = {climb: simulate(rates, make_job(100, rl=1.0, rl_climb=climb), builds=5) for climb in ("none", "direct")}
    assert (kept["none"].kept[:, 3] == 100).all()
    assert (kept["none"].lost == 0).all()
    assert (kept["direct"].lost == 100).all()


QUOTA = st.none() | st.integers(0, 8)


@settings(deadline=None, max_examples=60)
@given(st.tuples(QUOTA, QUOTA, QUOTA, QUOTA), st.integers(0, 60))
def test_quotas_cut_where_the_pipeline_cuts(given_, samples):
    """The distribution of the cut, against outcomes drawn one by one and cut by `pipeline.output.cut`."""
    quotas = dict(zip(NO_QUOTAS, given_, strict=True))
    chances, builds = (0.4, 0.3, 0.1, 0.2), 150
    simulated = simulate(KnownRates(chances), make_job(samples, rl=0.1, quotas=quotas), builds)
    rng = np.random.default_rng(3)
    planned, kept = [], []
    for _ in range(builds):
        done = [make_outcome(n, rng.random() < 0.1, rng.choice(4, p=chances)) for n in range(samples)]
        real = cut(done, quotas)
        planned.append(len(real.fates))
        kept.append(real.count("kept"))
    margin = 5 * np.sqrt((np.var(planned) + np.var(simulated.planned)) / builds) + 1e-9
    assert simulated.planned.mean() == pytest.approx(np.mean(planned), abs=margin)
    margin = 5 * np.sqrt((np.var(kept) + np.var(simulated.kept.sum(axis=1))) / builds) + 1e-9
    assert simulated.kept.sum(axis=1).mean() == pytest.approx(np.mean(kept), abs=margin)


def make_outcome(rank, rl, end):
    if rl:
        return Finished(rank, str(rank), "accepted", None, "rl")
    if end == LOST:
        return Finished(rank, str(rank), "discarded", None, "train")
    return Finished(rank, str(rank), "accepted", MODES[end], "train")


def test_a_large_job_is_cut_at_a_sample_and_not_at_a_block():
    quotas = NO_QUOTAS | {"multistep": 20_000}
    simulated = simulate(KnownRates((0.5, 0.2, 0.25, 0.05)), make_job(1_000_000, quotas=quotas), builds=50)
    assert (simulated.kept[:, 2] == 20_000).all()
    assert simulated.planned.mean() == pytest.approx(80_000, rel=0.005)
    assert simulated.filled.all()


def test_quotas_out_of_reach_take_every_sample():
    simulated = simulate(KnownRates((1, 0, 0, 0)), make_job(50, quotas=NO_QUOTAS | {"multistep": 1}), builds=20)
    assert not simulated.filled.any()
    assert (simulated.planned == 50).all()


def test_what_is_begun_beyond_the_cut_is_paid_but_not_planned():
    quotas = NO_QUOTAS | {"direct": 10}
    simulated = simulate(KnownRates((1, 0, 0, 0)), make_job(100, quotas=quotas, window=40), builds=300)
    assert (simulated.planned == 10).all()
    assert simulated.begun.min() < 15 < 45 < simulated.begun.max() <= 50
    assert (simulated.totals[:, 0, CALLS] == simulated.begun).all()


@pytest.mark.parametrize("samples", [0, 1, 10**9])
def test_jobs_of_any_size(samples):
    simulated = simulate(KnownRates((0.4, 0.3, 0.2, 0.1)), make_job(samples), builds=30)
    assert (simulated.begun == samples).all()
    assert simulated.totals[:, 0, CALLS].mean() == pytest.approx(3.6 * samples, rel=0.6 if samples == 1 else 0.01)
    assert simulated.longest.max() == (18 if samples else 0)


def test_the_same_seed_gives_the_same():
    first, again = (simulate(KnownRates((0.4, 0.3, 0.2, 0.1), 20), make_job(70), builds=20, seed=5) for _ in range(2))
    assert (first.totals == again.totals).all()
