"""One small build, made once, for all tests that only read."""

from pathlib import Path

import pytest

from tests.views.made_build import Build


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Build(tmp_path_factory.mktemp("views") / "demo", side=48).fill(120).write()
