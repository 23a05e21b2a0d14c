"""SIGKILL of the driver, and of an engine, in builds whose models all run in an engine: the data set is the same to the byte.

No call is entered twice in the ledger that was not lost with the driver, and no process is left.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.verify import examine
from tests.kill.victim import GONE_S, ROOT, in_session, wait_for_end

pytestmark = pytest.mark.slow
SMALL = {"sources.0.count": 24, "sources.0.size": 128, "output.image.size": 128, "run.concurrency": 8, "run.workers": 1}
HOSTED = {"engines.e": "{cpus: 0.01, replicas: 2}"} | {
    f"models.{role}.engine": "e" for role in ("baseline", "generator", "analyzer")
}


def begin(out: Path, settings: dict[str, object]) -> subprocess.Popen[bytes]:
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "build",
        str(ROOT / "manifests" / "demo.yaml"),
        "--out",
        str(out),
        *sets,
    ]
    with out.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def finish(out: Path, process: subprocess.Popen[bytes]) -> None:
    try:
        assert process.wait(400) == 0, out.with_suffix(".log").read_text()
    finally:
        for left in in_session(process.pid) if process.poll() is None else ():
            os.kill(left.pid, signal.SIGKILL)
    assert wait_for_end(process.pid, GONE_S) == []


def digests(out: Path) -> dict[str, str]:
    files = (file for product in PRODUCTS for file in sorted((out / product).rglob("*.parquet")))
    return {str(file.relative_to(out)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def ledger(out: Path) -> Counter[tuple[str, str]]:
    rows = pq.read_table(out / "ledger.parquet", columns=["call_key", "outcome"]).to_pylist()
    return Counter((row["call_key"], row["outcome"]) for row in rows)


def engines(out: Path) -> list[int]:
    """The process of each replica as it was started last."""
    logs = sorted((out / "engines").glob("*.log"))
    return [
        int([line for line in log.read_text().splitlines() if line.endswith("begins")][-1].split()[1]) for log in logs
    ]


def wait_for_images(out: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 240
    while sum(1 for _ in (out / "store").glob("*/*")) < count:
        assert process.poll() is None, out.with_suffix(".log").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("reference") / "out"
    finish(out, begin(out, SMALL))
    return out


@pytest.mark.parametrize("images", [60, 66])
def test_a_killed_engine_changes_nothing(reference, tmp_path, images):
    out = tmp_path / "out"
    process = begin(out, SMALL | HOSTED)
    wait_for_images(out, images, process)
    os.kill(engines(out)[0], signal.SIGKILL)
    finish(out, process)
    assert digests(out) == digests(reference)
    assert not examine(out).problems
    assert ledger(out) == ledger(reference)
    assert (out / "engines" / "e-0.log").read_text().count("begins") == 2


@pytest.mark.parametrize("images", [60, 70])
def test_a_killed_driver_leaves_no_engine_and_the_build_goes_on(reference, tmp_path, images):
    out = tmp_path / "out"
    process = begin(out, SMALL | HOSTED)
    wait_for_images(out, images, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert wait_for_end(process.pid, GONE_S) == []
    finish(out, begin(out, SMALL | HOSTED))
    assert digests(out) == digests(reference)
    calls = ledger(out)
    assert {key: n for key, n in calls.items() if key[1] != "Lost"} == dict(ledger(reference))
    assert sum(n for (_, outcome), n in calls.items() if outcome == "Lost") <= int(SMALL["run.concurrency"])


def test_an_interrupted_build_ends_with_its_engines_and_pays_nothing_twice(reference, tmp_path):
    out = tmp_path / "out"
    process = begin(out, SMALL | HOSTED)
    wait_for_images(out, 60, process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(120) == 130, out.with_suffix(".log").read_text()
    assert wait_for_end(process.pid, GONE_S) == []
    finish(out, begin(out, SMALL | HOSTED))
    assert digests(out) == digests(reference)
    assert ledger(out) == ledger(reference)
