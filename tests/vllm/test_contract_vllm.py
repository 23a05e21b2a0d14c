"""One contract for every backend: vLLM's offline engine, over the tiny Qwen3-VL of X2I_VLLM_MODEL."""

import importlib.util
import os

import pytest

from pipeline.run.session import session
from tests.backends.cases.vllm import CASE
from tests.backends.contract_checks import CHECKS, checks_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("X2I_VLLM_MODEL") or importlib.util.find_spec("vllm") is None,
        reason="no vllm, or X2I_VLLM_MODEL is unset",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def ray_is_up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


@pytest.mark.parametrize("check", checks_of(CASE, "vllm"))
def test_contract(check, tmp_path):
    CHECKS[check](CASE, tmp_path)
