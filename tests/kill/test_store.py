"""Full and read-only disks, by real mounts: the build stops with one clear line, makes no needless call, and resumes."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import find_repeats
from tests.kill.victim import GONE_S, SMALL, Build, wait_for_end

SLOTS = int(SMALL["run.concurrency"])
STOPS_S = 120
ROOMY = "64m"


@dataclass(frozen=True)
class Disk:
    """A file system in memory, mounted at `path`."""

    path: Path

    def remount(self, options: str) -> bool:
        """Change its mount options; returns False when it is in use in a way that forbids that."""
        done = subprocess.run(["mount", "-o", f"remount,{options}", self.path], capture_output=True)
        return done.returncode == 0


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", path], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here, which needs root: {done.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def build_with(server, out: Path, case: str, **places: object) -> Build:
    return Build(out, server, case, {f"run.{name}": place for name, place in places.items()})


def check_stop(build: Build, *words: str) -> None:
    """Check that the build stops with one line that says what is wrong and what to do, and leaves no process."""
    assert build.finish(STOPS_S) == 1, build.report()
    assert "Traceback" not in build.output(), build.report()
    *_, last_line = lines = [line for line in build.output().splitlines() if line.startswith("x2i:")]
    assert len(lines) == 1, build.report()
    assert last_line == build.output().splitlines()[-1]
    for word in (*words, "type the same command again to go on"):
        assert word in last_line, last_line
    assert wait_for_end(build.pid, GONE_S) == [], build.report()
    assert not (build.out / "run.json").exists()
    print(last_line)


def resume(build: Build, reference) -> None:
    build.start()
    assert build.finish() == 0, build.report()
    assert build.digests() == reference.digests, build.report()
    assert not examine(build.out).problems
    assert {one.digest for one in build.requests()} == reference.request_digests


def check_repeats(build: Build, most: int) -> None:
    """Check that at most so many requests came again."""
    repeated = list(find_repeats(build.requests(), []))
    assert len(repeated) <= most, "\n".join(one.describe([]) for one in repeated)
    print(f"{len(repeated)} of {len(build.requests())} requests came again")


@pytest.mark.slow
def test_the_store_fills_up(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-full", store=disk.path)
    disk.remount("size=1m")
    build.start()
    check_stop(build, "No space left", str(disk.path))
    calls = len(build.requests())
    assert 0 < calls < len(reference.request_digests)
    disk.remount(f"size={ROOMY}")
    resume(build, reference)
    check_repeats(build, SLOTS)


@pytest.mark.slow
def test_the_store_becomes_read_only(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-ro", store=disk.path)
    build.start()
    assert build.wait_for_calls(len(reference.request_digests) // 3), build.report()
    retry_until_done(lambda: disk.remount("ro"))
    check_stop(build, "Read-only", str(disk.path))
    assert 0 < len(build.requests()) < len(reference.request_digests)
    disk.remount("rw")
    resume(build, reference)
    check_repeats(build, SLOTS)


@pytest.mark.slow
def test_a_read_only_store_costs_no_call(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-ro-first", store=disk.path)
    disk.remount("ro")
    build.start()
    check_stop(build, "Read-only", str(disk.path))
    assert build.requests() == []
    disk.remount("rw")
    resume(build, reference)
    check_repeats(build, 0)


@pytest.mark.slow
def test_the_disk_of_the_database_fills_up(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "database-full", database=f"sqlite:///{disk.path}/run.db")
    disk.remount("size=600k")
    build.start()
    check_stop(build, "full", str(disk.path))
    assert 0 < len(build.requests()) < len(reference.request_digests)
    disk.remount(f"size={ROOMY}")
    resume(build, reference)
    check_repeats(build, SLOTS)


@pytest.mark.slow
def test_the_output_folder_is_full_at_the_end(disk, server, reference, tmp_path):
    out = disk.path / "out"
    out.mkdir()
    places = {"store": tmp_path / "store", "database": f"sqlite:///{tmp_path}/run.db"}
    build = build_with(server, out, "output-full", **places)
    build.start()
    assert build.wait_for_calls(1), build.report()
    fill_disk(disk.path)
    check_stop(build, "No space left")
    assert {one.digest for one in build.requests()} == reference.request_digests  # all samples had climbed to the end
    (disk.path / "ballast").unlink()
    resume(build, reference)
    check_repeats(build, 0)


def fill_disk(folder: Path) -> None:
    """Fill the disk up to a few hundred kilobytes."""
    free = os.statvfs(folder)
    with (folder / "ballast").open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 300_000)


def retry_until_done(attempt: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not attempt():
        assert time.monotonic() < until, "the disk stays in use"
        time.sleep(0.01)
