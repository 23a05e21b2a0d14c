"""SIGKILL of the driver while failed samples climb again: whichever way the build goes on, it costs what was in flight, no more."""

import json
import shutil

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import Kill, repeats
from tests.kill.victim import GONE_S, Build, ended, kill


def failed(build: Build) -> int:
    return int(json.loads((build.out / "run.json").read_text())["counts"]["failed"])


@pytest.fixture(scope="module")
def with_failed(server, tmp_path_factory):
    """A finished build, some samples of which failed by answers of no use."""
    build = Build(tmp_path_factory.mktemp("failed") / "out", server, "with-failed")
    server.spoil(build.case)
    build.start()
    assert build.finish() == 0, build.told()
    assert failed(build) >= 3
    return build


def copied(build: Build, case: str) -> Build:
    out = build.out.with_name(case)
    shutil.copytree(build.out, out)
    return Build(out, build.server, case)


@pytest.fixture(scope="module")
def retried(with_failed):
    """The same, tried again without a disturbance."""
    build = copied(with_failed, "retried")
    build.start("--retry-failed")
    assert build.finish() == 0, build.told()
    assert failed(build) == 0
    assert not list(repeats(build.seen(), []))
    return build


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--retry-failed",)], ids=["plain", "again"])
def test_a_kill_while_failed_samples_climb_again(flags, with_failed, retried):
    build, kills = copied(with_failed, f"retry-killed-{len(flags)}"), list[Kill]()
    try:
        build.start("--retry-failed")
        assert build.calls(len(retried.seen()) // 2), build.told()
        (driver,) = build.victims("driver")
        kills.append(kill(driver, build.victims("raylet")))
        assert build.finish() == -9
        assert not (build.out / "run.json").exists()  # it is finished no more
        assert ended(build.pid, GONE_S) == [], build.told()
        build.start(*flags)
        assert build.finish() == 0, build.told()
    finally:
        build.end()
    assert build.digests() == retried.digests(), build.told()
    assert not examine(build.out).problems
    again = list(repeats(build.seen(), kills))
    broken = [one for one in again if one.reason == "broken"]
    assert not broken, "\n".join(one.told(kills) for one in broken)
    assert {one.digest for one in build.seen()} == {one.digest for one in retried.seen()}
    print(
        f"{len(build.seen())} calls for {failed(with_failed)} samples that had failed, {len(again)} of them made again"
    )
