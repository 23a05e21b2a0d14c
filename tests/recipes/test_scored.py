"""Words beside images and scores go the whole way: over HTTP, through journal, ledger and record, into shards and views."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.recipes.scored.server import SAID, logprob, talking
from tests.serving import serving

MANIFEST = Path(__file__).parent / "scored" / "manifest.yaml"


def x2i(*words: object) -> str:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def asked():
    return Counter()


@pytest.fixture(scope="module")
def out(tmp_path_factory, asked):
    folder = tmp_path_factory.mktemp("scored") / "out"
    with serving(talking(asked)) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("X2I_BASE_URL", f"{url}/v1")
        x2i("build", MANIFEST, "--out", folder)
        yield folder


def rows(out: Path, product: str) -> list[dict[str, Any]]:
    return [row for file in sorted((out / product).rglob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_a_score_is_recorded_with_its_call_and_shown_to_no_trainer(out, asked):
    record = rows(out, "record")
    scores = [(row, e) for row in record for e in row["events"] if e["kind"] == "score"]
    assert len(scores) == len(record) == 12
    for row, event in scores:
        found = json.loads(event["payload"])
        assert found["text"] == row["instruction"]
        assert found["logprobs"] == [logprob(letter) for letter in row["instruction"]]
        assert event["pruned"] == (row["mode"] is not None)
        assert event["inputs"] == [row["events"][1]["image_sha256"]]
        assert (event["try_number"], event["prompt"]) == (1, "describe")
    ledger = pq.read_table(out / "ledger.parquet").to_pylist()
    paid = {call["call_key"]: call for call in ledger if call["kind"] == "score"}
    assert paid.keys() == {e["call_key"] for _, e in scores}
    assert asked["score"] == 2 * len(paid)
    assert all(call["outcome"] == "ok" and call["output_tokens"] == 2 for call in paid.values())
    assert all(call["usd"] == pytest.approx((call["input_tokens"] + 4) / 1e6) for call in paid.values())
    assert not any(s["kind"] == "score" for row in rows(out, "sft") for s in row["segments"])
    assert "no problems found" in x2i("verify", out)


def test_what_is_said_with_an_image_stands_before_it_in_record_and_shards(out):
    for row in rows(out, "record"):
        kinds = [e["kind"] for e in row["events"]]
        assert all(kinds[n - 1] == "words" for n, kind in enumerate(kinds) if kind == "generation")
    sft = rows(out, "sft")
    assert {row["mode"] for row in sft} == {"likely", "reflection"}
    for row in sft:
        spoken = [s for s in row["segments"] if s["kind"] == "words"]
        assert {(s["text"], s["loss"], s["type"]) for s in spoken} == {(SAID, 0.0, "text")}
        assert len(spoken) == row["segments"][-1]["index"]
    assert "| reflection | words | previous | off |" in (out / "README.md").read_text("utf-8")


def test_people_see_both(out):
    row = next(row for row in rows(out, "record") if row["mode"] == "reflection")
    text = x2i("show", out, row["id"])
    assert "own words" in text
    assert SAID in text
    assert "log-probability" in text
    x2i("show", out, row["id"], "--html")
    (page,) = out.glob("show-*.html")
    assert SAID in page.read_text("utf-8")
    assert "log-probability" in page.read_text("utf-8")
    plan = json.loads(x2i("plan", MANIFEST, "--json", "--measured", out))
    assert plan["calls"]["analyzer score"]["calls"]["mean"] == pytest.approx(12)


@pytest.mark.slow
def test_all_is_answered_from_the_journal_when_the_words_are_to_be_trained(out, asked):
    before = asked.copy()
    x2i("build", MANIFEST, "--out", out, "--fork", "--set", "policy.train_words=true")
    assert asked == before
    for row in rows(out, "sft"):
        losses = {s["index"]: s["loss"] for s in row["segments"] if s["kind"] == "generation"}
        assert {s["index"]: s["loss"] for s in row["segments"] if s["kind"] == "words"} == losses
    assert "no problems found" in x2i("verify", out)


def test_a_backend_that_cannot_score_is_refused_before_anything_is_paid(tmp_path):
    words = [
        "--set",
        "models.analyzer={backend: world, model: world-analyzer}",
        "--set",
        "providers.world.base_url=http://127.0.0.1:9/v1",
    ]
    os.environ.setdefault("X2I_BASE_URL", "http://127.0.0.1:9/v1")
    done = CliRunner().invoke(app, ["build", str(MANIFEST), "--out", str(tmp_path / "out"), *words])
    assert done.exit_code != 0
    told = str(done.exception) + done.output
    assert "models.analyzer: the world backend cannot say how likely a text is, as the rung scored asks" in told
    assert not (tmp_path / "out" / "run.db").exists()
