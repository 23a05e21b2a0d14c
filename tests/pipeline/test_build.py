"""The whole path, for real: Ray, the world, SQLite, shards. Two builds of one manifest, run differently, are one data set."""

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.manifest.forms import PRODUCTS
from tests.output.test_mask_table import LETTER, trained_segments

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "manifests" / "demo.yaml"
TWICE = {
    "sources.0.count": 60,
    "policy.judging": "{judgements: 3, confirm: fail, second: margin}",
    "models.second_analyzer": "{model: world-analyzer, revision: '2'}",
}
SMALL = [word for key, value in TWICE.items() for word in ("--set", f"{key}={value}")]
QUOTAS = ["--set", "quotas={direct: 9, reflection: 5, multistep: 6, rl: 2}"]


def x2i(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def hash_files(out: Path) -> dict[str, str]:
    files = (f for product in PRODUCTS for f in sorted((out / product).rglob("*.parquet")))
    return {str(f.relative_to(out)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    out = tmp_path_factory.mktemp("narrow") / "out"
    x2i("build", DEMO, "--out", out, *SMALL, *QUOTAS, "--set", "run.blocks=1", "--set", "run.concurrency=5")
    return out


def test_one_block_or_sixteen_make_the_same_bytes_and_a_kill_changes_nothing(narrow, tmp_path):
    """The second build is killed half-way and goes on."""
    out = tmp_path / "wide"
    wide = ["build", DEMO, "--out", out, *SMALL, *QUOTAS, "--set", "run.blocks=16", "--set", "run.concurrency=24"]
    kept = kill_half_way([sys.executable, "-m", "pipeline", *map(str, wide)], out)
    assert 0 < kept < 60
    again = x2i(*wide)
    assert "Going on" in again.stdout
    assert hash_files(out) == hash_files(narrow)
    assert recorded_keys(out) <= ledger_keys(out)  # by both processes: nothing that led to an outcome is missing
    counts = json.loads((out / "run.json").read_text())["counts"]
    assert counts["planned"] == counts["kept"] + counts["surplus"] + counts["discarded"] + counts["failed"]
    assert counts["planned"] < 60  # the quotas cut the run short
    assert counts["surplus"] > 0


def kill_half_way(command: list[str], out: Path) -> int:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(4800):  # a busy machine takes its time to start Ray
            if count_outcomes(out) >= 5:
                break
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (out / "run.json").exists()
    return count_outcomes(out)


def recorded_keys(out: Path) -> set[str]:
    """The key of every call that the record tells of, those of single judgements included."""
    keys = set()
    for row in pq.read_table(out / "record", columns=["events"]).to_pylist():
        for event in row["events"]:
            payload = json.loads(event["payload"] or "{}")
            keys |= {event["call_key"], *(j["call_key"] for j in payload.get("judgements", []))}
    return keys - {None}


def ledger_keys(out: Path) -> set[str]:
    return set(pq.read_table(out / "ledger.parquet", columns=["call_key"])["call_key"].to_pylist())


def count_outcomes(out: Path) -> int:
    if not (out / "run.db").exists():
        return 0
    with sqlite3.connect(f"file:{out / 'run.db'}?mode=ro", uri=True) as database:
        try:
            return int(database.execute("select count(*) from outcomes").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def test_a_finished_output_is_left_alone_and_another_is_refused(narrow):
    before = {f: os.stat(f).st_mtime_ns for f in narrow.rglob("*") if f.is_file() and f.name != ".lock"}
    again = x2i("build", DEMO, "--out", narrow, *SMALL, *QUOTAS)
    assert "finished already" in again.stdout
    assert {f: os.stat(f).st_mtime_ns for f in before} == before
    refused = x2i("build", DEMO, "--out", narrow, *SMALL, *QUOTAS, "--set", "seed=8", check=False)
    assert refused.returncode == 2
    assert "seed: 7 -> 8" in refused.stderr
    assert all(choice in refused.stderr for choice in ("--fork", "--out", "--overwrite"))
    assert refused.stderr.count("\n") < 10


def test_the_ledger_holds_every_call_and_invents_nothing(narrow):
    assert recorded_keys(narrow) <= ledger_keys(narrow)
    calls = pq.read_table(narrow / "ledger.parquet").to_pylist()
    assert {(c["role"], c["kind"]) for c in calls} == {
        *(("baseline", "image"), ("generator", "image"), ("second_analyzer", "evaluation")),
        *(("analyzer", kind) for kind in ("evaluation", "reflection", "diagnosis", "plan")),
    }
    assert {(c["try"], c["outcome"]) for c in calls} == {(1, "ok")}
    assert all(c["input_tokens"] > 0 and c["output_tokens"] > 0 for c in calls)
    assert {(c["usd"], c["provider"]) for c in calls} == {(None, "world")}  # nobody said what the world costs
    assert all(c["seconds"] > 0 and c["images"] == (c["kind"] == "image") for c in calls)
    models = json.loads((narrow / "run.json").read_text())["models"]
    assert {c["role"]: c["model"] for c in calls} == models
    assert models["second_analyzer"] == "world/world-analyzer@2"


def test_verify_finds_no_problem_and_show_and_report_work(narrow):
    assert "no problems found" in x2i("verify", narrow).stdout
    record = pq.read_table(narrow / "record", columns=["id", "mode"]).to_pylist()
    one = next(r["id"] for r in record if r["mode"] == "multistep")
    shown = x2i("show", narrow, one[:12]).stdout
    assert one in shown
    assert "S2" in shown
    assert "<html" in (narrow / "report.html").read_text()[:200]
    assert x2i("report", narrow).stdout.strip().endswith("report.html")


def test_the_code_of_the_readme_prints_what_the_readme_shows(narrow, tmp_path):
    blocks = re.findall(r"```(\w*)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    code = next(text for kind, text in blocks if kind == "python").replace("build/demo", str(narrow))
    shown = next(text for kind, text in blocks if text.startswith("reference "))
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | offline)
    assert done.returncode == 0, done.stderr
    for printed in (shown, done.stdout):
        words = [line.split()[:3] for line in printed.splitlines()]
        assert re.fullmatch(r"(RI|I)GED(SGE)+", "".join(_letter(kind) for kind, _, _ in words))
        context = [(kind, n) for kind, n, loss in words if loss == "context"]
        assert [kind for kind, _ in context if kind != "reference"] == ["instruction", "generation"]
        assert context[-1] == ("generation", "1")


def _letter(kind):
    return kind[0].upper()


def test_the_mask_table_of_the_method_agrees_with_every_row(narrow):
    modes = set()
    for file in (narrow / "sft").rglob("*.parquet"):
        for row in pq.read_table(file, columns=["mode", "segments"]).to_pylist():
            made = [s for s in row["segments"] if s["role"] == "assistant"]
            last = max(s["index"] for s in made if s["kind"] == "generation")
            assert {(LETTER[s["kind"]], s["index"]) for s in made if s["loss"] == 1} == trained_segments(
                row["mode"], last
            )
            assert all(s["loss"] == 0 for s in row["segments"] if s["role"] == "user")
            modes.add(row["mode"])
    assert modes == {"direct", "reflection", "multistep"}


def test_the_truth_is_nobodys_input(narrow, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(narrow, out)
    before = hash_files(out)
    (out / "truth.parquet").unlink()
    assert "no problems found" in x2i("verify", out).stdout
    x2i("report", out)
    assert hash_files(out) == before


def test_an_output_heals(narrow, tmp_path):
    """A report that was not written is written; an image gone from the store is made again, and no byte differs."""
    out = tmp_path / "out"
    shutil.copytree(narrow, out)
    (out / "report.html").unlink()
    x2i("build", DEMO, "--out", out, *SMALL, *QUOTAS)
    assert (out / "report.html").exists()
    record = pq.read_table(out / "record").to_pylist()
    events = next(r["events"] for r in record if r["status"] == "kept" and r["mode"] == "direct")
    (out / "store" / events[0]["image_sha256"][:2] / events[0]["image_sha256"]).unlink()
    (out / "run.json").unlink()
    assert "1 samples lost images" in x2i("build", DEMO, "--out", out, *SMALL, *QUOTAS).stdout
    assert hash_files(out) == hash_files(narrow)


def test_the_lock_lies_beside_the_output(narrow):
    content = yaml.safe_load((narrow / "manifest.lock.yaml").read_text())
    assert content["manifest"]["quotas"]["direct"] == 9
    assert content["fingerprint"] == json.loads((narrow / "run.json").read_text())["fingerprint"]


def test_nothing_of_the_journey_is_in_the_data(narrow):
    names = set()
    for product in PRODUCTS:
        for file in (narrow / product).rglob("*.parquet"):
            names |= {str(p) for p in pq.ParquetFile(file).schema_arrow.names}
    assert not names & {"latency", "cost", "retries", "provider", "created_at", "timestamp"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "manifests/none.yaml"], "none.yaml"),
        (["build", DEMO, "--set", "policy.reflexion_rounds=2"], "reflection_rounds"),
        (["build", DEMO, "--set", "models.analyzer.options.eror_rate=0.1"], "error_rate"),
        (["verify", "build/there-is-no-such-output"], "there-is-no-such-output"),
        (["show", "build/there-is-no-such-output", "x"], "there-is-no-such-output"),
        (["report", "build/there-is-no-such-output"], "there-is-no-such-output"),
    ],
)
def test_bad_usage_is_one_line_and_not_a_traceback(arguments, words):
    done = x2i(*arguments, check=False)
    assert done.returncode in (1, 2)
    message = (done.stderr + done.stdout).strip()
    assert words in message
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1
