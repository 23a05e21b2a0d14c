"""SIGKILL of the driver while failed samples climb again: however the build goes on, only the calls in flight are paid again."""

import json
import shutil

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import Kill, find_repeats
from tests.kill.victim import GONE_S, Build, kill, wait_for_end


def count_failed(build: Build) -> int:
    return int(json.loads((build.out / "run.json").read_text())["counts"]["failed"])


@pytest.fixture(scope="module")
def with_failed(server, tmp_path_factory):
    """A finished build in which some samples failed because answers were of no use."""
    build = Build(tmp_path_factory.mktemp("failed") / "out", server, "with-failed")
    server.spoil(build.case)
    build.start()
    assert build.finish() == 0, build.report()
    assert count_failed(build) >= 3
    return build


def copy_build(build: Build, case: str) -> Build:
    out = build.out.with_name(case)
    shutil.copytree(build.out, out)
    return Build(out, build.server, case)


@pytest.fixture(scope="module")
def retried(with_failed):
    """The same build after its failed samples climbed again, without a kill."""
    build = copy_build(with_failed, "retried")
    build.start("--retry-failed")
    assert build.finish() == 0, build.report()
    assert count_failed(build) == 0
    assert not list(find_repeats(build.requests(), []))
    return build


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--retry-failed",)], ids=["plain", "again"])
def test_a_kill_while_failed_samples_climb_again(flags, with_failed, retried):
    build, kills = copy_build(with_failed, f"retry-killed-{len(flags)}"), list[Kill]()
    try:
        build.start("--retry-failed")
        assert build.wait_for_calls(len(retried.requests()) // 2), build.report()
        (driver,) = build.victims("driver")
        kills.append(kill(driver, build.victims("raylet")))
        assert build.finish() == -9
        assert not (build.out / "run.json").exists()  # it does not count as finished any more
        assert wait_for_end(build.pid, GONE_S) == [], build.report()
        build.start(*flags)
        assert build.finish() == 0, build.report()
    finally:
        build.end()
    assert build.digests() == retried.digests(), build.report()
    assert not examine(build.out).problems
    repeated = list(find_repeats(build.requests(), kills))
    broken = [one for one in repeated if one.reason == "broken"]
    assert not broken, "\n".join(one.describe(kills) for one in broken)
    assert {one.digest for one in build.requests()} == {one.digest for one in retried.requests()}
    print(
        f"{len(build.requests())} calls for {count_failed(with_failed)} samples that had failed, {len(repeated)} of them made again"
    )
