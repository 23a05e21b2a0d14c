"""A rung from outside the package, built over the world, is shown rightly everywhere, with no other file touched.

Every figure is counted by the test itself, from the Parquet files of `record/` alone.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.manifest.forms import PRODUCTS

MANIFEST = Path(__file__).with_name("manifest.yaml")
STATIONS = ("until_pass", "reflect 1", "reflect 2", "multistep diagnosis", "multistep")
DEFAULT = ["--set", "policy.ladder=[direct, reflect, multistep]", "--set", "policy.options={}"]


FEW = [word for pair in ("patience=5", "reflection=1", "multistep=0") for word in ("--set", f"quotas.{pair}")]


def x2i(*words: object) -> str:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "out"
    x2i("build", MANIFEST, "--out", folder)
    return folder


@pytest.fixture(scope="module")
def rows(out):
    return [row for file in sorted((out / "record").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def run(out):
    return json.loads((out / "run.json").read_text("utf-8"))


def count(rows) -> dict[str, dict[str, int]]:
    """The funnel, from the record: who came to a station, and how those left it that came no further."""
    funnel = {}
    for n, station in enumerate(STATIONS):
        here = [row for row in rows if station in row["entered"]]
        last = [row for row in here if row["entered"][-1] == station]
        tried = [row for row in last if row["climb"] == "direct" and row["reason"] is None]
        passed = [row for row in last if row["mode"] is not None and row not in tried]
        funnel[station] = {
            "entered": len(here),
            "passed": len(passed),
            "went_on": sum(bool(set(row["entered"]) & set(STATIONS[n + 1 :])) for row in here),
            "stopped": len(tried),
            "discarded": sum(row["status"] == "discarded" for row in last),
            "failed": sum(row["status"] == "failed" for row in last),
        }
    return funnel


def modes(rows):
    return Counter(row["mode"] for row in rows if row["status"] == "kept" and row["mode"] and row["split"] != "rl")


def test_run_json_counts_what_the_record_holds(rows, run):
    assert run["funnel"] == count(rows)
    assert run["kept_by_mode"] == {mode: modes(rows)[mode] for mode in ("patience", "reflection", "multistep")}
    assert modes(rows)["patience"] > modes(rows)["reflection"] > 0
    second = [row for row in rows if row["mode"] == "patience" and row["candidate"] == 2]
    assert second, "some sample passed at its second try"
    assert all([e["pruned"] for e in row["events"]] == [True, True, False, False] for row in second)


def test_verify_finds_nothing(out):
    assert "no problems found" in x2i("verify", out)


def test_the_report_shows_the_figures_of_run_json(out, run, rows):
    page = (out / "report.html").read_text("utf-8")
    words = re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL))
    entry = run["funnel"]["until_pass"]
    share = round(100 * entry["passed"] / (entry["entered"] - entry["stopped"]))
    climbing = entry["entered"] - entry["stopped"]
    assert f"accepted with patience, {share} % of {climbing}" in words
    assert f"{run['kept_by_mode']['patience']} by patience" in words
    assert "Patience" in words
    assert "#345678" in page
    assert "#abcdef" in page


def test_show_tells_the_tries_apart(out, rows):
    row = next(row for row in rows if row["mode"] == "patience" and row["candidate"] == 2)
    text = x2i("show", out, row["id"])
    assert "patience" in text.lower()
    assert text.count("pruned") >= 2
    assert "attempt 2" in text
    x2i("show", out, row["id"], "--html")
    (page,) = out.glob("show-*.html")
    assert "attempt 2" in page.read_text("utf-8")


def test_the_card_names_the_mode_its_stations_and_its_mask(out, run):
    card = (out / "README.md").read_text("utf-8")
    assert f"| patience | {run['kept_by_mode']['patience']} | all |" in card
    assert f"| until_pass | {run['funnel']['until_pass']['entered']} |" in card
    assert "| patience | generation | last | on |" in card
    head = yaml.safe_load(card.split("---\n")[1])
    assert {c["config_name"] for c in head["configs"]} == set(PRODUCTS)


def test_the_plan_counts_the_tries_and_says_whose_rates_it_takes(out):
    few, many = (
        json.loads(x2i("plan", MANIFEST, "--json", "--set", f"policy.options.until_pass.tries={n}")) for n in (1, 5)
    )
    assert {"patience", "reflection", "multistep", "rl"} == few["kept"].keys()
    images = [plan["calls"]["baseline image"]["calls"]["mean"] for plan in (few, many)]
    assert images[1] > 1.5 * images[0]
    assert many["kept"]["patience"]["mean"] > few["kept"]["patience"]["mean"]
    measured = json.loads(x2i("plan", MANIFEST, "--json", "--measured", out))
    assert measured["planned"]["mean"] == 40
    assert "Patience" in x2i("plan", MANIFEST)


def test_what_if_replays_the_rung_without_a_call(out, rows, run):
    found = json.loads(x2i("whatif", out, "--set", "policy.options.until_pass.tries=1", "--json"))
    assert found["today"]["ends"]["patience"] == run["kept_by_mode"]["patience"]
    first = sum(
        row["mode"] == "patience" and row["candidate"] == 1 and row["split"] != "rl" and row["status"] == "kept"
        for row in rows
    )
    assert found["then"]["ends"]["patience"] == first
    same = json.loads(x2i("whatif", out, "--set", "policy.reflection_rounds=2", "--json"))
    assert same["today"]["ends"] == same["then"]["ends"]


@pytest.mark.slow
def test_compare_sets_it_beside_the_default_ladder(out, run, tmp_path):
    x2i("build", MANIFEST, "--out", tmp_path / "other", *DEFAULT, "--set", "sources.world.count=8")
    other = json.loads((tmp_path / "other" / "run.json").read_text("utf-8"))
    text = x2i("compare", out, tmp_path / "other")
    x2i("compare", out, tmp_path / "other", "--html", tmp_path / "compare.html")
    assert re.search(rf"Patience\s+{run['kept_by_mode']['patience']}\s", text)
    assert re.search(rf"Direct\s+\S+\s+{other['kept_by_mode']['direct']}\s", text)
    assert "images per accepted" in text.lower()
    page = (tmp_path / "compare.html").read_text("utf-8")
    assert "Patience" in page
    assert "Direct" in page


@pytest.mark.slow
def test_quotas_hold_for_its_mode(out, tmp_path, run):
    x2i("build", MANIFEST, "--out", tmp_path / "few", *FEW)
    few = json.loads((tmp_path / "few" / "run.json").read_text("utf-8"))
    assert (few["kept_by_mode"]["patience"], few["kept_by_mode"]["multistep"]) == (5, 0)
    done = CliRunner().invoke(app, ["build", str(MANIFEST), "--set", "quotas.direct=5"])
    assert str(done.exception).startswith("--set: quotas: direct is no mode of this ladder; did you mean reflection?")
