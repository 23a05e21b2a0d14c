"""A server that counts, as a process of its own, so that it survives every kill of a build: the world, slowed down, in a log.

In: a folder. Requests to `http://127.0.0.1:PORT/CASE/RUN/v1/...` are answered by the world. Out: `FOLDER/CASE.jsonl`, a line when a
request has come in whole and another when its response has been handed to the network, with times in seconds since 1970.
A request is told by the digest of its path, fields and files; a response made before is given again, since the world's answers
depend on nothing else. The wait before an answer depends on the digest and on how often it was asked, never on chance;
while `FOLDER/CASE.held` is there, nothing is answered; while `FOLDER/CASE.spoilt` is there, a share of what the analyzer is asked
is answered with words of no use.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

from pipeline.backends.world.server.app import app as world

MEAN_S, SPREAD = 0.15, 0.6  # of a log-normal wait
HELD = "held"
SPOILT, SPOILT_SHARE = "spoilt", 0.25
STOP_S = 60


@dataclass
class _Response:
    """What was answered to a digest: the ASGI messages, to be sent again."""

    messages: list[dict[str, Any]]

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])


class Counting:
    """An ASGI application around another: each POST is logged, slowed down, and worked on once."""

    def __init__(self, inner: Any, folder: Path, mean_s: float = MEAN_S) -> None:
        self._inner = inner
        self._folder = folder
        self._mean_s = mean_s
        self._known: dict[str, _Response] = {}
        self._asked: Counter[tuple[str, str]] = Counter()
        self._numbers = iter(range(1 << 62))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request; the first parts of its path say which case it is, and which run of it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        case, run, rest = scope["path"].lstrip("/").split("/", 2)
        inside = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
        if scope["method"] != "POST":
            await self._inner(inside, receive, send)
            return
        began, body = time.time(), await _whole(receive)
        if body is None:
            self._log(case, {"broken": began})  # it was not sent whole: nothing was asked
            return
        said, digest = await _read(inside, body)
        number = next(self._numbers)
        asked = {"digest": digest, "seed": int(said["seed"]), "model": said["model"], "run": int(run), "came": began}
        self._log(case, {"n": number, **asked})
        self._asked[case, digest] += 1
        await asyncio.sleep(self._wait_s(digest, self._asked[case, digest]))
        while (self._folder / f"{case}.{HELD}").exists():
            await asyncio.sleep(0.02)
        spoilt = (self._folder / f"{case}.{SPOILT}").exists() and said["model"] == "world-analyzer"
        if spoilt and int(digest[:8], 16) < SPOILT_SHARE * 2**32:
            response = _no_use(said["model"])
        else:
            response = self._known.get(digest) or await self._worked(digest, inside, body)
        for message in response.messages:
            await send(message)
        self._log(case, {"n": number, "sent": time.time(), "status": response.status})

    async def _worked(self, digest: str, scope: dict[str, Any], body: bytes) -> _Response:
        made: list[dict[str, Any]] = []
        bodies = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(bodies, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            made.append(message)

        await self._inner(scope, receive, send)
        response = _Response(made)
        if response.status < 500:
            self._known[digest] = response
        return response

    def _wait_s(self, digest: str, time_asked: int) -> float:
        chance = random.Random(f"{digest} {time_asked}")
        return self._mean_s * chance.lognormvariate(-(SPREAD**2) / 2, SPREAD)

    def _log(self, case: str, line: dict[str, Any]) -> None:
        with (self._folder / f"{case}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def _no_use(model: str) -> _Response:
    """A completion that holds none of what was asked for."""
    message = {"role": "assistant", "content": "It looks fine to me."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    said = {"id": "spoilt", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}
    headers = [(b"content-type", b"application/json")]
    return _Response(
        [
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": json.dumps(said).encode()},
        ]
    )


async def _whole(receive: Any) -> bytes | None:
    """The body of a request; None when the client went away before it was through."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _read(scope: dict[str, Any], body: bytes) -> tuple[dict[str, Any], str]:
    """The fields of a request, and the digest of its path and of all that it says, in one form whatever its boundaries."""
    headers = Headers(scope=scope)
    if headers["content-type"].startswith("application/json"):
        said = json.loads(body)
        told: Any = said
    else:

        async def stream() -> AsyncGenerator[bytes, None]:
            yield body

        form = await MultiPartParser(headers, stream()).parse()
        pairs = [
            (k, hashlib.sha256(await v.read()).hexdigest() if isinstance(v, UploadFile) else v)
            for k, v in form.multi_items()
        ]
        said, told = dict(pairs), pairs
        await form.close()
    return said, hashlib.sha256(json.dumps([scope["path"], told], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it, from the how-manieth run; times in seconds since 1970. `sent` is None while it has no
    response."""

    digest: str
    seed: int
    model: str
    run: int
    came: float
    sent: float | None
    status: int | None


@dataclass(frozen=True)
class CountingServer:
    """A running server: where cases are reached, and where their logs lie."""

    address: str
    folder: Path

    def url(self, case: str, run: int) -> str:
        """The base URL for one run of this case."""
        return f"{self.address}/{case}/{run}/v1"

    def hold(self, case: str) -> None:
        """Answer nothing to this case until `release`."""
        (self.folder / f"{case}.{HELD}").touch()

    def release(self, case: str) -> None:
        """Answer what waits."""
        (self.folder / f"{case}.{HELD}").unlink(missing_ok=True)

    def spoil(self, case: str) -> None:
        """Answer some of this case with words of no use until `mend`."""
        (self.folder / f"{case}.{SPOILT}").touch()

    def mend(self, case: str) -> None:
        """Answer well again."""
        (self.folder / f"{case}.{SPOILT}").unlink(missing_ok=True)

    def seen(self, case: str) -> list[Seen]:
        """Every request of a case so far, in the order in which they came."""
        path = self.folder / f"{case}.jsonl"
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.split("\n")[:-1]]  # the last may be half written
        ends = {line["n"]: line for line in lines if "sent" in line}
        nothing = {"sent": None, "status": None}
        asked = [{**nothing, **line, **ends.get(line["n"], {})} for line in lines if "came" in line]
        names = [field.name for field in fields(Seen)]
        return sorted((Seen(**{n: one[n] for n in names}) for one in asked), key=lambda seen: seen.came)


@contextmanager
def counting(folder: Path) -> Iterator[CountingServer]:
    """A counting server in a process of its own, while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.counting", folder],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, (folder / "server.err").read_text()
        yield CountingServer(address, folder)
    finally:
        process.terminate()
        process.wait(STOP_S)


def _end_with_the_test() -> None:
    sys.stdin.read()  # it ends when whoever started us does, however that came
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until SIGTERM, or until the test ends; the first line printed is the address."""
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    listening = socket.create_server(("127.0.0.1", 0))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = uvicorn.Config(
        Counting(world(1), Path(sys.argv[1])), log_level="warning", timeout_graceful_shutdown=1, access_log=False
    )
    with listening, suppress(KeyboardInterrupt):
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
