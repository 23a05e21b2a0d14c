"""A server that logs each request to the world and slows it down. It is a process of its own: it survives the kills of a build.

In: a folder. Requests to `http://127.0.0.1:PORT/CASE/RUN/v1/...` are answered by the world. Out: `FOLDER/CASE.jsonl`, a line when a
request has come in whole and another when its response has been handed to the network, with times in seconds since 1970.
A request is identified by the digest of its path, fields and files; its response is made once and sent again, since the
world's answers depend on nothing else. The wait before an answer depends on the digest and on the number of the attempt, never
on chance. While `FOLDER/CASE.held` exists, nothing is answered; while `FOLDER/CASE.spoilt` exists, a share of the analyzer's
requests is answered with words of no use.
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
    """The response to a digest: its ASGI messages, to be sent again."""

    messages: list[dict[str, Any]]

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])


class Counting:
    """An ASGI application around another: each POST is logged and slowed down, and its response is made once."""

    def __init__(self, inner: Any, folder: Path, mean_s: float = MEAN_S) -> None:
        self._inner = inner
        self._folder = folder
        self._mean_s = mean_s
        self._responses: dict[str, _Response] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._numbers = iter(range(1 << 62))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request; the first parts of its path name the case and the number of its run."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        case, run, rest = scope["path"].lstrip("/").split("/", 2)
        inside = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
        if scope["method"] != "POST":
            await self._inner(inside, receive, send)
            return
        began, body = time.time(), await _read_body(receive)
        if body is None:
            self._log(case, {"broken": began})  # only a part of the request arrived
            return
        parameters, digest = await _read_request(inside, body)
        number = next(self._numbers)
        model = parameters["model"]
        entry = {"digest": digest, "seed": int(parameters["seed"]), "model": model, "run": int(run), "came": began}
        self._log(case, {"n": number, **entry})
        self._attempts[case, digest] += 1
        await asyncio.sleep(self._wait_s(digest, self._attempts[case, digest]))
        while (self._folder / f"{case}.{HELD}").exists():
            await asyncio.sleep(0.02)
        spoilt = (self._folder / f"{case}.{SPOILT}").exists() and model == "world-analyzer"
        if spoilt and int(digest[:8], 16) < SPOILT_SHARE * 2**32:
            response = _make_useless(model)
        else:
            response = self._responses.get(digest) or await self._respond(digest, inside, body)
        for message in response.messages:
            await send(message)
        self._log(case, {"n": number, "sent": time.time(), "status": response.status})

    async def _respond(self, digest: str, scope: dict[str, Any], body: bytes) -> _Response:
        made: list[dict[str, Any]] = []
        bodies = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(bodies, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            made.append(message)

        await self._inner(scope, receive, send)
        response = _Response(made)
        if response.status < 500:
            self._responses[digest] = response
        return response

    def _wait_s(self, digest: str, attempt: int) -> float:
        chance = random.Random(f"{digest} {attempt}")
        return self._mean_s * chance.lognormvariate(-(SPREAD**2) / 2, SPREAD)

    def _log(self, case: str, line: dict[str, Any]) -> None:
        with (self._folder / f"{case}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def _make_useless(model: str) -> _Response:
    """A completion that holds nothing of what the schema requires."""
    message = {"role": "assistant", "content": "It looks fine to me."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    completion = {"id": "spoilt", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}
    headers = [(b"content-type", b"application/json")]
    return _Response(
        [
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": json.dumps(completion).encode()},
        ]
    )


async def _read_body(receive: Any) -> bytes | None:
    """The body of a request; None when the client went away before the end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _read_request(scope: dict[str, Any], body: bytes) -> tuple[dict[str, Any], str]:
    """The fields of a request, and the digest of its path and content, which does not depend on multipart boundaries."""
    headers = Headers(scope=scope)
    if headers["content-type"].startswith("application/json"):
        parameters = json.loads(body)
        content: Any = parameters
    else:

        async def stream() -> AsyncGenerator[bytes, None]:
            yield body

        form = await MultiPartParser(headers, stream()).parse()
        pairs = [
            (k, hashlib.sha256(await v.read()).hexdigest() if isinstance(v, UploadFile) else v)
            for k, v in form.multi_items()
        ]
        parameters, content = dict(pairs), pairs
        await form.close()
    return parameters, hashlib.sha256(json.dumps([scope["path"], content], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class SeenRequest:
    """One request as the server saw it. `run`: the number of the run that sent it. `came`, `sent`: when it arrived and when its
    response was sent, in seconds since 1970; `sent` is None while it has no response.
    """

    digest: str
    seed: int
    model: str
    run: int
    came: float
    sent: float | None
    status: int | None


@dataclass(frozen=True)
class CountingServer:
    """A running server: its address, and the folder of its logs."""

    address: str
    folder: Path

    def url(self, case: str, run: int) -> str:
        """The base URL for one run of this case."""
        return f"{self.address}/{case}/{run}/v1"

    def hold(self, case: str) -> None:
        """Let all requests of this case wait until `release`."""
        (self.folder / f"{case}.{HELD}").touch()

    def release(self, case: str) -> None:
        """Answer the requests that wait."""
        (self.folder / f"{case}.{HELD}").unlink(missing_ok=True)

    def spoil(self, case: str) -> None:
        """Answer some of this case with words of no use until `mend`."""
        (self.folder / f"{case}.{SPOILT}").touch()

    def mend(self, case: str) -> None:
        """Answer well again."""
        (self.folder / f"{case}.{SPOILT}").unlink(missing_ok=True)

    def requests(self, case: str) -> list[SeenRequest]:
        """Every request of a case so far, in the order in which they came."""
        path = self.folder / f"{case}.jsonl"
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.split("\n")[:-1]]  # the last may be half written
        ends = {line["n"]: line for line in lines if "sent" in line}
        nothing = {"sent": None, "status": None}
        entries = [{**nothing, **line, **ends.get(line["n"], {})} for line in lines if "came" in line]
        names = [field.name for field in fields(SeenRequest)]
        return sorted(
            (SeenRequest(**{n: entry[n] for n in names}) for entry in entries), key=lambda request: request.came
        )


@contextmanager
def serve_counting(folder: Path) -> Iterator[CountingServer]:
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


def _end_with_test() -> None:
    sys.stdin.read()  # reading ends when the process that started us ends, in any way
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve until SIGTERM, or until the test ends; the first line printed is the address."""
    threading.Thread(target=_end_with_test, daemon=True).start()
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
