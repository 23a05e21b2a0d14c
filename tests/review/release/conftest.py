"""Builds made once, and copies with a review for each test."""

import pytest

from tests.output.conftest import Built, built
from tests.review.release.scenes import Reviewed, copy_of


@pytest.fixture(scope="session")
def build(tmp_path_factory) -> Built:
    """Two of everything, in several shards of several row groups."""
    output = {"image": {"size": 32}, "row_group_bytes": 30_000, "shard_bytes": 90_000, "licence": "cc-by-4.0"}
    return built(tmp_path_factory.mktemp("release") / "built", 2, output=output)


@pytest.fixture
def reviewed(build, tmp_path) -> Reviewed:
    """A copy of the build, whose review has begun and holds no verdict."""
    return copy_of(build.out, tmp_path / "build")
