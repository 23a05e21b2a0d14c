"""How a build ends when somebody else ends it: signals while its output is written, and readers that leave.

A build that has climbed and lost its `run.json` only writes its output, which takes seconds: it is cut short again and again.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.manifest.forms import PRODUCTS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "manifests" / "demo.yaml"
TINY = {"sources.0.count": 6, "sources.0.size": 96, "output.image.size": 96, "run.workers": 1}
UNHEARD = "x2i: standard output is not read any more: the build goes on without a word\n"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pipeline", *map(str, arguments)]


def build_command(out: Path) -> list[str]:
    return command("build", DEMO, "--out", out, *(w for k, v in TINY.items() for w in ("--set", f"{k}={v}")))


def hash_files(out: Path) -> dict[str, str]:
    files = (f for product in PRODUCTS for f in sorted((out / product).rglob("*.parquet")))
    return {str(f.relative_to(out)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    done = subprocess.run(build_command(out), cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture
def climbed(whole, tmp_path):
    """The same with its output still to be written."""
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    (out / "run.json").unlink()
    return out


@pytest.mark.parametrize(
    ("number", "after_s", "times"),
    [(signal.SIGINT, 0.2, 1), (signal.SIGINT, 0.5, 3), (signal.SIGTERM, 0.4, 1), (signal.SIGHUP, 0.3, 1)],
)
def test_a_signal_while_the_output_is_written_is_one_line(number, after_s, times, climbed, whole):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        build_command(climbed),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert any("Writing shards" in line for line in process.stdout)
        time.sleep(after_s)
        for _ in range(times):
            os.killpg(process.pid, number)  # everybody hears it, as from a terminal
            time.sleep(0.05)
        _, errors = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.startswith("x2i: interrupted while writing the output; nothing is lost: type the same command again")
    assert len(errors.splitlines()) == 1, errors
    assert not list(climbed.glob(".aside-*"))
    again = subprocess.run(build_command(climbed), cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert (again.returncode, again.stderr) == (0, "")
    assert "Starting Ray" not in again.stdout  # no call is made for it
    assert hash_files(climbed) == hash_files(whole)


@pytest.mark.parametrize("how", ["| head -1", ">/dev/full", ">&-"])
def test_a_build_goes_on_when_nobody_reads_its_words(how, climbed, whole):
    line = f'"$@" {how}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *build_command(climbed)], cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    assert (done.returncode, done.stderr) == (0, "" if how == ">&-" else UNHEARD)  # who closes it wants no words
    assert hash_files(climbed) == hash_files(whole)


@pytest.mark.parametrize("words", ["journal OUT", "verify OUT", "truth OUT", "compare OUT OUT", "--help"])
def test_a_command_that_looks_ends_silently_when_its_reader_has_left(words, whole):
    line = '"$@" | true; exit ${PIPESTATUS[0]}'
    asked = command(*(str(whole) if word == "OUT" else word for word in words.split()))
    done = subprocess.run(["bash", "-c", line, "bash", *asked], cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stderr) == (1, "")
