"""Declared rates: the file that holds them, what a ladder asks of it, and how far the rates are trusted."""

from pathlib import Path

import pytest
import yaml

from pipeline.forecast.declaration import RatesError, declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import forecast
from pipeline.forecast.paths import chances
from tests.money.test_rates import make_manifest, total


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("direct: 2", "about: Field required"),
        ("[", "rates.yaml"),
        ("", "Input should be"),
    ],
)
def test_a_wrong_file_of_rates_is_refused_in_one_line(tmp_path: Path, text: str, problem: str):
    (tmp_path / "rates.yaml").write_text(text)
    with pytest.raises(RatesError, match=r"rates\.yaml") as error:
        declaration(tmp_path / "rates.yaml")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"reflection": [1.5]}, "reflection.0"),
        ({"steps": {2: 0}}, "steps.2"),
        ({"evidence": 0}, "evidence"),
        ({"rates": {"polished": 1.5}}, "rates.polished"),
    ],
)
def test_rates_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, object], problem: str):
    words = yaml.safe_load(Path("pipeline/forecast/demo_rates.yaml").read_text())
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(words | change))
    with pytest.raises(RatesError, match=problem.replace(".", r"\.")):
        declaration(tmp_path / "r.yaml")


def test_a_kind_of_call_that_nobody_declares_is_refused_in_one_line(tmp_path: Path):
    words = yaml.safe_load(Path("pipeline/forecast/demo_rates.yaml").read_text())
    del words["calls"]["plan"]
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(words))
    rates = declaration(tmp_path / "r.yaml")
    with pytest.raises(RatesError, match="calls: plan missing") as error:
        forecast(make_manifest(10), DeclaredRates(rates, make_manifest(10)))
    assert "\n" not in str(error.value)
    short = make_manifest(10, "policy.ladder=[direct]", "quotas={}")
    assert forecast(short, DeclaredRates(rates, short)).kept["direct"].mean > 0


def test_evidence_for_a_rate_is_what_meets_its_chance():
    """Of 40 samples 56 % fail at once, so no more than 22.4 of them are evidence for the first round of reflection."""
    manifest = make_manifest(10, "policy.reflection_rounds=1")
    rates = DeclaredRates(declaration(None), manifest)
    samples = {
        name: won + lost - 1
        for name, (won, lost) in zip(chances(manifest.recipe), rates._strengths, strict=True)  # without Jeffreys' prior
    }
    planned_ones = 40 * 0.56 * 0.71 * 0.79
    assert samples == pytest.approx(
        {
            "answered": 40,
            "direct": 40,
            "reflection 1": 40 * 0.56,
            "escalates": 40 * 0.56 * 0.71,
            "step": planned_ones,
            "final": planned_ones * (1 - 0.19**3) ** 2,  # each of two steps passes at least once in 3 attempts
        }
    )


def test_a_refused_first_call_makes_nothing_and_leaves_an_rl_prompt_one(tmp_path: Path):
    words = yaml.safe_load(Path("pipeline/forecast/demo_rates.yaml").read_text())
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(words | {"refused": 1.0, "evidence": 1e6}))
    manifest = make_manifest(1000, "splits.rl=0.5")
    expected = forecast(manifest, DeclaredRates(declaration(tmp_path / "r.yaml"), manifest))
    assert total(expected, "calls").mean == pytest.approx(1000, rel=0.01)
    assert total(expected, "images").mean == pytest.approx(0, abs=1)
    assert expected.lost.mean == pytest.approx(500, rel=0.02)
    assert expected.kept["rl"].mean == pytest.approx(500, rel=0.02)


def test_declared_certainties_stay_uncertain(tmp_path: Path):
    words = yaml.safe_load(Path("pipeline/forecast/demo_rates.yaml").read_text())
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(words | {"direct": 1.0, "refused": 0.0, "evidence": 5}))
    manifest = make_manifest(1000)
    expected = forecast(manifest, DeclaredRates(declaration(tmp_path / "r.yaml"), manifest))
    assert expected.kept["direct"].low < 900 < expected.kept["direct"].high


def test_a_second_judge_is_counted_where_the_policy_asks_one():
    second = "models.second_analyzer={backend: world, model: world-analyzer-harsh}"
    manifest = make_manifest(100, "policy.judging.second=always", second, "prices.world-analyzer-harsh={request: 0.5}")
    expected = forecast(manifest, DeclaredRates(declaration(None), manifest))
    judged = expected.calls["analyzer", "evaluation"]["calls"].mean
    assert expected.calls["second_analyzer", "evaluation"]["calls"].mean == pytest.approx(judged)
    assert expected.money["second_analyzer"].mean == pytest.approx(judged / 2)
