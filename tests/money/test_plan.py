"""`x2i plan` from the folder of a pilot to the words on the terminal."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console

import prompts.catalogue
from pipeline.errors import BuildError
from pipeline.forecast.declaration import RatesError, declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import Forecast, forecast
from pipeline.forecast.measured import MeasuredRates
from pipeline.forecast.planned import planned
from pipeline.manifest.file import load
from pipeline.manifest.identity import resolved
from pipeline.manifest.prices import unpriced
from pipeline.manifest.spec import Manifest
from pipeline.money.prices import table
from pipeline.output import record
from pipeline.output.frame import Unit
from pipeline.output.run_json import RunSummary
from pipeline.output.schema import RECORD
from pipeline.storage.ledger import SCHEMA
from pipeline.views.plan import as_json, plan, print_plan
from tests.money.pilots import Ladder
from tests.money.test_rates import ONCE, PRICES, RATES

DEMO = "manifests/demo.yaml"


def write_pilot(out: Path, manifest: Manifest, samples: int = 80, **changes: object) -> Path:
    """A finished build of `samples`, as far as a plan reads it: run.json, record/, ledger.parquet."""
    ladder = Ladder(RATES, manifest.policy, seed=4)
    (out / "record").mkdir(parents=True)
    rows = [
        record.row(Unit(t.sample.id, t, "discarded" if t.reason else "kept")) for t in ladder.trajectories(samples, 0.1)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=RECORD), out / "record/part-00000-of-00001.parquet")
    calls = [{"try": 1, "model": "m", "provider": "p", "started": 0.0} | call for call in ladder.ledger]
    pq.write_table(pa.Table.from_pylist(calls, schema=SCHEMA), out / "ledger.parquet")
    nothing: dict[str, object] = {
        name: {} for name in ("reasons", "funnel", "categories", "quotas", "files", "versions", "models")
    }
    summary = {
        "format": "run/1", "name": "pilot", "fingerprint": "f", "counts": {"planned": samples, "beyond_cut": 0},
        "kept_by_mode": {}, "kept_by_split": {}, "cut_rank": None, "shuffle_seed": 0, "store": None, "finished_at": "now",
        "manifest": resolved(manifest), "prompts": dict(prompts.catalogue.load().hashes),
    }  # fmt: skip
    (out / "run.json").write_text(RunSummary.model_validate(nothing | summary | changes).model_dump_json())
    return out


def render_plan(manifest: Manifest, measured: Path | None = None) -> str:
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        print_plan(plan(manifest, measured), console)
    return capture.get()


@pytest.fixture
def manifest() -> Manifest:
    return load(DEMO, [ONCE, *PRICES])


def test_a_pilot_is_measured_and_shown(tmp_path: Path, manifest: Manifest) -> None:
    out = write_pilot(tmp_path / "pilot", manifest)
    text = render_plan(manifest, out)
    for words in (
        f"Rates measured in {out}", "rows: world 240", "90 % interval", "kept: Multi-step", "generator: image", "US dollars",
        "per accepted sample", "hours of calls", "held up by run.concurrency 32",
    ):  # fmt: skip
        assert words in text
    assert "not known" not in text
    assert "in no sum" not in text


def test_the_json_holds_every_figure(tmp_path: Path, manifest: Manifest) -> None:
    figures = json.loads(as_json(plan(manifest, write_pilot(tmp_path / "pilot", manifest))))
    assert figures["begun"] == {"mean": 240, "low": 240, "high": 240}
    assert figures["totals"]["usd"]["low"] < figures["totals"]["usd"]["mean"] < figures["totals"]["usd"]["high"]
    assert figures["calls"]["analyzer evaluation"]["input_tokens"]["mean"] > 0
    assert figures["filled"] is figures["over_budget"] is None


def test_without_rates_those_of_the_demo_are_taken_and_named(manifest: Manifest) -> None:
    assert "the demo's own world, not your models" in render_plan(manifest)
    assert "Their money is in no sum" in render_plan(load(DEMO))


def test_splits_with_too_few_rows_for_their_readers_are_told_beforehand() -> None:
    notes = plan(load(DEMO, ["output.ranks=8"])).notes
    (words,) = (note for note in notes if note.startswith("output.ranks"))
    assert words.startswith(
        "output.ranks and rank_workers want 32 row groups of at least one row: sft/validation about "
    )
    assert "sft/train" not in words
    assert not [note for note in plan(load(DEMO)).notes if note.startswith("output.ranks")]


def test_list_prices_are_told_apart_from_the_manifest_s_own() -> None:
    model = "models.generator={backend: openai, provider: p, model: google/gemini-3-pro-image}"
    manifest = load(DEMO, [*PRICES[:1], model, "providers.p={base_url: http://127.0.0.1:1/v1}"])
    text = " ".join(render_plan(manifest).split())
    assert f"List prices of {table().version}, which change: google/gemini-3-pro-image." in text
    assert "No price is known for: analyzer." in text


def test_quotas_out_of_reach_and_a_budget_that_binds_are_shown() -> None:
    manifest = load(DEMO, [ONCE, *PRICES, "quotas.multistep=200", "run.budget_usd=5"])
    text = render_plan(manifest)
    assert "The quotas are filled in 0 %" in text
    assert "run.budget_usd stops 100 %" in text


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("policy.reflection_rounds=2", "policy.reflection_rounds was 3 and is 2"),
        ("policy.thresholds.instruction=4", "policy.thresholds.instruction was 5 and is 4"),
        ("policy.step_retry=redraw", 'policy.step_retry was "reflect" and is "redraw"'),
        ("policy.ladder=[direct, multistep]", 'policy.ladder was ["direct", "reflect", "multistep"] and is'),
        ("policy.judging.judgements=3", "policy.judging.judgements was 1 and is 3"),
        ("models.generator.model=world-baseline", "models.generator.model was"),
        ("models.analyzer.options={ability: 0.2}", "models.analyzer.options.ability was null and is 0.2"),
    ],
)
def test_rates_of_another_ladder_are_refused(tmp_path: Path, manifest: Manifest, change: str, problem: str) -> None:
    out = write_pilot(tmp_path / "pilot", manifest)
    with pytest.raises(BuildError, match="do not fit") as error:
        plan(load(DEMO, [ONCE, *PRICES, "quotas={}", change]), out)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_what_makes_rates_less_certain_is_noted(tmp_path: Path, manifest: Manifest) -> None:
    out = write_pilot(tmp_path / "pilot", manifest, prompts={"evaluate": "another"})
    other = load(DEMO, [ONCE, *PRICES, "sources.0.t2i=1.0", "run.concurrency=64", "sources.0.count=9"])
    text = render_plan(other, out)
    for words in ("measured with other prompts", "measured on another source (pilot)", "at run.concurrency 32"):
        assert words in text
    assert "another source" not in render_plan(load(DEMO, [ONCE, *PRICES, "sources.0.count=9"]), out)


def test_where_a_model_is_served_makes_no_other_ladder(tmp_path: Path, manifest: Manifest) -> None:
    out = write_pilot(tmp_path / "pilot", manifest)
    served = [
        f"models.{role}={{backend: openai, provider: w, model: world-{role}}}" for role in ("baseline", "analyzer")
    ]
    assert (
        plan(load(DEMO, [ONCE, *PRICES, "providers.w={base_url: http://127.0.0.1:1/v1}", *served]), out).hours.mean > 0
    )


@pytest.mark.parametrize("gone", ["run.json", "ledger.parquet", "record/part-00000-of-00001.parquet"])
def test_an_unfinished_pilot_is_refused_in_one_line(tmp_path: Path, manifest: Manifest, gone: str) -> None:
    out = write_pilot(tmp_path / "pilot", manifest)
    (out / gone).unlink()
    with pytest.raises(RatesError, match="measure a finished build"):
        plan(manifest, out)
    (out / gone).write_bytes(b"{ no parquet")
    with pytest.raises(RatesError, match="measure another build"):
        plan(manifest, out)


def test_rows_are_counted_without_reading_images(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '\ufeff{"text": "x"}\n\n  \n{"text": "y"}\nnot json\n{"text": "z"}', encoding="utf-8"
    )
    (tmp_path / "b.json").write_text('[{"text": "x"}, {"text": "y"}]')
    pq.write_table(pa.table({"text": ["x"] * 70_000}), tmp_path / "c.parquet")
    kinds = {"a": "jsonl", "b": "json", "c": "parquet", "d": "parquet"}
    words = "kind: {}, name: {}, path: {}, columns: {{instruction: text}}"
    sources = [
        "{"
        + words.format(kind, name, tmp_path / f"{'c' if name == 'd' else name}.{kind}")
        + (", limit: 9}" if name == "d" else "}")
        for name, kind in kinds.items()
    ]
    models = [
        f"models.{role}={{backend: openai, provider: p, model: m}}" for role in ("baseline", "generator", "analyzer")
    ]
    served = "providers.p={base_url: http://127.0.0.1:1/v1}"
    rows = planned(load(DEMO, [f"sources=[{', '.join(sources)}]", served, *models]))
    assert rows == {"a": 4, "b": 2, "c": 70_000, "d": 9}


def make_budgeted_manifest(*overrides: str) -> Manifest:
    manifest = load(DEMO, overrides)
    return manifest.model_copy(update={"run": manifest.run.model_copy(update={"budget_usd": 5.0})})


def test_a_budget_needs_a_price_for_every_model() -> None:
    assert unpriced(load(DEMO)) == []
    assert [place for place, _ in unpriced(make_budgeted_manifest(*PRICES[:2]))] == ["models.analyzer.model"]
    assert unpriced(make_budgeted_manifest(*PRICES)) == []
    with pytest.raises(BuildError, match="world-analyzer has no price"):
        load(DEMO, [*PRICES[:2], "run.budget_usd=5"])


def test_a_budget_needs_a_price_for_who_is_asked_next_and_for_every_size() -> None:
    served = "providers.p={base_url: http://127.0.0.1:1/v1}"
    others = "[{provider: p}, {provider: p, model: v/x}]"
    judge = f"models.analyzer={{backend: openai, provider: p, model: world-analyzer, failover: {others}}}"
    problems = dict(
        unpriced(make_budgeted_manifest(*PRICES, served, judge, "prices.world-baseline={image: {512x512: 0.1}}"))
    )
    assert list(problems) == ["models.baseline.model", "models.analyzer.failover.1.model"]
    assert "other" in problems["models.baseline.model"]
    assert "v/x has no price" in problems["models.analyzer.failover.1.model"]


OWN = "tests.money.own_rungs"


def make_ladder_manifest(ladder: str, *more: str) -> Manifest:
    return load(DEMO, [ONCE, *PRICES, "quotas={}", f"policy.ladder=[{ladder}]", *more])


def mean_images(expected: Forecast) -> float:
    made = expected.totals["images"]
    assert made is not None
    return made.mean


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_the_images_of_best_of_grow_with_its_tries(tries: int) -> None:
    expected = plan(make_ladder_manifest("best_of", f"policy.best_of.tries={tries}", "splits.rl=0.3"))
    assert mean_images(expected) == pytest.approx(240 * tries, rel=0.03)  # a few first calls may be refused
    assert list(expected.kept) == ["best_of", "rl"]
    assert expected.kept["best_of"].mean == pytest.approx(0.7 * 240 * (1 - 0.56**tries), rel=0.05)
    assert list(expected.calls) == [("baseline", "image"), ("analyzer", "evaluation")]


def test_every_slot_of_a_ladder_is_shown_by_its_title() -> None:
    text = render_plan(make_ladder_manifest("best_of, reflect, multistep"))
    assert [line.split("  ")[0] for line in text.splitlines() if line.startswith("kept: ")] == [
        "kept: Best of n", "kept: Reflection", "kept: Multi-step", "kept: RL prompts",
    ]  # fmt: skip


def test_a_rung_from_elsewhere_is_planned_by_its_own_guess_and_that_is_noted() -> None:
    manifest = make_ladder_manifest(f"direct, '{OWN}:POLISH'", "splits.rl=0.0")
    text = render_plan(manifest)
    assert "No rate is declared for polished: its rung's own guess, 0.3, is taken." in text
    assert "kept: Polished [bold]" in text
    expected = plan(manifest)
    assert expected.kept["polished"].mean == pytest.approx(240 * 0.56 * 0.3, rel=0.06)
    assert mean_images(expected) == pytest.approx(240 * 1.56, rel=0.03)


def test_a_declared_rate_goes_before_the_guess_of_a_rung(tmp_path: Path) -> None:
    words = yaml.safe_load(Path("pipeline/forecast/demo_rates.yaml").read_text())
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(words | {"rates": {"polished": 0.8}}))
    for name in ("POLISH", "UNGUESSED"):
        expected = plan(make_ladder_manifest(f"direct, '{OWN}:{name}'", "splits.rl=0.0"), declared=tmp_path / "r.yaml")
        assert expected.kept["polished"].mean == pytest.approx(240 * 0.56 * 0.8, rel=0.03)
        assert expected.notes == ()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("UNGUESSED", "no rate for the chance 'polished'; write rates: {polished: 0.5} into the file of --declared"),
        ("OVERCONFIDENT", "rung polish guesses 1.3 for polished"),
        ("LEAKY", "the ways of polish have chances that sum to 0.300, not to 1"),
        ("NAMELESS", "the ways of polish name the chance 'polished'"),
        ("CAPTIONED", "calls: caption missing"),
        ("STRANGE", "the ladder asks 'painter' for 'image'"),
    ],
)
def test_a_rung_that_cannot_be_planned_is_refused_in_one_line(name: str, problem: str) -> None:
    manifest = make_ladder_manifest(f"direct, '{OWN}:{name}'")
    with pytest.raises(RatesError) as error:
        forecast(manifest, DeclaredRates(declaration(None), manifest))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["UNGUESSED", "CAPTIONED"])
def test_a_pilot_needs_no_declared_rate(name: str) -> None:
    """Here its samples never met the rung, whose chance is then taken to be even."""
    manifest = make_ladder_manifest(f"direct, '{OWN}:{name}'", "splits.rl=0.0")
    ladder = Ladder(RATES | {"direct": 1.0}, load(DEMO, [ONCE]).policy)
    expected = forecast(manifest, MeasuredRates(ladder.climbs(20), ladder.frame(), manifest))
    assert expected.kept["direct"].mean > 220
    assert 0 < expected.kept["polished"].mean < 12
