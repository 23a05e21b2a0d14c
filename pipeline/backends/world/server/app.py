"""The world as a server that speaks the OpenAI API; `respond` answers, as it does in the embedded backend.

In: HTTP requests: `model` names a preset, `options` changes its skill, and the model sees only messages and images.
Out: a FastAPI application. PNG bytes are sent as they were drawn, so that every hash is the same over HTTP.
"""

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.server.bodies import Chat, ImageBody, edit
from pipeline.backends.world.server.limits import BodyLimit
from pipeline.backends.world.server.problems import RequestProblem, answer_errors_in_form
from pipeline.backends.world.server.reading import read_form, read_json
from pipeline.backends.world.server.work import Reply, Workers, work
from pipeline.backends.world.tokens import CHARACTERS, text_tokens
from stages.errors import Refused
from stages.protocols import Usage


def app(workers: int) -> FastAPI:
    """The application. While it runs, `workers` processes do its work."""
    staff: list[Workers] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        staff.append(Workers(workers))
        yield
        staff.pop().stop()

    world = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    world.add_middleware(BodyLimit)
    answer_errors_in_form(world)
    _add_models(world)

    @world.get("/health")
    async def health() -> dict[str, str]:
        await staff[0].ready()
        return {"status": "ok"}

    @world.post("/v1/chat/completions")
    async def chat(request: Request) -> JSONResponse:
        body = await read_json(request, Chat)
        try:
            reply = await staff[0].run(work, body.asked())
        except Refused as refused:
            return _completion(body, {"content": None, "refusal": refused.text}, Usage(0, 0))
        if isinstance(reply.content, bytes):
            return _completion(body, _with_image(reply.content), reply.usage)
        return _completion(body, {"content": reply.content}, reply.usage)

    @world.post("/v1/images/generations")
    async def generations(request: Request) -> JSONResponse:
        body = await read_json(request, ImageBody)
        return _picture(body, await staff[0].run(work, body.asked()))

    @world.post("/v1/images/edits")
    async def edits(request: Request) -> JSONResponse:
        form = await read_form(request)
        try:
            body, images = await edit(form)
        finally:
            await form.close()
        return _picture(body, await staff[0].run(work, body.asked(images)))

    return world


def _add_models(world: FastAPI) -> None:
    @world.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(name) for name in PRESETS]}

    @world.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        if name not in PRESETS:
            raise RequestProblem(
                404, f"there is no model {name!r}; there are {', '.join(PRESETS)}", "model_not_found", "model"
            )
        return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "x2i-ladder"}


def _with_image(image: bytes) -> dict[str, Any]:
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return {"content": "", "images": [{"type": "image_url", "image_url": {"url": url}}]}


def _completion(body: Chat, message: dict[str, Any], usage: Usage) -> JSONResponse:
    """A chat completion. A text longer than the request allows is cut, with finish_reason "length"."""
    text, limit, finish_reason = message["content"], body.most_tokens, "stop"
    if text and limit is not None and text_tokens(text) > limit:
        message, usage, finish_reason = (
            {"content": text[: limit * CHARACTERS]},
            replace(usage, output_tokens=limit),
            "length",
        )
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "refusal": None, **message}}
    return JSONResponse(
        {
            "id": "chatcmpl-world",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "choices": [choice],
            "usage": _counts(usage, "prompt_tokens", "completion_tokens"),
        }
    )


def _picture(body: ImageBody, reply: Reply) -> JSONResponse:
    assert isinstance(reply.content, bytes)
    assert reply.image is not None
    body.check_size(reply.image.width, reply.image.height)
    return JSONResponse(
        {
            "created": int(time.time()),
            "data": [{"b64_json": base64.b64encode(reply.content).decode()}],
            "output_format": "png",
            "usage": _counts(reply.usage, "input_tokens", "output_tokens"),
        }
    )


def _counts(usage: Usage, read: str, written: str) -> dict[str, int]:
    into, out = usage.input_tokens or 0, usage.output_tokens or 0
    return {read: into, written: out, "total_tokens": into + out}
