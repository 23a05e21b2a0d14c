"""An OpenAI-compatible server that says what a test tells it to. In: answers to play, in order. Out: them, and what was asked."""

import asyncio
import base64
import io
import json
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.spec import Provider
from pipeline.storage.image_store import ImageStore
from stages.protocols import ImageRequest, Message, TextRequest
from tests.serving import serving

SECRET = "sk-planted/0123+456789=abcdef"


@dataclass
class Asked:
    """One request as it arrived; `fields` of a form, `files` as (field, media type, bytes)."""

    path: str
    headers: dict[str, str]
    body: Any = None
    fields: dict[str, str] = field(default_factory=dict)
    files: list[tuple[str, str | None, bytes]] = field(default_factory=list)


@dataclass
class Answer:
    """One answer; `short_of` bytes are promised and never sent, `after_s` seconds pass before it, `on` follows without end."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    short_of: int = 0
    on: bytes = b""


class Gateway:
    """Plays answers; the last one again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.base_url = ""
        self._answers: list[Answer] = []
        self.app = FastAPI()
        self.app.add_api_route("/{path:path}", self._any, methods=["GET", "POST"])

    def play(self, *answers: Answer) -> None:
        """Forgets what was, and plays these from now on."""
        self.asked, self._answers = [], list(answers)

    async def _any(self, request: Request, path: str) -> Response:
        asked = Asked(f"/{path}", dict(request.headers))
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                for name, value in form.multi_items():
                    if isinstance(value, UploadFile):
                        asked.files.append((name, value.content_type, await value.read()))
                    else:
                        asked.fields[name] = value
        elif content := await request.body():
            asked.body = json.loads(content)
        self.asked.append(asked)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await asyncio.sleep(answer.after_s)
        headers = {"content-type": "application/json", **answer.headers}
        if answer.short_of:
            headers["content-length"] = str(len(answer.content) + answer.short_of)
        if answer.on:
            return StreamingResponse(_on(answer), answer.status, headers)
        return Response(answer.content, answer.status, headers)

    def provider(self, **more: Any) -> Provider:
        return Provider(base_url=f"{self.base_url}/v1", **more)

    def model(self, store: ImageStore, provider: Provider | None = None, **options: Any) -> OpenAIModel:
        return OpenAIModel("a-model", "1", options, "gate", provider or self.provider(), store)


async def _on(answer: Answer) -> AsyncIterator[bytes]:
    yield answer.content
    while True:
        yield answer.on
        await asyncio.sleep(0)  # the server hears here that nobody listens any more


@contextmanager
def playing() -> Iterator[Gateway]:
    gateway = Gateway()
    with serving(gateway.app) as gateway.base_url:
        yield gateway


@contextmanager
def hanging_up() -> Iterator[str]:
    """The address of a server that hears every request and closes the connection without a word."""
    listening = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def run(call: Coroutine[Any, Any, Any]) -> Any:
    """What a call gives, on an event loop of its own."""

    async def whole() -> Any:
        try:
            return await call
        finally:
            await close_clients()

    return asyncio.run(whole())


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; headers with _ for -."""
    return Answer(json.dumps(body).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})


def chat(
    content: Any = None, finish: str | None = "stop", usage: Any = None, native: str | None = None, **message: Any
) -> Answer:
    """A chat completion; `native` is the reason of the model behind a gateway."""
    turn = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "finish_reason": finish, "native_finish_reason": native, "message": turn}
    return says({"object": "chat.completion", "choices": [choice], "usage": usage})


def error(status: int, message: str = "no", **more: Any) -> Answer:
    """An error in the API's form; `retry_after` goes into the headers."""
    headers = {"retry_after": more.pop("retry_after")} if "retry_after" in more else {}
    return says({"error": {"message": message, **more}}, status, **headers)


def png(colour: str = "red", side: int = 16) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{b64(data)}"


def made(data: bytes, **more: Any) -> Answer:
    """An answer of the image endpoints."""
    return says({"created": 1, "data": [{"b64_json": b64(data)}], **more})


def question(*images: Any, schema: str = "diagnosis", text: str = "why?", axes: tuple[str, ...] = ()) -> TextRequest:
    return TextRequest((Message("user", text),), images, schema, 7, 1, axes)


def picture(*images: Any) -> ImageRequest:
    return ImageRequest((Message("user", "a red square"),), images, 640, 512, "image", 7, 1)
