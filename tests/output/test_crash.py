"""A writer killed midway leaves the old output as it was, and no process behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.manifest.forms import PRODUCTS
from pipeline.output import install, run_json
from pipeline.output.verify import verify
from pipeline.storage.files import aside
from stages.trajectory import dump

ROOT = Path(__file__).parents[2]


def child_pids(pid: int) -> list[int]:
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            pids.append(int(stat.parent.name))
    return pids


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@pytest.mark.parametrize("moment", ["views", "sft"])
def test_a_writer_killed_midway_leaves_the_old_output(few, tmp_path, moment):
    out = tmp_path / "out"
    shutil.copytree(few.out, out)
    outcomes = tmp_path / "outcomes.jsonl"
    outcomes.write_text("\n".join(dump(t) for t in few.outcomes), "utf-8")
    command = [sys.executable, "-m", "tests.output.writer", str(out), str(out / "store"), str(outcomes)]
    writer = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until(lambda: list(out.glob(f".aside-*/{moment}")))
        workers = child_pids(writer.pid)
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert list(out.glob(".aside-*")), "it was killed while it wrote"
    assert run_json.read(out).fingerprint == few.summary.fingerprint
    assert [str(p) for p in verify(out, workers=1)] == []
    assert workers
    wait_until(lambda: not any(is_alive(pid) for pid in workers), 10)
    summary = few.again(out, output={"image": {"size": 16}})
    assert not list(out.glob(".aside-*")), "what was left behind is removed"
    assert summary.manifest["output"]["image"]["size"] == [16, 16]
    assert [str(p) for p in verify(out, workers=1)] == []


def test_a_crash_between_two_renames_leaves_no_run_json(few, tmp_path, monkeypatch):
    """The moment at which old and new files stand side by side must not pass for finished."""
    out = tmp_path / "out"
    shutil.copytree(few.out, out)
    with aside(out) as folder:
        for product in PRODUCTS:
            shutil.copytree(out / product, folder / product)
        (folder / "README.md").write_text("new", "utf-8")
        with pytest.raises(FileNotFoundError):
            install.install(folder, out)  # there is no new run.json to put in place
    assert not (out / "run.json").exists()
    assert [p.what for p in verify(out, workers=1)] == ["is missing: the output is not finished"]
    few.again(out)
    assert verify(out, workers=1) == []


def test_an_image_missing_from_the_store_stops_before_anything_is_replaced(few, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(few.out, out)
    kept = few.outcomes[0].current().image.sha256
    lost = shutil.copytree(few.out / "store", tmp_path / "store")
    (Path(lost) / kept[:2] / kept).unlink()
    from pipeline.output.finalise import finalise
    from pipeline.storage.image_store import ImageStore
    from tests.output.factory import IDENTITIES, PROMPTS

    with pytest.raises(OSError, match=kept):
        finalise(few.outcomes, few.manifest, ImageStore(str(lost)), out, PROMPTS, "d" * 64, IDENTITIES, 1)
    assert verify(out, workers=1) == []
    assert not list(out.glob(".aside-*"))
    assert os.path.exists(out / "README.md")
