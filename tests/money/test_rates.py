"""Forecasts from measured and from declared rates, against ladders whose rates are known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.forecast.declaration import RatesError, declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import Forecast, Range, forecast, job, summarise
from pipeline.forecast.measured import MeasuredRates
from pipeline.forecast.simulate import simulate
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest
from tests.money.pilots import TAKES, Ladder

RATES = {"answered": 1.0, "direct": 0.45, "reflection 1": 0.4, "reflection 2": 0.25, "reflection 3": 0.1}
RATES |= {"escalates": 0.8, "step": 0.9, "final": 0.9}
PRICES = (
    "prices.world-baseline={image: 0.02}",
    "prices.world-generator={image: {512x512: 0.13, other: 9}, request: 0.001}",
    "prices.world-analyzer={input_per_million: 0.3, output_per_million: 2.5}",
)
ONCE = "policy.judging.judgements=1"


def make_manifest(samples: int, *more: str, prices: tuple[str, ...] = PRICES) -> Manifest:
    return load(
        "manifests/demo.yaml",
        [ONCE, "policy.steps_max=2", "splits.rl=0.0", f"sources.0.count={samples}", *prices, *more],
    )


def measure(ladder: Ladder, samples: int, manifest: Manifest, rl: float = 0.0) -> MeasuredRates:
    return MeasuredRates(ladder.climbs(samples, rl), ladder.frame(), manifest)


def total(expected: Forecast, name: str) -> Range:
    figure = expected.totals[name]
    assert figure is not None
    return figure


def usd(ledger: pd.DataFrame) -> float:
    """The money of a ledger by `PRICES`, by hand."""
    tokens = ledger[ledger["role"] == "analyzer"]
    drawn = ledger[ledger["role"] == "generator"]
    made = ledger[ledger["role"] == "baseline"]["images"].sum()
    return float(
        0.02 * made
        + 0.13 * drawn["images"].sum()
        + 0.001 * len(drawn)
        + (0.3 * tokens["input_tokens"].sum() + 2.5 * tokens["output_tokens"].sum()) / 1e6
    )


def test_nine_of_ten_builds_lie_in_the_interval_of_a_pilot():
    """Each of 40 builds has a pilot of its own; 90 % of 40 is 36, and 30 is three standard deviations below."""
    manifest, hits, calls = make_manifest(100), 0, 0
    for seed in range(40):
        expected = forecast(manifest, measure(Ladder(RATES, manifest.policy, seed), 60, manifest))
        build = Ladder(RATES, manifest.policy, 10_000 + seed)
        build.trajectories(100)
        hits += total(expected, "usd").low <= usd(build.frame()) <= total(expected, "usd").high
        calls += total(expected, "calls").low <= len(build.ledger) <= total(expected, "calls").high
    assert hits >= 30
    assert calls >= 30


def test_a_large_pilot_forecasts_what_it_took():
    manifest = make_manifest(500)
    ladder = Ladder(RATES, manifest.policy)
    expected = forecast(manifest, measure(ladder, 500, manifest))
    frame = ladder.frame()
    assert expected.totals["usd"] is not None
    assert expected.totals["usd"].mean == pytest.approx(usd(frame), rel=0.02)
    for name in ("input_tokens", "output_tokens", "images", "seconds"):
        assert expected.totals[name].mean == pytest.approx(frame[name].sum(), rel=0.02)
    assert sum(money.mean for money in expected.money.values()) == pytest.approx(expected.totals["usd"].mean)
    assert expected.hours.mean == pytest.approx(frame["seconds"].sum() / 32 / 3600, rel=0.05)


def test_declared_rates_and_measured_ones_agree_on_the_same_ladder(tmp_path: Path):
    manifest = make_manifest(2000)
    taken = {"input_tokens": 1, "output_tokens": 1, "seconds": 1}
    words = {"about": "known", "evidence": 1e6, "agreement": 1, "steps": {2: 1}, "calls": dict.fromkeys(TAKES, taken)}
    words |= {"reflection": [0.4, 0.25, 0.1]} | {name: RATES[name] for name in ("direct", "escalates", "step", "final")}
    (tmp_path / "rates.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(words))))
    declared = forecast(manifest, DeclaredRates(declaration(tmp_path / "rates.yaml"), manifest))
    pilot = forecast(manifest, measure(Ladder(RATES, manifest.policy), 4000, manifest))
    for call, figures in declared.calls.items():
        declared_, measured_ = figures["calls"], pilot.calls[call]["calls"]
        assert declared_ is not None
        assert measured_ is not None
        assert declared_.mean == pytest.approx(measured_.mean, rel=0.08), call
    for slot, kept in declared.kept.items():
        assert kept.mean == pytest.approx(pilot.kept[slot].mean, rel=0.08), slot


def test_calls_that_the_record_cannot_place_are_charged_to_all():
    """A reply that is asked for again has another key, of which the record knows nothing."""
    manifest = make_manifest(400)
    ladder = Ladder(RATES, manifest.policy)
    climbs = ladder.climbs(400)
    for _ in range(len(ladder.ledger) // 5):
        ladder.call("analyzer", "evaluation", "Malformed")
    expected = forecast(manifest, MeasuredRates(climbs, ladder.frame(), manifest))
    assert expected.totals["calls"].mean == pytest.approx(len(ladder.ledger), rel=0.02)
    assert expected.totals["usd"].mean == pytest.approx(usd(ladder.frame()), rel=0.02)


def test_what_a_ledger_lacks_takes_the_mean_of_its_kind():
    """Answers that came from the journal of an earlier run are in no ledger of this one."""
    manifest = make_manifest(400)
    ladder = Ladder(RATES, manifest.policy)
    climbs, frame = ladder.climbs(400), ladder.frame()
    expected = forecast(manifest, MeasuredRates(climbs, frame.iloc[::2], manifest))
    assert expected.totals["calls"].mean == pytest.approx(len(frame), rel=0.02)
    assert expected.totals["usd"].mean == pytest.approx(usd(frame), rel=0.02)


def test_rl_prompts_of_a_pilot_are_no_samples_of_the_ladder():
    manifest = make_manifest(300, "splits.rl=0.3")
    ladder = Ladder(RATES, manifest.policy)
    rates = measure(ladder, 1500, manifest, rl=0.3)
    expected = forecast(manifest, rates)
    assert expected.totals["calls"].mean == pytest.approx(len(ladder.ledger) / 5, rel=0.06)
    assert expected.kept["rl"].mean == pytest.approx(90, rel=0.05)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_tiny_pilot_holds_nothing_impossible(samples: int):
    """Nothing failed in it, and still a build may need every rung."""
    manifest = make_manifest(1000)
    sure = dict.fromkeys(RATES, 1.0)
    expected = forecast(manifest, measure(Ladder(sure, manifest.policy), samples, manifest))
    assert expected.kept["multistep"].high > 100
    assert total(expected, "usd").high > 3 * total(expected, "usd").low
    assert not expected.uncounted


def test_a_pilot_without_prices_knows_no_money_and_one_without_tokens_no_tokens():
    bare = make_manifest(50, prices=())
    expected = forecast(bare, measure(Ladder(RATES, bare.policy, reports_tokens=False), 80, bare))
    assert expected.totals["usd"] is None
    assert expected.totals["input_tokens"] is None
    assert expected.per_accepted is None
    assert {role for role, _ in expected.uncounted} == {"baseline", "generator", "analyzer"}
    part = make_manifest(50)
    expected = forecast(part, measure(Ladder(RATES, part.policy, reports_tokens=False), 80, part))
    assert expected.totals["usd"] is not None
    assert {role for role, _ in expected.uncounted} == {"analyzer"}
    assert expected.money["analyzer"] is None


def test_what_the_ledger_says_goes_before_the_table_and_not_before_the_manifest():
    manifest = make_manifest(300)
    ladder = Ladder(RATES, manifest.policy)
    climbs, frame = ladder.climbs(300), ladder.frame().assign(usd=1.0)
    assert forecast(manifest, MeasuredRates(climbs, frame, manifest)).totals["usd"].mean == pytest.approx(
        usd(frame), rel=0.05
    )
    bare = make_manifest(300, prices=())
    assert forecast(bare, MeasuredRates(climbs, frame, bare)).totals["usd"].mean == pytest.approx(len(frame), rel=0.05)


def test_only_rl_prompts_measure_no_ladder():
    manifest = make_manifest(10)
    with pytest.raises(RatesError, match="no sample climbed"):
        forecast(manifest, measure(Ladder(RATES, manifest.policy), 5, manifest, rl=1.0))


def forecast_hours(manifest: Manifest) -> Forecast:
    ladder = Ladder(RATES, manifest.policy)
    return forecast(manifest, measure(ladder, 300, manifest))


def test_the_tightest_bound_makes_the_hours():
    free = forecast_hours(make_manifest(2000))
    assert list(free.bounds) == ["run.concurrency 32"]
    assert next(iter(forecast_hours(make_manifest(20, "run.concurrency=1000")).bounds)).startswith("the slowest sample")
    served = make_manifest(2000, "providers.p={base_url: http://127.0.0.1:1/v1, requests_per_minute: 100}")
    judge = served.models.analyzer.model_copy(update={"backend": "openai", "provider": "p"})
    slow = served.model_copy(update={"models": served.models.model_copy(update={"analyzer": judge})})
    bound = forecast_hours(slow)
    asked = sum(figures["calls"].mean for (role, _), figures in bound.calls.items() if role == "analyzer")
    assert list(bound.bounds) == ["providers.p.requests_per_minute 100"]
    assert bound.hours.mean == pytest.approx(asked / 100 / 60, rel=0.02)


def test_the_chance_that_the_budget_stops_the_build():
    expected = forecast_hours(make_manifest(1000))
    middle = expected.totals["usd"].mean
    chances = [
        forecast_hours(make_manifest(1000, f"run.budget_usd={part * middle}")).over_budget for part in (0.5, 1, 2)
    ]
    assert chances[0] == 1
    assert 0.2 < chances[1] < 0.8
    assert chances[2] == 0
    assert expected.over_budget is None


def test_a_billion_samples_are_planned_at_once():
    manifest = make_manifest(1).model_copy(update={"sources": ()})
    rates = measure(Ladder(RATES, manifest.policy), 50, manifest)
    expected = summarise(manifest, rates, {"much": 10**9}, simulate(rates, job(manifest, 10**9), 50))
    assert expected.begun.mean == 10**9
    assert expected.totals["usd"].mean > 10**7
    assert np.isfinite([expected.hours.mean, expected.hours.high]).all()
