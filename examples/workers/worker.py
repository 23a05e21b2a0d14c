"""What every worker shares: it takes requests from the folder of a batch, and writes their answers there. Standard library only.

In: the folder, and a function that answers a few requests at once. Out: answers, one line each, synced before the next request is
begun; kill a worker at any moment and start it again, and nothing is answered twice. Several workers may share a folder on one
machine, or on a file system with locks (flock); elsewhere give each its own share with --shard. pipeline/batches/README.md says
what the files hold.
"""

import argparse
import fcntl
import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "x2i-batch/1"
MOST_FAILURES = 3
"""Unforeseen errors in a row after which the device, not the requests, is to blame, and the worker ends."""


@dataclass(frozen=True)
class Asked:
    """One request. `images` are files; `width` and `height` are those of the image to make; `json_schema` is a text's shape."""

    id: str
    model: str
    revision: str
    options: dict[str, Any]
    kind: str
    schema: str
    messages: list[dict[str, str]]
    images: list[Path]
    seed: int
    width: int = 0
    height: int = 0
    json_schema: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The words of the last user message."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")


@dataclass(frozen=True)
class Answered:
    """What came of a request: a text, the bytes of an image file, or both. `usage`: input_tokens, output_tokens."""

    text: str | None = None
    image: bytes | None = None
    usage: dict[str, int] = field(default_factory=dict)


class Declined(Exception):
    """The model will not do it; its words."""


class DoesNotFit(Exception):
    """The request is longer than the model takes."""


Answer = Callable[[Sequence[Asked]], Sequence[Answered]]


class RequestFolder:
    """A worker's place in the folder of a batch. `shard`: (number from 0, of how many)."""

    def __init__(self, folder: Path, shard: tuple[int, int] = (0, 1)) -> None:
        self.name = f"{os.uname().nodename}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._shard = shard
        self._read: dict[Path, int] = {}  # how far each file of answers has been read
        self._files: set[str] = set()
        self._open: dict[str, Asked] = {}
        for part in ("claims", "workers", "answers", "requests"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._alive = (folder / "workers" / f"{self.name}.lock").open("w")
        fcntl.flock(self._alive, fcntl.LOCK_EX)  # the kernel lets go of it when this process ends, in any way

    def take(self, most: int) -> list[Asked]:
        """At most so many requests that nobody has answered and no living worker has in hand; none when there are none left."""
        with self._locked():
            self._read_requests()
            for name in self._answered():
                self._open.pop(name, None)
            taken: list[Asked] = []
            for name, asked in self._open.items():
                if len(taken) == most or (taken and asked.kind != taken[0].kind):
                    break
                if self._is_free(name):
                    (self._folder / "claims" / name).write_text(self.name)
                    taken.append(asked)
            return taken

    def answer(self, asked: Asked, seconds: float, **answer: Any) -> None:
        """Write an answer down, for good: an image first, then the line that names it."""
        job = asked.id.partition("-")[0]
        folder = self._folder / "answers" / job
        folder.mkdir(exist_ok=True)
        image = answer.pop("image", None)
        if image is not None:
            path = folder / f"{asked.id}.image"
            _write(path, image)
            answer["image"] = str(path.relative_to(self._folder))
        line = json.dumps({"id": asked.id, **answer, "seconds": round(seconds, 3)}, ensure_ascii=True)
        with (folder / f"{self.name}.jsonl").open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        (self._folder / "claims" / asked.id).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / "claims.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read_requests(self) -> None:
        for file in sorted((self._folder / "requests").glob("*.jsonl")):
            if file.name in self._files:
                continue
            self._files.add(file.name)
            for line in file.read_text("utf-8").splitlines():
                asked = self._asked(json.loads(line))
                if int(hashlib.sha256(asked.id.encode()).hexdigest(), 16) % self._shard[1] == self._shard[0]:
                    self._open[asked.id] = asked

    def _asked(self, plain: dict[str, Any]) -> Asked:
        if plain.pop("format") != FORMAT:
            sys.exit(
                f"{self._folder}: requests of another format than {FORMAT}; take the worker of the x2i that wrote them"
            )
        images = [self._folder / path for path in plain.pop("images")]
        known = {name: value for name, value in plain.items() if name in Asked.__dataclass_fields__}
        return Asked(images=images, **known)

    def _answered(self) -> Iterator[str]:
        for file in (self._folder / "answers").glob("*/*.jsonl"):
            with file.open("rb") as lines:
                lines.seek(self._read.get(file, 0))
                for line in lines:
                    if not line.endswith(b"\n"):  # of a worker that was killed: no answer
                        break
                    self._read[file] = self._read.get(file, 0) + len(line)
                    yield str(json.loads(line)["id"])

    def _is_free(self, name: str) -> bool:
        claim = self._folder / "claims" / name
        owner = claim.read_text() if claim.exists() else ""
        return not owner or (owner != self.name and not self._lives(owner))

    def _lives(self, owner: str) -> bool:
        try:
            with (self._folder / "workers" / f"{owner}.lock").open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def work(requests: RequestFolder, answer: Answer, at_once: int) -> int:
    """Answer what there is; returns how many requests were. An error of one request is its answer."""
    count, in_doubt = 0, list[tuple[Asked, float, str]]()
    while taken := requests.take(at_once):
        for asked, seconds, outcome in _outcomes(taken, answer):
            count += 1
            if isinstance(outcome, Answered):
                _give(requests, in_doubt)
                parts = {"text": outcome.text, "image": outcome.image, "usage": outcome.usage or None}
                requests.answer(asked, seconds, **{name: value for name, value in parts.items() if value is not None})
            elif (kind := _kind(outcome)) != "failed":
                requests.answer(asked, seconds, error={"kind": kind, "message": str(outcome)[:2000]})
            else:
                in_doubt.append((asked, seconds, f"{type(outcome).__name__}: {outcome}"[:2000]))
                print(f"{asked.id}: {in_doubt[-1][2]}", file=sys.stderr, flush=True)
                if len(in_doubt) == MOST_FAILURES:
                    sys.exit(
                        f"{MOST_FAILURES} requests failed in a row; none of them is answered: mend the cause, start again"
                    )
    _give(requests, in_doubt)
    return count


def main(load: Callable[[argparse.Namespace], Answer], parser: argparse.ArgumentParser) -> None:
    """The command line of a worker: `load` makes the function that answers, from the arguments."""
    parser.add_argument("folder", type=Path, help="the folder of the batch")
    parser.add_argument("--shard", default="1/1", metavar="K/N", help="answer only the K-th of N shares")
    parser.add_argument("--at-once", type=int, default=1, help="requests answered at once")
    parser.add_argument(
        "--watch", type=float, default=0.0, metavar="S", help="look for new requests every S seconds; 0: end"
    )
    arguments = parser.parse_args()
    number, _, of = arguments.shard.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        parser.error("--shard: write K/N, with K from 1 to N")
    requests = RequestFolder(arguments.folder.resolve(), (int(number) - 1, int(of)))
    answer = load(arguments)
    while True:
        count = work(requests, answer, arguments.at_once)
        print(f"{count} requests answered", flush=True)
        if not arguments.watch:
            return
        time.sleep(arguments.watch)


def _outcomes(taken: Sequence[Asked], answer: Answer) -> Iterator[tuple[Asked, float, Answered | Exception]]:
    """What comes of requests: together, and where that fails one by one."""
    began = time.monotonic()
    # in a thread, whose future holds whatever a model's library raises: it is the answer to this request
    with ThreadPoolExecutor(1) as thread:
        answered = thread.submit(lambda: list(answer(taken)))
        error = answered.exception()
    seconds = time.monotonic() - began
    if error is None:
        yield from (
            (asked, seconds / len(taken), outcome) for asked, outcome in zip(taken, answered.result(), strict=True)
        )
    elif not isinstance(error, Exception):
        raise error
    elif len(taken) == 1:
        yield taken[0], seconds, error
    else:
        for asked in taken:
            yield from _outcomes([asked], answer)


def _give(requests: RequestFolder, in_doubt: list[tuple[Asked, float, str]]) -> None:
    """Answer requests that failed for reasons of their own: others were answered since."""
    for asked, seconds, words in in_doubt:
        requests.answer(asked, seconds, error={"kind": "failed", "message": words})
    in_doubt.clear()


def _kind(error: Exception) -> str:
    if isinstance(error, Declined):
        return "refused"
    if isinstance(error, DoesNotFit):
        return "too_long"
    # torch.cuda.OutOfMemoryError by its name: the worker of another library does not import torch
    return "out_of_memory" if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ else "failed"


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
