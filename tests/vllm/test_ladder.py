"""A small ladder whose judge is vLLM's offline engine in an engine of the build: Ray, rungs, journal, and real vLLM.

The world draws. The judge's weights are random, but for a constant on what judges write (`tests.vllm.judge`), so its verdicts mean
nothing: what counts is that all its replies come from the engine, in their shape, that a death of vLLM's core in the middle of its
work changes nothing, and that no process is left.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.verify import examine
from tests.kill.victim import GONE_S, ROOT, wait_for_end
from tests.vllm.judge import LOAD, save_judge

FOLDER = os.environ.get("X2I_VLLM_MODEL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FOLDER or importlib.util.find_spec("vllm") is None, reason="no vllm, or X2I_VLLM_MODEL is unset"
    ),
]
WORDS = {
    "killed": "",
    "dead": "vLLM's engine died; its last words stand in the engine's log",
    "broken": "vLLM broke off in the middle of a batch: RuntimeError: a step that fails",
}
"""What stands in the engine's log after each way to die (`tests.vllm.mortal`)."""
STEP = 400  # of the core: some calls are answered by then, and others are not asked yet


def manifest(judge: Path) -> dict[str, object]:
    return {
        "name": "vllm-ladder",
        "seed": 5,
        "sources": [{"kind": "world", "name": "w", "count": 4, "size": 96}],
        # one at a time: sums of a batch depend on who is in it, and rows are to be compared
        "engines": {"eyes": {"cpus": 0.1, "batch": 1}},
        "models": {
            "baseline": {"backend": "world", "model": "world-baseline"},
            "generator": {"backend": "world", "model": "world-generator"},
            "analyzer": {
                "backend": "vllm",
                "engine": "eyes",
                "model": str(judge),
                "options": {
                    "temperature": 1.0,
                    "max_tokens": 1200,
                    "load": {**LOAD, "scheduler_cls": "tests.vllm.mortal.MortalScheduler", "async_scheduling": False},
                },
            },
        },
        "policy": {"reflection_rounds": 1, "steps_max": 3, "step_attempts": 2, "judging": {"judgements": 1}},
        "output": {"image": {"size": 96}},
        "splits": {"rl": 0.0},
        "run": {"concurrency": 8, "workers": 1, "max_failed": 1},
    }


def built(judge: Path, folder: Path) -> Path:
    """The finished output of a build, none of whose processes is left."""
    path, out, log = folder / "ladder.yaml", folder / "out", folder / "log"
    path.write_text(json.dumps(manifest(judge)))
    with log.open("wb") as printed:
        build = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "build", path, "--out", out],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # 3: all is written, and nothing was good enough to keep
    assert build.wait(900) in (0, 3), log.read_text(errors="replace")[-4000:]
    assert wait_for_end(build.pid, GONE_S) == []
    assert not examine(out).problems
    return out


def digests(out: Path) -> dict[str, bytes]:
    files = (file for product in PRODUCTS for file in sorted((out / product).rglob("*.parquet")))
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def ledger(out: Path) -> Counter[tuple[str, str]]:
    rows = pq.read_table(out / "ledger.parquet", columns=["call_key", "outcome"]).to_pylist()
    return Counter((row["call_key"], row["outcome"]) for row in rows)


def begins(out: Path) -> int:
    return (out / "engines" / "eyes-0.log").read_text(errors="replace").count(" begins\n")


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    return save_judge(Path(FOLDER), tmp_path_factory.mktemp("judge") / "judge")


@pytest.fixture(scope="module")
def reference(judge, tmp_path_factory):
    return built(judge, tmp_path_factory.mktemp("reference"))


def test_its_judge_answers_from_an_engine(reference):
    rows = [row for file in (reference / "record").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    kinds = {event["kind"] for row in rows for event in row["events"]}
    makers = {event["made_by"] for row in rows for event in row["events"] if event["kind"] == "evaluation"}
    assert len(rows) == 4
    assert {"generation", "evaluation", "reflection", "diagnosis"} <= kinds
    assert any(maker.startswith("analyzer:vllm/") for maker in makers)
    assert begins(reference) == 1


@pytest.mark.parametrize("way", WORDS)
def test_a_dead_core_is_started_again_and_its_calls_are_paid_once(way, judge, reference, tmp_path):
    (judge / "dies.json").write_text(json.dumps({"way": way, "step": STEP}))
    out = built(judge, tmp_path)
    died = json.loads((judge / "died.json").read_text())
    assert died["way"] == way
    assert died["running"] >= 1
    assert died["finished"] >= 1
    assert not (judge / "dies.json").exists()
    assert begins(out) == 2
    assert WORDS[way] in (out / "engines" / "eyes-0.log").read_text(errors="replace")
    assert digests(out) == digests(reference)
    assert ledger(out) == ledger(reference)
