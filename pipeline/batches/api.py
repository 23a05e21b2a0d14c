"""A batch as a provider's batch API takes it: a file of requests is uploaded, and the answers are fetched from files in the end.

In: letters. Out: the same bodies as those of direct calls (`pipeline.backends.openai`), and answers read as theirs. A batch has the
name of its job, by which it is found again after a kill. What is not answered when a batch ends is sent again, by the office.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openai import AsyncOpenAI
from openai.types import Batch, BatchError

from pipeline.backends.openai import chat, images
from pipeline.backends.openai.answers import usage_of
from pipeline.backends.openai.bodies import at_most
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.failures import classified, error_in_answer, server_error
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.spec import Provider
from pipeline.batches.port import Arrived, JobLook, Outcome
from pipeline.journal.parking import load_request
from pipeline.storage.image_store import ImageStore
from pipeline.storage.letters import Job, Letter
from stages.errors import ModelError
from stages.protocols import ImageRequest

ROOT = "/v1"
_MARK = "x2i_job"
_ENDED = ("completed", "expired", "cancelled", "failed")
_UNANSWERED = ("batch_expired", "batch_cancelled")
_FULL = "token_limit_exceeded"  # of what may wait at a time: there is room again later
_AT_ONCE = 16
_MOST_BYTES = 1 << 40  # a file of answers holds thousands of images
_A_DAY_S = 86_400


class ApiPort:
    """The batch API of a provider; images are read from and kept in `store`."""

    def __init__(self, name: str, provider: Provider, store: ImageStore, out: Path) -> None:
        self._wire = Wire(name, provider)
        self._store = store
        self._out = out

    @property
    def place(self) -> str:
        """The provider's name."""
        return f"the batch API of {self._wire.name}"

    def endpoint(self, letter: Letter) -> str:
        """The path that the request is for: a batch has one."""
        request = load_request(letter.request)
        if not isinstance(request, ImageRequest) or _options(letter).images == "chat":
            return chat.PATH
        return images.EDITS if request.images else images.GENERATIONS

    async def line(self, job: str, letter: Letter) -> bytes:
        """See `Port.line`. An image to be edited stands in the body, as the API takes it in JSON."""
        request, options = load_request(letter.request), _options(letter)
        if not isinstance(request, ImageRequest):
            path, body = chat.PATH, await chat.body_of(letter.model, options, self._store, request)
        else:
            path, body = await images.body_of(self._wire, letter.model, options, self._store, request)
            if path == images.EDITS:
                uris = await asyncio.to_thread(chat.data_uris, self._store, request.images)
                body["images"] = [{"image_url": uri} for uri in uris]
        request_line = {"custom_id": letter.key, "method": "POST", "url": ROOT + path, "body": body}
        return json.dumps(request_line, ensure_ascii=True).encode()

    async def send(self, job: Job, lines: Sequence[bytes]) -> str | None:
        """See `Port.send`. A file that was uploaded before a kill costs nothing, and is uploaded again."""
        data = b"".join(line + b"\n" for line in lines)

        async def call(client: AsyncOpenAI) -> str:
            file = await client.files.create(file=(f"{job.id}.jsonl", data), purpose="batch")
            endpoint: Any = ROOT + job.endpoint
            made = await client.batches.create(
                input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={_MARK: job.id}
            )
            return made.id

        return await self._wire.talk(call)

    async def find(self, job: Job) -> str | None:
        """See `Port.find`: by the job's name, among the batches made since."""

        async def call(client: AsyncOpenAI) -> str | None:
            async for made in client.batches.list(limit=100):
                if (made.metadata or {}).get(_MARK) == job.id:
                    return made.id
                if made.created_at < job.created - _A_DAY_S:
                    return None
            return None

        return await self._wire.talk(call)

    async def look(self, job: Job, letters: Mapping[str, Letter]) -> JobLook:
        """See `Port.look`."""
        batch = await self._wire.talk(lambda client: client.batches.retrieve(job.remote or ""))
        if batch.status not in _ENDED:
            counts = batch.request_counts
            return JobLook((), False, batch.status + (f" {counts.completed}/{counts.total}" if counts else ""))
        arrived: dict[str, Arrived] = {}
        for file in (batch.output_file_id, batch.error_file_id):
            if file is not None:
                for one in await self._fetch(file, job, letters):
                    arrived.setdefault(one.key, one)
        full = batch.status == "failed" and any(error.code == _FULL for error in _errors(batch))
        return JobLook(list(arrived.values()), True, batch.status, None if full else self._problem(batch), full)

    def finish(self, job: Job) -> None:
        """Nothing: the provider keeps its files for as long as it likes."""

    def _problem(self, batch: Batch) -> str | None:
        """Why a batch was turned down; None where it was not."""
        if batch.status != "failed":
            return None
        words = "; ".join(dict.fromkeys(error.message or error.code or "no reason given" for error in _errors(batch)))
        return f"the batch was turned down ({self._wire.quoted(words or 'no reason given')})"

    async def _fetch(self, file: str, job: Job, letters: Mapping[str, Letter]) -> list[Arrived]:
        with TemporaryDirectory(dir=self._out, prefix=".aside-") as folder:
            path = Path(folder) / "answers.jsonl"

            async def call(client: AsyncOpenAI) -> None:
                with at_most(_MOST_BYTES):
                    async with client.files.with_streaming_response.content(file) as response:
                        await response.stream_to_file(path)

            await self._wire.talk(call)
            arrived: list[Arrived] = []
            group: list[tuple[Letter, dict[str, Any]]] = []
            for line in _lines(path):
                letter = letters.get(str(line.get("custom_id")))
                if letter is not None:
                    group.append((letter, line))
                if len(group) == _AT_ONCE:
                    arrived += await self._read_all(job, group)
                    group = []
            return [*arrived, *await self._read_all(job, group)]

    async def _read_all(self, job: Job, group: Sequence[tuple[Letter, dict[str, Any]]]) -> list[Arrived]:
        read = await asyncio.gather(*(self._read(job, letter, line) for letter, line in group))
        return [one for one in read if one is not None]

    async def _read(self, job: Job, letter: Letter, line: Mapping[str, Any]) -> Arrived | None:
        """What a line says of a letter; None where nobody answered it."""
        error, response = line.get("error"), line.get("response")
        if isinstance(error, dict) and error.get("code") in _UNANSWERED:
            return None
        try:
            return Arrived(letter.key, await self._outcome(job, letter, error, response))
        except ModelError as problem:
            return Arrived(letter.key, problem)

    async def _outcome(self, job: Job, letter: Letter, error: Any, response: Any) -> Outcome:
        body = response.get("body") if isinstance(response, dict) else None
        status = response.get("status_code") if isinstance(response, dict) else None
        if isinstance(status, int) and status >= 400:
            raise classified(server_error(status, {}, body), self._wire, job.endpoint != chat.PATH)
        if not isinstance(body, dict):
            raise (
                error_in_answer(error, self._wire) if error else self._wire.broken("a line of the batch has no answer")
            )
        if body.get("error"):
            problem = error_in_answer(body["error"], self._wire)
            problem.usage = usage_of(body)
            raise problem
        options, request = _options(letter), load_request(letter.request)
        if isinstance(request, ImageRequest):
            return await images.reply_in(self._wire, options, self._store, job.endpoint, body)
        return await chat.reply_in(self._wire, options, self._store, body)


def _errors(batch: Batch) -> list[BatchError]:
    return (batch.errors.data if batch.errors else None) or []


def _options(letter: Letter) -> Options:
    return Options.checked(json.loads(letter.options))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            try:
                plain = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(plain, dict):
                yield plain
