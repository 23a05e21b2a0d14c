"""A small ladder whose judge is vLLM's offline engine in an engine of the build: Ray, rungs, journal, and real vLLM.

The world draws. The judge's weights are random, but for a constant on what judges write (`tests.vllm.judge`), so its verdicts mean
nothing: what counts is that all its replies come from the engine, in their shape, and that no process is left.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

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


def manifest(judge: Path) -> dict[str, object]:
    return {
        "name": "vllm-ladder",
        "seed": 5,
        "sources": [{"kind": "world", "name": "w", "count": 4, "size": 96}],
        "engines": {"eyes": {"cpus": 0.1, "batch": 8, "batch_wait_s": 0.1}},
        "models": {
            "baseline": {"backend": "world", "model": "world-baseline"},
            "generator": {"backend": "world", "model": "world-generator"},
            "analyzer": {
                "backend": "vllm",
                "engine": "eyes",
                "model": str(judge),
                "options": {"temperature": 1.0, "max_tokens": 1200, "load": LOAD},
            },
        },
        "policy": {"reflection_rounds": 1, "steps_max": 3, "step_attempts": 2, "judging": {"judgements": 1}},
        "output": {"image": {"size": 96}},
        "splits": {"rl": 0.0},
        "run": {"concurrency": 8, "workers": 1, "max_failed": 1},
    }


def test_its_judge_answers_from_an_engine(tmp_path):
    path, out, log = tmp_path / "ladder.yaml", tmp_path / "out", tmp_path / "log"
    path.write_text(json.dumps(manifest(save_judge(Path(FOLDER), tmp_path / "judge"))))
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
    rows = [row for file in (out / "record").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    kinds = {event["kind"] for row in rows for event in row["events"]}
    makers = {event["made_by"] for row in rows for event in row["events"] if event["kind"] == "evaluation"}
    assert len(rows) == 4
    assert {"generation", "evaluation", "reflection", "diagnosis"} <= kinds
    assert any(maker.startswith("analyzer:vllm/") for maker in makers)
