"""Precomputed images as a case of the contract: they came with the samples, and nobody makes another one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead
from stages.protocols import ImageRequest, Message, Request, ScoreRequest, TextRequest
from tests.backends.cases import Case, Fault, Open

WORDS = (Message("user", "a red cup on a table"),)
AT = Access("precomputed", "precomputed", None, "emu3.5", "34b", {"cfg": 3.0})


@contextmanager
def _accessible(_: Path) -> Iterator[Access]:
    yield AT


def requests(_: ImageStore, count: int) -> Sequence[Request]:
    """Images to draw."""
    return [ImageRequest(WORDS, (), 64, 64, "image", seed, 0) for seed in range(count)]


def _asked(request: Request) -> Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]:
    @contextmanager
    def made(_: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        yield lambda: backend(AT.backend).open(AT, store, None), request

    return made


NO_OTHER = "no further one can be made"

CASE = Case(
    accessible=_accessible,
    requests=requests,
    answers_at_once=False,
    other={"cfg": 4.0, "steps": 20},
    faults={
        "another image": Fault(_asked(ImageRequest(WORDS, (), 64, 64, "image", 1, 0)), EngineDead, NO_OTHER),
        "a question": Fault(_asked(TextRequest(WORDS, (), "evaluation", 1, 0)), EngineDead, NO_OTHER),
        "a score": Fault(_asked(ScoreRequest(WORDS, (), "a cup", 1, 0)), EngineDead, NO_OTHER),
    },
)
