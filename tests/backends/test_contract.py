"""One contract for every backend: those that need no heavy library.

The others: `tests/engines/test_contract_torch.py`, `tests/vllm/test_contract_vllm.py`.
"""

import pytest

from pipeline.backends.registry import BACKENDS
from pipeline.run.session import session
from tests.backends.cases import cases
from tests.backends.contract_checks import CHECKS, checks_of

CASES = cases()
LIGHT = {name: case for name, case in CASES.items() if not case.needs}


@pytest.fixture(scope="module", autouse=True)
def ray_is_up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


def test_every_backend_is_a_case():
    assert set(BACKENDS) == set(CASES)


@pytest.mark.parametrize(("name", "check"), [(n, c) for n, case in LIGHT.items() for c in checks_of(case, n)])
def test_contract(name, check, tmp_path):
    CHECKS[check](LIGHT[name], tmp_path)
