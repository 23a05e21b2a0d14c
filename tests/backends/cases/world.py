"""The world as a case of the contract."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, Refused
from stages.protocols import ImageRequest, Message, Request, ScoreRequest, TextRequest
from tests.backends.cases import Case, Fault, Open
from tests.backends.world.climber import tag

WORDS = tag("instruction", "a large red circle at the top left and two blue stars on a plain mint background")
DRAWN = (Message("user", WORDS + tag("size", "96x64")),)


@contextmanager
def _accessible(_: Path) -> Iterator[Access]:
    yield Access("world", "e", None, "world-generator", "1", {})


def requests(_: ImageStore, count: int) -> Sequence[Request]:
    """Images to draw."""
    return [ImageRequest(DRAWN, (), 96, 64, "image", seed, 0) for seed in range(count)]


def _fault(request: Request) -> Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]:
    @contextmanager
    def made(_: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        at = Access("world", "e", None, "world-analyzer", "1", {})
        yield lambda: backend("world").open(at, store, None), request

    return made


CASE = Case(
    accessible=_accessible,
    requests=requests,
    other={"slip": 0.123},
    faults={
        "no image to judge": Fault(
            _fault(TextRequest((Message("user", WORDS + tag("axes", "instruction")),), (), "evaluation", 1, 0)),
            Refused,
            ".",
        ),
        "an image for an answer": Fault(
            _fault(TextRequest(DRAWN, (), "image", 1, 0)), Malformed, "an image came where text"
        ),
        "no scores": Fault(_fault(ScoreRequest(DRAWN, (), "a cup", 1, 0)), EngineDead, "no log-probabilities"),
    },
)
