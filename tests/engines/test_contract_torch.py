"""One contract for every backend: those that need torch, over tiny weights that the tests make."""

import pytest

from pipeline.run.session import session
from tests.backends.cases import cases
from tests.backends.contract_checks import CHECKS, checks_of

pytestmark = pytest.mark.slow
HEAVY = {name: case for name, case in cases().items() if case.needs == "torch"}


@pytest.fixture(scope="module", autouse=True)
def ray_is_up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


@pytest.mark.parametrize(("name", "check"), [(n, c) for n, case in HEAVY.items() for c in checks_of(case, n)])
def test_contract(name, check, tmp_path):
    CHECKS[check](HEAVY[name], tmp_path)
