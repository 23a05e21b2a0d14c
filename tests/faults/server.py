"""The world's server behind a layer that misbehaves as a table prescribes, in its connections as well as in its answers.

In: the world's application and a table. Out: an ASGI application that counts requests and faults.
"""

import asyncio
import base64
import hashlib
import json
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from pipeline.backends.world.server.bodies import Chat, ImageBody, ModelRequest, edit
from tests.faults.table import WORDS, Fault, Table, digest

HANG_S = 30.0
ERRORS = {"error_500": 500, "error_503": 503}


@dataclass
class Faulty:
    """`attempts`: of each request. `faults`: how often each was played. `ends`: how often a request got the end of its story."""

    app: Any
    table: Table
    attempts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await _body(receive)
        parsed = await read(scope, body)
        images = [hashlib.sha256(image).hexdigest() for image in parsed.images]
        request = digest(parsed.skill.name, parsed.messages, images, parsed.seed, parsed.schema)
        story = self.table.story(request, parsed.schema)
        number = self.attempts[request]
        self.attempts[request] += 1
        if number >= len(story.passing):
            self.ends[request] += 1
        fault = story.at(number)
        if fault is None:
            await self.app(scope, _replay_body(body, receive), send)
            return
        self.faults[fault] += 1
        in_chat = scope["path"].endswith("/chat/completions")
        await self._play(fault, request, in_chat, scope, receive, send)

    async def _play(self, fault: Fault, request: str, in_chat: bool, scope: Any, receive: Any, send: Any) -> None:
        if fault == "hang":
            await asyncio.wait_for(receive(), HANG_S)  # until the client hangs up
        elif fault == "dropped":
            await _drop(receive, send)
        elif fault == "broken_off":
            await _break_off(answer(in_chat, "{}"), receive, send)
        else:
            await self._reply(fault, request, in_chat)(scope, receive, send)

    def _reply(self, fault: Fault, request: str, in_chat: bool) -> Response:
        if fault == "rate_limited":
            seconds = 0.05 + int(request[:2], 16) / 256 * 0.15
            return JSONResponse(error("slow down", "rate_limit_exceeded"), 429, {"Retry-After": f"{seconds:.2f}"})
        if fault in ERRORS:
            return JSONResponse(error("it broke", "server_error"), ERRORS[fault])
        whole = json.dumps(answer(in_chat, self.table.wrong(request)))
        replies: dict[str, Callable[[], Response]] = {
            "cut_json": lambda: Response(whole[: len(whole) // 2], media_type="application/json"),
            "not_a_completion": lambda: JSONResponse({"status": "warming up"}),
            "empty": lambda: Response(b"", media_type="application/json"),
            "html": lambda: HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>"),
            "wrong_schema": lambda: Response(whole, media_type="application/json"),
            "words_for_an_image": lambda: JSONResponse(answer(in_chat, WORDS)),
            "half_a_png": lambda: JSONResponse(answer(in_chat, "", PNG[: len(PNG) // 2])),
            "giant": lambda: JSONResponse(answer(in_chat, "", GIANT)),
            "no_png": lambda: JSONResponse(answer(in_chat, "", b"<svg/>")),
        }
        return replies[fault]()


async def read(scope: Any, body: bytes) -> ModelRequest:
    """A request as the world's server reads it."""
    if scope["path"].endswith("/edits"):
        form = await Request(scope, _replay_body(body, None)).form()
        picture, images = await edit(form)
        return picture.asked(images)
    shape = Chat if scope["path"].endswith("/chat/completions") else ImageBody
    return shape.model_validate_json(body).asked()


def answer(in_chat: bool, text: str, image: bytes | None = None) -> dict[str, Any]:
    """An answer of the chat or the image part of the API, with that text or image."""
    encoded = None if image is None else base64.b64encode(image).decode()
    if not in_chat:
        return {"created": 1, "data": [{"b64_json": encoded, "revised_prompt": text}]}
    images = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}] if encoded else []
    message = {"role": "assistant", "content": text, "images": images}
    return {"id": "x", "object": "chat.completion", "created": 1, "choices": [{"index": 0, "message": message}]}


def error(words: str, code: str) -> dict[str, Any]:
    """An error in the form of the API."""
    return {"error": {"message": words, "type": code, "param": None, "code": code}}


async def _body(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay_body(body: bytes, receive: Any) -> Any:
    """A `receive` that gives the body once more, and then whatever `receive` gives."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again


async def _drop(receive: Any, send: Any) -> None:
    """Hang up without an answer. `send` is a method of uvicorn's object that holds the connection, which alone can do that."""
    send.__self__.transport.abort()
    await receive()


async def _break_off(content: Any, receive: Any, send: Any) -> None:
    """Announce a longer body than is sent, and hang up."""
    data = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(2 * len(data)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data, "more_body": True})
    send.__self__.transport.close()
    await receive()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, rows: int) -> bytes:
    """A PNG that claims to be so large, and holds `rows` rows of grey noise."""
    noise = hashlib.shake_256(b"noise").digest((width + 1) * rows)
    rest = b"".join(b"\0" + noise[n * width : (n + 1) * width] for n in range(rows))
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", zlib.compress(rest)) + _chunk(b"IEND", b"")


PNG = _png(128, 128, 128)
GIANT = _png(60_000, 60_000, 1)
