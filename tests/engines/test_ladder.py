"""The whole ladder with no server at all: an engine of the build draws, another one judges with a tiny Qwen3-VL.

What draws is a tiny Emu3, or a pair of tiny pipelines of diffusers in one role: FLUX Kontext edits, Stable Diffusion 3 makes new
pictures. Weights are random, but for a constant on the letters, brackets and scores that a judge writes (`tiny_vlm.JUDGE`), without
which its texts would have no end. Prompts, pictures, verdicts, rungs and the journal are real.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.verify import examine
from tests.kill.victim import GONE_S, ROOT, in_session, wait_for_end

pytestmark = pytest.mark.slow
COUNT_AT_KILL = 7
"""Images in the store, references among them: some have been drawn, others have not."""


class LadderBuild:
    """One build into `out`, which may be killed and started again."""

    def __init__(self, manifest: Path, out: Path) -> None:
        self.manifest, self.out, self.runs = manifest, out, 0

    def start(self) -> int:
        self.runs += 1
        self.log = self.out.with_suffix(f".{self.runs}.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "build", self.manifest, "--out", self.out],
                cwd=ROOT,
                env={**os.environ, "COLUMNS": "200", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process.pid

    def finish(self) -> None:
        code = self.process.wait(400)
        assert code == 0, self.log.read_text(errors="replace")[-4000:]
        assert wait_for_end(self.process.pid, GONE_S) == []

    def wait_for_images(self, count: int) -> None:
        until = time.monotonic() + 300
        while len([p for p in (self.out / "store").rglob("*") if p.is_file() and "." not in p.name]) < count:
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-4000:]
            assert time.monotonic() < until, "no images come"
            time.sleep(0.02)

    def digests(self) -> dict[str, bytes]:
        files = (file for product in PRODUCTS for file in sorted((self.out / product).rglob("*.parquet")))
        return {str(file.relative_to(self.out)): file.read_bytes() for file in files}


def emu3(tiny, _) -> dict[str, dict[str, object]]:
    drawing: dict[str, object] = {"backend": "transformers", "engine": "hands", "model": str(tiny("emu3"))}
    return {"baseline": {**drawing, "options": {"guidance": 1.0}}, "generator": drawing}


def pipelines(_, folder: Path) -> dict[str, dict[str, object]]:
    """Both roles share the weights; the baseline takes fewer steps."""
    from tests.engines.tiny_pipelines import save_kontext, save_sd3

    editor, painter = save_kontext(folder / "kontext"), save_sd3(folder / "sd3")
    options: dict[str, object] = {"text_to_image": {"model": str(painter)}, "dtype": "float32", "device": "cpu"}
    options["extra"] = {"max_sequence_length": 16, "_auto_resize": False}
    drawing = {"backend": "diffusers", "engine": "hands", "model": str(editor)}
    steps = {"baseline": 1, "generator": 2}
    return {role: {**drawing, "options": {**options, "steps": n}} for role, n in steps.items()}


@pytest.fixture(scope="module", params=[emu3, pipelines])
def manifest(request, tiny, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ladder")
    judged = {"temperature": 1.0, "max_new_tokens": 700}
    raw = {
        "name": "ladder",
        "seed": 5,
        # an editor of one picture takes no composition of several
        "sources": [{"kind": "world", "name": "w", "count": 4, "size": 96, "t2i": 0.5, "compose": 0.0}],
        "engines": {"hands": {"cpus": 0.1}, "eyes": {"cpus": 0.1}},
        "models": {
            **request.param(tiny, folder),
            "analyzer": {"backend": "transformers", "engine": "eyes", "model": str(tiny("judge")), "options": judged},
        },
        # few judgements and tries: this is about rungs, engines and the journal
        "policy": {
            "reflection_rounds": 1,
            "steps_max": 3,
            "step_attempts": 2,
            "judging": {"judgements": 1},
        },
        "output": {"image": {"size": 96}},
        "splits": {"rl": 0.0},
        "run": {"concurrency": 8, "workers": 1, "max_failed": 1},
    }
    path: Path = folder / "ladder.yaml"
    path.write_text(json.dumps(raw))
    return path


@pytest.fixture(scope="module")
def reference(manifest, tmp_path_factory) -> LadderBuild:
    build = LadderBuild(manifest, tmp_path_factory.mktemp("reference") / "out")
    build.start()
    build.finish()
    return build


def test_tiny_models_climb_the_whole_ladder(reference):
    assert not examine(reference.out).problems
    rows = [row for file in (reference.out / "record").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    events = [event for row in rows for event in row["events"]]
    assert len(rows) == 4
    assert {"generation", "evaluation", "reflection", "diagnosis", "decomposition", "subtask"} <= {
        event["kind"] for event in events
    }
    makers = {event["made_by"].partition(":")[0] for event in events if event["made_by"]}
    assert makers == {"baseline", "generator", "analyzer"}
    assert {row["task"] for row in rows} == {"t2i", "edit"}


def end_driver(build: LadderBuild) -> None:
    os.kill(build.process.pid, signal.SIGKILL)
    build.process.wait()
    assert wait_for_end(build.process.pid, GONE_S) == []
    build.start()


def end_engine(build: LadderBuild) -> None:
    [hands] = [p for p in in_session(build.process.pid) if re.match(rb"ray::.*hands", p.title)]
    os.kill(hands.pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [end_driver, end_engine])
def test_a_kill_changes_no_byte(end: Callable[[LadderBuild], None], manifest, reference, tmp_path):
    build = LadderBuild(manifest, tmp_path / "out")
    build.start()
    build.wait_for_images(COUNT_AT_KILL)
    end(build)
    build.finish()
    assert build.digests() == reference.digests()
    assert not examine(build.out).problems
