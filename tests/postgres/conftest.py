"""One PostgreSQL server for all tests here, and the counting server of the kill tests."""

import pytest

from tests.kill.counting import counting
from tests.postgres.server import running


@pytest.fixture(scope="session")
def postgres():
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    with counting(tmp_path_factory.mktemp("models")) as server:
        yield server
