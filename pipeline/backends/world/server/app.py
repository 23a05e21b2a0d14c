"""The world as a server that speaks the OpenAI API; `respond` answers, as it does in the embedded backend.

In: HTTP requests: `model` names a preset, `options` changes its skill, and the model sees only messages and images.
Out: a FastAPI application. PNG bytes are sent as they were drawn, so that every hash is the same over HTTP.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from pipeline.backends.serving.answers import completion, message_with_image, model_entry, picture
from pipeline.backends.serving.limits import BodyLimit
from pipeline.backends.serving.problems import RequestProblem, answer_errors_in_form
from pipeline.backends.serving.reading import read_form, read_json
from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.server.bodies import Chat, ImageBody, edit
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
    answer_errors_in_form(world, "the world")
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
            return _cut(body, {"content": None, "refusal": refused.text}, Usage(0, 0))
        if isinstance(reply.content, bytes):
            return _cut(body, message_with_image(reply.content), reply.usage)
        return _cut(body, {"content": reply.content}, reply.usage)

    @world.post("/v1/images/generations")
    async def generations(request: Request) -> JSONResponse:
        body = await read_json(request, ImageBody)
        return _made(body, await staff[0].run(work, body.asked()))

    @world.post("/v1/images/edits")
    async def edits(request: Request) -> JSONResponse:
        form = await read_form(request)
        try:
            body, images = await edit(form)
        finally:
            await form.close()
        return _made(body, await staff[0].run(work, body.asked(images)))

    return world


def _add_models(world: FastAPI) -> None:
    @world.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model_entry(name) for name in PRESETS]}

    @world.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        if name not in PRESETS:
            raise RequestProblem(
                404, f"there is no model {name!r}; there are {', '.join(PRESETS)}", "model_not_found", "model"
            )
        return model_entry(name)


def _cut(body: Chat, message: dict[str, Any], usage: Usage) -> JSONResponse:
    """A chat completion. A text longer than the request allows is cut, with finish_reason "length"."""
    text, limit = message["content"], body.most_tokens
    if text and limit is not None and text_tokens(text) > limit:
        cut = {"content": text[: limit * CHARACTERS]}
        return completion(body.model, cut, replace(usage, output_tokens=limit), "length")
    return completion(body.model, message, usage)


def _made(body: ImageBody, reply: Reply) -> JSONResponse:
    assert isinstance(reply.content, bytes)
    assert reply.image is not None
    body.check_size(reply.image.width, reply.image.height)
    return picture(reply.content, "png", reply.usage)
