"""Models over HTTP as a case of the contract: the world behind a server on this machine."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline.backends.contract import Access
from pipeline.backends.openai.spec import Provider
from pipeline.backends.registry import backend
from pipeline.backends.world.server.app import app
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, TooLong, Transient
from stages.protocols import Message, Request, TextRequest
from tests.backends.cases import Case, Fault, Open
from tests.backends.cases.world import requests
from tests.backends.openai.gateway import Answer, Gateway
from tests.serving import serving

ASKED = TextRequest((Message("user", "how is it?"),), (), "evaluation", 1, 0)


@contextmanager
def _accessible(_: Path) -> Iterator[Access]:
    with serving(app(1)) as url:
        yield Access("openai", "p", Provider(base_url=f"{url}/v1"), "world-generator", "1", {})


def _fault(answer: Answer) -> Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]:
    @contextmanager
    def made(_: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        gateway = Gateway()
        gateway.play(answer)
        with serving(gateway.app) as url:
            at = Access("openai", "p", Provider(base_url=f"{url}/v1"), "judge", "1", {})
            yield lambda: backend("openai").open(at, store, None), ASKED

    return made


def _said(error: str, status: int) -> Answer:
    return Answer(json.dumps({"error": {"message": error, "code": error}}).encode(), status)


CASE = Case(
    accessible=_accessible,
    requests=requests,
    other={"temperature": 0.3, "extra": {"steps": 9}},
    faults={
        "out of order": Fault(_fault(_said("down", 503)), Transient, "."),
        "too long": Fault(_fault(_said("context_length_exceeded", 400)), TooLong, "."),
        "no such key": Fault(_fault(_said("invalid_api_key", 401)), EngineDead, "."),
    },
)
