"""One small build, made once, for all tests that only read."""

from pathlib import Path

import pytest

from tests.views.made_build import Build


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Build(tmp_path_factory.mktemp("views") / "demo", side=48, contrary=0.1)
    return made.fill(120).write(ledger=True)
