"""What a budget buys: near the best that exhaustive simulation finds, of rates that a pilot shows, in a sentence."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from benchmarks.solving import compare, setup
from pipeline.errors import BuildError
from pipeline.forecast.choices import axes
from pipeline.forecast.declaration import DeclaredShares, declaration
from pipeline.forecast.learned import learn_rates
from pipeline.forecast.simulate import SimulatedJob, rows_needed
from pipeline.forecast.solve import solve
from pipeline.forecast.tailored import errors_of, tailored
from pipeline.manifest.file import load
from pipeline.views.solution import as_json, print_solution
from stages.policy import Judging
from stages.records import AxisScore, Evaluation, Event
from stages.trajectory import Trajectory
from tests.composing.edits import edit

CASCADE = "manifests/cascade-demo.yaml"
QUOTAS = ["quotas.direct=100", "quotas.reflection=200", "quotas.multistep=200"]


def test_the_choice_is_near_the_best_that_simulation_finds():
    given = setup(1)
    cheap = given.declared.model_copy(update={"generators": {"cheap": given.declared.generators["cheap"]}})
    chosen, best, simulated = compare(replace(given, declared=cheap), parts=3, again=10, most=6)
    assert simulated >= 20
    assert chosen >= 0.9 * best


def test_more_money_buys_more_until_the_quotas_are_full():
    manifest = load(CASCADE, QUOTAS)
    bought = [solve(manifest, declaration(None), {"world": 9000}, usd) for usd in (2.0, 8.0, 500.0)]
    assert bought[0].accepted.mean < bought[1].accepted.mean < bought[2].accepted.mean
    assert bought[0].usd == pytest.approx(2.0, rel=1e-3)
    assert bought[2].usd < 100
    assert bought[2].filled == pytest.approx(1)
    assert bought[2].accepted.low > 0.9 * 500
    assert all(one.accepted.mean >= 0.85 * one.own for one in bought)


def test_a_scarce_source_is_used_up_before_a_poor_one():
    manifest = load(CASCADE, ["quotas.direct=0", "quotas.reflection=0", "quotas.multistep=200"])
    shares = {"good": DeclaredShares(step=0.95, escalates=0.95), "poor": DeclaredShares(step=0.5, escalates=0.3)}
    declared = declaration(None).model_copy(update={"sources": shares})
    bought = solve(manifest, declared, {"good": 300, "poor": 9000}, 20.0)
    assert bought.samples["good"] == pytest.approx(300)
    assert bought.samples["poor"] > 0


def test_a_generator_of_unknown_rates_is_not_chosen_for_its_price():
    manifest = load(CASCADE, QUOTAS)
    assert axes(manifest, ()).sizes[2] == 1
    known = axes(manifest, ("cheap",))
    assert {names for cascade in known.cascades[1:] for names in cascade["multistep"]} == {"cheap", "generator"}
    assert known.choice(0, 0, 0).settings == ()
    assert known.choice(0, 0, 0).policy == manifest.policy


def test_a_better_generator_and_a_harder_source_move_the_rates_apart():
    policy = load(CASCADE, []).policy
    declared = declaration(None).model_copy(
        update={
            "sources": {"hard": DeclaredShares(direct=0.2, step=0.6)},
            "generators": {"strong": DeclaredShares(step=0.95)},
        }
    )
    strong = policy.model_copy(update={"generators": {"multistep": ("strong",)}})
    plain = policy.model_copy(update={"generators": {}})
    rates = {
        (s, p is strong): tailored(declared, s, p, p.judging)[0] for s in ("hard", "other") for p in (plain, strong)
    }
    assert rates["hard", False].direct == pytest.approx(0.2)
    assert rates["other", False].direct == pytest.approx(declared.direct)
    assert rates["other", True].step == pytest.approx(0.95)
    assert rates["hard", False].step == pytest.approx(0.6)
    assert 0.6 < rates["hard", True].step < 0.95


def test_errors_of_judging_policies():
    one = errors_of(Judging(judgements=1), 0.82)
    assert one.passes == one.fails == pytest.approx(0.1)
    three = errors_of(Judging(judgements=3), 0.82)
    assert three.passes == pytest.approx(3 * 0.01 * 0.9 + 0.001)
    assert errors_of(Judging(judgements=3, confirm="pass"), 0.82).fails == pytest.approx(0.1)
    assert errors_of(Judging(judgements=3, confirm="fail"), 0.82).passes == pytest.approx(0.1)
    assert three.true(three.seen(0.3)) == pytest.approx(0.3)


def climbed(number, source, verdicts):
    """A trajectory of (kind, station, passed, against, maker) events."""
    events = [
        Event(
            kind,
            1,
            station=station,
            against=against,
            payload=None if passed is None else Evaluation((AxisScore("instruction", 5, "as seen", passed),), 0.0),
            made_by=maker,
        )
        for kind, station, passed, against, maker in verdicts
    ]
    return Trajectory(replace(edit(source, str(number), "draw a star"), climb="full"), number, events=tuple(events))


def test_an_earlier_build_shows_rates_by_source_and_generator():
    strong = "generator.strong:m"
    first = [("generation", "direct", None, None, "baseline:m")]
    passed = [*first, ("evaluation", "direct", True, "original", "analyzer:m")]
    failed = [*first, ("evaluation", "direct", False, "original", "analyzer:m")]
    mended = [
        ("generation", "reflect 1", None, None, strong),
        ("evaluation", "reflect 1", True, "original", "analyzer:m"),
    ]
    left = [
        ("generation", "reflect 1", None, None, "generator:m"),
        ("evaluation", "reflect 1", False, "original", "analyzer:m"),
    ]
    left += [("diagnosis", "multistep", None, None, "analyzer:m")]
    climbs = [passed] * 60 + [[*failed, *mended]] * 30 + [[*failed, *left]] * 10
    trajectories = [climbed(n, "easy" if n % 2 else "hard", events) for n, events in enumerate(climbs)]
    ledger = pd.DataFrame([{"kind": "image", "seconds": 8.0, "input_tokens": 10, "output_tokens": None}])
    found = learn_rates(trajectories, ledger, load(CASCADE, []), declaration(None), "a pilot")
    assert found.direct == pytest.approx((60 + 4 * 0.44) / 104)
    assert found.reflection[0] == pytest.approx((30 + 4 * 0.29) / 44)
    assert found.escalates == pytest.approx((0 + 4 * 0.79) / 14)
    assert found.generators["strong"].reflection[0] == pytest.approx((30 + 4 * found.reflection[0]) / 34)
    assert found.sources["easy"].direct == pytest.approx((30 + 4 * found.direct) / 54)
    assert (found.calls["image"].seconds, found.calls["image"].output_tokens) == (8.0, None)
    assert found.evidence == 100


def test_the_answer_is_a_sentence_that_decides():
    manifest = load(CASCADE, [*QUOTAS, "run.budget_usd=8"])
    answer = solve(manifest, declaration(None), {"world": 9000}, 8.0)
    said = io.StringIO()
    print_solution(manifest, answer, Console(width=100, file=said))
    text = said.getvalue()
    assert text.startswith(f"$8.00 buys {answer.accepted.mean:,.0f} of your 500 rows")
    assert "No rates are known of cheap, strong" in text
    assert json.loads(as_json(answer))["samples"] == dict(answer.samples)


def test_what_cannot_be_priced_or_bought_is_refused():
    demo = load("manifests/demo.yaml", QUOTAS)
    with pytest.raises(BuildError, match="no price is known for"):
        solve(demo, declaration(None), {"world": 100}, 10.0)
    with pytest.raises(BuildError, match="buys no sample"):
        solve(load(CASCADE, QUOTAS), declaration(None), {"world": 0}, 10.0)


def test_rows_that_the_quotas_take():
    from pipeline.forecast.declared import DeclaredRates

    manifest = load("manifests/demo.yaml", [])
    sure = declaration(None).model_copy(update={"evidence": 1e9})
    job = SimulatedJob(10, 0.0, "direct", {"direct": 440, "reflection": None, "multistep": 0, "rl": None}, 16)
    needed = rows_needed(DeclaredRates(sure, manifest), job, 300)
    assert needed is not None
    assert np.mean(needed) == pytest.approx(440 / 0.44, rel=0.01)
    nothing = SimulatedJob(10, 0.0, "direct", dict.fromkeys(job.quotas), 16)
    assert rows_needed(DeclaredRates(sure, manifest), nothing) is None
