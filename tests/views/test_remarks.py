"""The remarks: what decides is said, what chance explains is not."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.views.remarks import remarks
from pipeline.views.tables.reading import read
from stages.trajectory import Trajectory
from tests.views.made_build import Build


def told(build: Build, **run: Any) -> list[str]:
    return [r.words for r in remarks(read(build.write(**run))) if r.grave]


@pytest.mark.parametrize(("worse", "said"), [(3, False), (6, True)])
def test_a_harmful_round_is_named_only_beyond_chance(tmp_path: Path, worse: int, said: bool) -> None:
    """A sign test of 3 to 0 may be chance (p = 0.125), 6 to 0 is not (p = 0.016)."""
    build = Build(tmp_path, side=16)
    for n in range(worse):
        t = Trajectory(build.sample(), n)
        t = build.shot(t.enter("direct"), 1, good=True).enter("reflect 1")
        t = build.shot(t.add(build.thought(t, 1)), 2, good=False)
        build.add(t.discard("rendering_limit", "no"), "discarded")
    assert any("Reflection 1 harms instruction" in words for words in told(build)) == said


def test_a_quota_that_is_not_filled_is_named(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    assert told(build, quotas={"direct": 1}) == []
    assert told(build, quotas={"direct": 3}) == ["The quota of direct is not filled: 1 of 3."]


def test_a_judge_that_contradicts_itself_is_named(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16, contrary=1.0)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    assert any("contradicts itself" in words for words in told(build))


def test_many_failures_are_grave(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(Trajectory(build.sample(), 0).fail("input", "truncated"), "failed")
    assert any("lost, most often by input (1)" in words for words in told(build))
