"""A batch as a case of the contract: nobody answers at once, and what a worker writes into its files is a reply, or an error.

`answered` puts a question through the real files of a batch, and whatever a worker is to answer.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.batches.files import FilesPort
from pipeline.journal.parking import dump_request
from pipeline.storage.image_store import ImageStore
from pipeline.storage.letters import Job, Letter
from stages.errors import EngineDead, Malformed, ModelError, Refused, TooLong, Transient
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Message, Request, ScoreRequest, TextReply, TextRequest
from tests.backends.cases import Case, Fault, Open

WORDS = (Message("user", "a red cup on a table"),)
DRAWN = ImageRequest(WORDS, (), 64, 64, "image", 1, 0)
ASKED = TextRequest(WORDS, (), "evaluation", 1, 0, ("instruction",))
AT = Access("batch", "w", None, "a-model", "1", {"cfg": 3.0})


@contextmanager
def _accessible(_: Path) -> Iterator[Access]:
    yield AT


def requests(_: ImageStore, count: int) -> Sequence[Request]:
    """Images to draw."""
    return [ImageRequest(WORDS, (), 64, 64, "image", seed, 0) for seed in range(count)]


@dataclass(frozen=True)
class Answered:
    """A model whose every question goes out by a file of `port`, and is answered there with `parts`."""

    port: FilesPort
    parts: Mapping[str, Any]
    identity: str
    max_output_tokens: int | None = None

    async def ask(self, request: TextRequest) -> Any:
        return await self._answer(request)

    async def draw(self, request: ImageRequest) -> Any:
        return await self._answer(request)

    async def score(self, request: ScoreRequest) -> Any:
        return await self._answer(request)

    async def _answer(self, request: Request) -> TextReply | ImageReply:
        key, job = call_key(self.identity, request), Job("job", self.port.name, "", 1, 0.0)
        plain = dump_request(request)
        letter = Letter(key, self.port.name, "generator", self.identity, AT.model, AT.revision, "{}", plain, None, 0.0)
        line = await self.port.line(job.id, letter)
        await self.port.send(job, [line])
        answers = self.port.folder / "answers" / job.id
        answers.mkdir(parents=True)
        (answers / "worker.jsonl").write_text(json.dumps({"id": json.loads(line)["id"], **self.parts}) + "\n")
        [arrived] = (await self.port.look(job, {key: letter})).arrived
        if isinstance(arrived.outcome, ModelError):
            raise arrived.outcome
        return arrived.outcome


Made = Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]


def _asked_at_once(request: Request) -> Made:
    @contextmanager
    def made(_: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        yield lambda: backend(AT.backend).open(AT, store, None), request

    return made


def answered(request: Request, **parts: Any) -> Made:
    """A fault: `request` is answered with `parts`, as a line of a worker's file has them."""

    @contextmanager
    def made(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        identity = backend(AT.backend).identity(AT.model, AT.revision, AT.options)
        yield lambda: Answered(FilesPort("w", folder / "w", store), parts, identity), request

    return made


def _error(kind: str, words: str) -> Mapping[str, Any]:
    return {"error": {"kind": kind, "message": words}}


CASE = Case(
    accessible=_accessible,
    requests=requests,
    answers_at_once=False,
    other={"cfg": 4.0, "steps": 20},
    faults={
        "asked at once": Fault(_asked_at_once(DRAWN), EngineDead, "its answers come later"),
        "judged at once": Fault(_asked_at_once(ASKED), EngineDead, "its answers come later"),
        "out of memory": Fault(answered(DRAWN, **_error("out_of_memory", "CUDA out of memory")), TooLong, "CUDA"),
        "a request that is too long": Fault(answered(ASKED, **_error("too_long", "9,000 tokens")), TooLong, "9,000"),
        "a lost device": Fault(answered(DRAWN, **_error("dead", "no device")), EngineDead, "no device"),
        "a refusal": Fault(answered(DRAWN, **_error("refused", "I will not")), Refused, "I will not"),
        "words in place of an image": Fault(answered(DRAWN, text="I would rather not"), Refused, "rather not"),
        "an image that is none": Fault(answered(DRAWN, image="requests/job.jsonl"), Malformed, "image"),
        "an image from elsewhere": Fault(answered(DRAWN, image="../../x.png"), Malformed, "outside of the folder"),
        "an image that is not there": Fault(answered(DRAWN, image="answers/job/x.png"), Transient, "is not there"),
        "an empty reply": Fault(answered(ASKED, text=" "), Malformed, "the reply is empty"),
        "half a character": Fault(answered(ASKED, text="\ud83d"), Malformed, "half a character"),
        "any other fault": Fault(answered(DRAWN, **_error("failed", "index out of range")), ModelError, "out of range"),
    },
)
