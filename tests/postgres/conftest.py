"""One PostgreSQL server for all tests here, and the counting server of the kill tests."""

import pytest

from tests.kill.counting import serve_counting
from tests.postgres.server import run_server


@pytest.fixture(scope="session")
def postgres():
    with run_server() as server:
        yield server


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    with serve_counting(tmp_path_factory.mktemp("models")) as server:
        yield server
