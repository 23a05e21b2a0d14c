"""Full disks and read-only ones, by real mounts: a clear stop, no call more than it must be, and a clean resume."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import repeats
from tests.kill.victim import GONE_S, SMALL, Build, ended

SLOTS = int(SMALL["run.concurrency"])
STOPS_S = 120
ROOMY = "64m"


@dataclass(frozen=True)
class Disk:
    """A file system in memory, mounted at `path`."""

    path: Path

    def remount(self, options: str) -> bool:
        """Change how it is mounted; False when it is in use in a way that forbids it."""
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


def stopped(build: Build, *words: str) -> None:
    """The build stops with one line that says what is wrong and what to do, and leaves nothing running."""
    assert build.finish(STOPS_S) == 1, build.told()
    assert "Traceback" not in build.words(), build.told()
    *_, said = lines = [line for line in build.words().splitlines() if line.startswith("x2i:")]
    assert len(lines) == 1, build.told()
    assert said == build.words().splitlines()[-1]
    for word in (*words, "type the same command again to go on"):
        assert word in said, said
    assert ended(build.pid, GONE_S) == [], build.told()
    assert not (build.out / "run.json").exists()
    print(said)


def resumed(build: Build, reference) -> None:
    build.start()
    assert build.finish() == 0, build.told()
    assert build.digests() == reference.digests, build.told()
    assert not examine(build.out).problems
    assert {one.digest for one in build.seen()} == reference.asked


def paid_again(build: Build, most: int) -> None:
    """At most so many requests came again; for a reader, which."""
    again = list(repeats(build.seen(), []))
    assert len(again) <= most, "\n".join(one.told([]) for one in again)
    print(f"{len(again)} of {len(build.seen())} requests came again")


@pytest.mark.slow
def test_the_store_fills_up(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-full", store=disk.path)
    disk.remount("size=1m")
    build.start()
    stopped(build, "No space left", str(disk.path))
    calls = len(build.seen())
    assert 0 < calls < len(reference.asked)
    disk.remount(f"size={ROOMY}")
    resumed(build, reference)
    paid_again(build, SLOTS)


@pytest.mark.slow
def test_the_store_becomes_read_only(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-ro", store=disk.path)
    build.start()
    assert build.calls(len(reference.asked) // 3), build.told()
    until_done(lambda: disk.remount("ro"))
    stopped(build, "Read-only", str(disk.path))
    assert 0 < len(build.seen()) < len(reference.asked)
    disk.remount("rw")
    resumed(build, reference)
    paid_again(build, SLOTS)


@pytest.mark.slow
def test_a_read_only_store_costs_no_call(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "store-ro-first", store=disk.path)
    disk.remount("ro")
    build.start()
    stopped(build, "Read-only", str(disk.path))
    assert build.seen() == []
    disk.remount("rw")
    resumed(build, reference)
    paid_again(build, 0)


@pytest.mark.slow
def test_the_disk_of_the_database_fills_up(disk, server, reference, tmp_path):
    build = build_with(server, tmp_path / "out", "database-full", database=f"sqlite:///{disk.path}/run.db")
    disk.remount("size=600k")
    build.start()
    stopped(build, "full", str(disk.path))
    assert 0 < len(build.seen()) < len(reference.asked)
    disk.remount(f"size={ROOMY}")
    resumed(build, reference)
    paid_again(build, SLOTS)


@pytest.mark.slow
def test_the_output_folder_is_full_at_the_end(disk, server, reference, tmp_path):
    out = disk.path / "out"
    out.mkdir()
    places = {"store": tmp_path / "store", "database": f"sqlite:///{tmp_path}/run.db"}
    build = build_with(server, out, "output-full", **places)
    build.start()
    assert build.calls(1), build.told()
    ballast(disk.path)
    stopped(build, "No space left")
    assert {one.digest for one in build.seen()} == reference.asked  # it had climbed to the end
    (disk.path / "ballast").unlink()
    resumed(build, reference)
    paid_again(build, 0)


def ballast(folder: Path) -> None:
    """Leave a few hundred kilobytes."""
    free = os.statvfs(folder)
    with (folder / "ballast").open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 300_000)


def until_done(attempt: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not attempt():
        assert time.monotonic() < until, "the disk stays in use"
        time.sleep(0.01)
