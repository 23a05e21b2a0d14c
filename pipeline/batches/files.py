"""A batch as files: a folder that workers read requests from and write answers to (README.md beside this file says how).

In: letters. Out: requests/JOB.jsonl and the images they name; the answers in answers/JOB/*.jsonl, checked like those of any model.
Files are written aside and renamed. Answers may still grow: a last line without an end is left for the next look.
"""

import asyncio
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.backends.openai.answers import charged
from pipeline.backends.openai.chat import LONGEST, sent
from pipeline.backends.openai.pictures import MOST_PIXELS
from pipeline.backends.openai.schemas import schema
from pipeline.batches.port import Arrived, JobLook, Outcome
from pipeline.errors import name_in_errors
from pipeline.journal.parking import load_request
from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import admit
from pipeline.storage.image_store import ImageStore
from pipeline.storage.letters import Job, Letter
from stages.errors import EngineDead, Malformed, ModelError, Refused, TooLong, Transient
from stages.protocols import ImageReply, ImageRequest, Request, TextReply, TextRequest, Usage
from stages.records import ImageRef

FORMAT = "x2i-batch/1"
MOST_BYTES = 64 << 20
_ERRORS: dict[str, type[ModelError]] = {
    "refused": Refused,
    "too_long": TooLong,
    "out_of_memory": TooLong,
    "transient": Transient,
    "dead": EngineDead,
}


@dataclass(frozen=True)
class FilesPort:
    """The batch called `name` in `folder`; images are read from and kept in `store`."""

    name: str
    folder: Path
    store: ImageStore

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def endpoint(self, letter: Letter) -> str:
        """None: a worker takes the requests that are meant for its model."""
        return ""

    async def line(self, job: str, letter: Letter) -> bytes:
        """See `Port.line`. The images are written before the line is returned."""
        request = load_request(letter.request)
        images = [await asyncio.to_thread(self._lay_out, image) for image in request.images]
        plain = {
            "format": FORMAT,
            "id": f"{job}-{letter.key}",
            "model": letter.model,
            "revision": letter.revision,
            "options": json.loads(letter.options),
            "kind": "image" if isinstance(request, ImageRequest) else "text",
            "schema": request.schema,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "images": images,
            "seed": request.seed,
            **_own(request),
        }
        return json.dumps(plain, ensure_ascii=True).encode()

    async def send(self, job: Job, lines: Sequence[bytes]) -> str | None:
        """See `Port.send`."""
        await asyncio.to_thread(_write, self._requests(job), b"".join(line + b"\n" for line in lines))
        return None

    async def find(self, job: Job) -> str | None:
        """None: a file may be written again."""
        return None

    async def look(self, job: Job, letters: Mapping[str, Letter]) -> JobLook:
        """See `Port.look`."""
        return await asyncio.to_thread(self._look, job, letters)

    def finish(self, job: Job) -> None:
        """Put the requests away, so that no worker reads them again."""
        if self._requests(job).exists():
            (self.folder / "done").mkdir(exist_ok=True)
            os.replace(self._requests(job), self.folder / "done" / self._requests(job).name)

    def _requests(self, job: Job) -> Path:
        return self.folder / "requests" / f"{job.id}.jsonl"

    def _lay_out(self, image: ImageRef) -> str:
        kind, data = sent(self.store, image)
        path = f"images/{image.sha256[:2]}/{image.sha256}.{kind.partition('/')[2]}"
        if not (self.folder / path).exists():
            _write(self.folder / path, data)
        return path

    def _look(self, job: Job, letters: Mapping[str, Letter]) -> JobLook:
        arrived: dict[str, Arrived] = {}
        for file in sorted((self.folder / "answers" / job.id).glob("*.jsonl")):
            for answer in _lines(file):
                key = str(answer.get("id")).removeprefix(f"{job.id}-")
                if key in letters and key not in arrived:
                    arrived[key] = self._read(key, load_request(letters[key].request), answer)
        return JobLook(
            list(arrived.values()),
            len(arrived) == len(letters),
            f"{job.requests - len(letters) + len(arrived)} answered",
        )

    def _read(self, key: str, request: Request, answer: Mapping[str, Any]) -> Arrived:
        try:
            with charged(used := _usage(answer.get("usage"))):
                outcome: Outcome = self._outcome(request, answer, used)
        except ModelError as error:
            outcome = error
        seconds = answer.get("seconds")
        return Arrived(key, outcome, float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else 0.0)

    def _outcome(self, request: Request, answer: Mapping[str, Any], used: Usage | None) -> Outcome:
        if answer.get("error") is not None:
            raise _error(answer["error"])
        text = answer.get("text")
        if not isinstance(request, ImageRequest):
            if not isinstance(text, str) or not text.strip():
                raise Malformed("", "the reply is empty")
            return TextReply(_checked(text), used)
        if not isinstance(answer.get("image"), str):
            raise (
                Refused(_checked(text))
                if isinstance(text, str) and text.strip()
                else Malformed("", "there is no image")
            )
        words = _checked(text) if isinstance(text, str) and text.strip() else None
        return ImageReply(self._keep(answer["image"]), words, used)

    def _keep(self, path: str) -> ImageRef:
        """The image at a path below the folder, in the store."""
        file = (self.folder / path).resolve()
        if not file.is_relative_to(self.folder.resolve()):
            raise Malformed("", f"the image {path[:200]!r} lies outside of the folder")
        try:
            if file.stat().st_size > MOST_BYTES:
                raise Malformed("", f"the image has more than {MOST_BYTES >> 20} MiB")
            return self.store.keep(admit(file.read_bytes(), MOST_PIXELS))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise Transient(f"{self.name}: the image {path[:200]} of an answer is not there") from None
        except BadRow as error:
            raise Malformed("", error.problem) from None


def _own(request: Request) -> dict[str, Any]:
    """What only requests of one kind have."""
    if isinstance(request, ImageRequest):
        return {"width": request.width, "height": request.height}
    if isinstance(request, TextRequest):
        try:
            return {"json_schema": schema(request)}
        except ValueError:  # a kind of a rung of one's own
            return {"json_schema": None}
    return {}


def _error(error: Any) -> ModelError:
    plain = error if isinstance(error, dict) else {"message": error}
    words = _checked(str(plain.get("message") or "no reason given"))[:2000]
    kind = str(plain.get("kind"))
    if kind == "malformed":
        return Malformed("", words)
    return _ERRORS.get(kind, ModelError)(words)


def _checked(text: str) -> str:
    if len(text) > LONGEST:
        raise Malformed(text[:2000], f"the reply has {len(text):,} characters")
    if any("\ud800" <= c <= "\udfff" for c in text):
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raise Malformed(whole, "the reply holds half a character (a lone surrogate)")
    return text


def _usage(given: Any) -> Usage | None:
    if not isinstance(given, dict):
        return None
    counts = {name: given.get(name) for name in ("input_tokens", "output_tokens")}
    whole = {n: v if type(v) is int and 0 <= v < 2**31 else None for n, v in counts.items()}
    usd = given.get("usd")
    dollars = float(usd) if isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < 1e6 else None
    return Usage(whole["input_tokens"], whole["output_tokens"], dollars)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file that hold an object."""
    for line in file.read_bytes().split(b"\n")[:-1]:
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError):  # what a worker wrote that was killed, or a disk that was full
            continue
        if isinstance(plain, dict):
            yield plain


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with name_in_errors(path), aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
