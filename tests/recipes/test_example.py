"""The example of a rung of one's own does what the README says of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own_rung"


def x2i(*words: object, path: str = ".") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": path, "COLUMNS": "200"}
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("example") / "out"
    done = x2i("build", EXAMPLE / "manifest.yaml", "--out", folder, "--set", "sources.world.count=12")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_it_builds_and_verifies(out):
    run = json.loads((out / "run.json").read_text("utf-8"))
    assert list(run["funnel"]) == ["direct", "fresh_start", "multistep diagnosis", "multistep"]
    assert run["kept_by_mode"]["fresh_start"] > 0
    assert "fresh_start" in run["prompts"]
    done = x2i("verify", out)
    assert "no problems found" in done.stdout


def test_it_is_short():
    lines = [line for line in (EXAMPLE / "fresh_start.py").read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 60


def test_where_it_cannot_be_imported_one_line_says_what_to_do(tmp_path):
    manifest = EXAMPLE / "manifest.yaml"
    text = manifest.read_text("utf-8").replace("examples.own_rung", "elsewhere.own_rung")
    (tmp_path / "manifest.yaml").write_text(text, "utf-8")
    done = x2i("build", tmp_path / "manifest.yaml", "--out", tmp_path / "out")
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert "elsewhere.own_rung.fresh_start cannot be imported" in line
    assert "put its folder on PYTHONPATH" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_change_of_its_source_is_another_data_set(out, tmp_path):
    copy = tmp_path / "mine"
    copy.mkdir()
    source = (EXAMPLE / "fresh_start.py").read_text("utf-8")
    (copy / "my_rung.py").write_text(source, "utf-8")
    (copy / "fresh_start.j2").write_text((EXAMPLE / "fresh_start.j2").read_text("utf-8"), "utf-8")
    text = (EXAMPLE / "manifest.yaml").read_text("utf-8").replace("examples.own_rung.fresh_start:", "my_rung:")
    (copy / "manifest.yaml").write_text(re.sub(r"count: \d+", "count: 4", text), "utf-8")
    build = ("build", copy / "manifest.yaml", "--out", tmp_path / "out")
    assert x2i(*build, path=str(copy)).returncode == 0
    (copy / "my_rung.py").write_text(source.replace("#5d7a2e", "#5d7a2f"), "utf-8")
    changed = x2i(*build, path=str(copy))
    assert changed.returncode == 2
    assert "rungs.my_rung:FRESH_START" in changed.stderr
