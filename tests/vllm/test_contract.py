"""The vllm backend as a case of the contract of all backends, where vLLM and its tiny model are (`tests/vllm/run.sh`)."""

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, TooLong
from stages.protocols import ImageRequest, Message, Request, ScoreRequest, TextRequest
from tests.backends.cases import Case, Fault
from tests.backends.contract_checks import CHECKS, checks_of
from tests.vllm.judge import LOAD, save_judge

FOLDER = os.environ.get("X2I_VLLM_MODEL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FOLDER or importlib.util.find_spec("vllm") is None, reason="no vllm, or X2I_VLLM_MODEL is unset"
    ),
]
ASKED = (Message("user", "how is it?"),)
QUESTION = TextRequest(ASKED, (), "diagnosis", 1, 1)
LONG = TextRequest((Message("user", "how is it? " * 9000),), (), "diagnosis", 1, 1)
OPTIONS = {"temperature": 1.0, "max_tokens": 900, "load": LOAD}


@pytest.fixture(scope="module", autouse=True)
def judge(tmp_path_factory) -> Path:
    """One folder for all checks: they share its weights, as `loaded` does in a process."""
    PLACES["judge"] = save_judge(Path(FOLDER), tmp_path_factory.mktemp("judge"))
    return PLACES["judge"]


@pytest.fixture(scope="module", autouse=True)
def ray_is_up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


PLACES: dict[str, Path] = {}


def access(**options: Any) -> Access:
    return Access("vllm", "e", None, str(PLACES["judge"]), "1", OPTIONS | options)


@contextmanager
def accessible(_: Path) -> Iterator[Access]:
    yield access()


def requests(_: ImageStore, count: int) -> Sequence[Request]:
    return [
        *(TextRequest(ASKED, (), "diagnosis", seed, 1) for seed in range(count)),
        *(ScoreRequest(ASKED, (), "a red cat", seed, 1) for seed in range(count)),
    ]


def batches(model: Any) -> Sequence[int]:
    return list(model._engine.batch_sizes)


def fault(request: Request, **options: Any) -> Any:
    @contextmanager
    def made(_: Path, store: ImageStore) -> Iterator[Any]:
        yield lambda: backend("vllm").open(access(**options), store, None), request

    return made


@contextmanager
def missing(folder: Path, store: ImageStore) -> Iterator[Any]:
    at = Access("vllm", "e", None, str(folder / "nothing"), "1", OPTIONS)
    yield lambda: backend("vllm").open(at, store, None), QUESTION


CASE = Case(
    accessible=accessible,
    requests=requests,
    other={"temperature": 0.5, "structured": "none"},
    faults={
        "no weights": Fault(missing, EngineDead, r"no config\.json"),
        "too long": Fault(fault(LONG), TooLong, "."),
        "cut short": Fault(fault(QUESTION, max_tokens=3), Malformed, "cut short"),
        "no pictures": Fault(fault(ImageRequest(ASKED, (), 64, 64, "image", 1, 1)), EngineDead, "does not draw"),
    },
    batches=batches,
)


@pytest.mark.parametrize("check", checks_of(CASE, "vllm"))
def test_contract(check, tmp_path):
    CHECKS[check](CASE, tmp_path)
