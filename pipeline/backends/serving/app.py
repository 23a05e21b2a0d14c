"""One model of this process as a server that speaks the OpenAI API, in the dialect of our own openai backend.

In: HTTP requests, and a model behind the three protocols. Out: a FastAPI application. How the model samples is what it was opened
with: of a request count its messages, images, size, seed and the shape of the reply. A client that hangs up takes its call with it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from pipeline.backends.contract import BareModel, DeviceLost
from pipeline.backends.serving.answers import completion, message_with_image, model_entry, picture
from pipeline.backends.serving.asked import ServedChat, ServedImage
from pipeline.backends.serving.bodies import form_fields
from pipeline.backends.serving.failures import problem_of
from pipeline.backends.serving.limits import BodyLimit
from pipeline.backends.serving.problems import RequestProblem, answer_errors_in_form
from pipeline.backends.serving.reading import check, read_form, read_json
from pipeline.backends.serving.shelf import Shelf
from pipeline.storage.token_files import read_tokens
from stages.errors import EngineDead, Malformed, ModelError, Refused
from stages.protocols import ImageReply, ImageRequest, TextReply, TokensRef, Usage

MOST_AT_ONCE = 512
"""Requests in hand; more are asked to come again."""
_NO_IMAGE = {"data": [{"b64_json": None}]}
T = TypeVar("T")


@dataclass
class ServedModel:
    """A model under the `name` that clients ask for. `scores`: whether it says how likely a text is.

    `died` is called when the engine is gone.
    """

    name: str
    model: BareModel
    shelf: Shelf
    scores: bool
    died: Callable[[EngineDead], None]


class _Desk:
    """Has the model answer, and notes what it has ever done: an engine that did a thing and cannot any more is gone."""

    def __init__(self, served: ServedModel) -> None:
        self.served = served
        self.dead: EngineDead | None = None
        self._done: set[str] = set()
        self._in_hand = 0

    async def answer(self, request: Request, kind: str, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, given up when the client hangs up. Raises RequestProblem, Refused, Malformed."""
        if self._in_hand >= MOST_AT_ONCE:
            work.close()
            raise RequestProblem(503, f"{MOST_AT_ONCE} requests are in hand; ask again", "overloaded")
        self._in_hand += 1
        try:
            result = await _while_connected(request, work)
        except (Refused, Malformed):
            self._done.add(kind)
            raise
        except ModelError as error:
            could = kind in self._done or isinstance(error, DeviceLost)
            if isinstance(error, EngineDead) and could:
                self.dead = error
                self.served.died(error)
            raise problem_of(error, could) from error
        finally:
            self._in_hand -= 1
        self._done.add(kind)
        return result

    def check_name(self, name: str) -> None:
        """Raises RequestProblem for the name of another model."""
        if name != self.served.name:
            text = f"there is no model {name!r}; there is {self.served.name}"
            raise RequestProblem(404, text, "model_not_found", "model")


def model_app(served: ServedModel) -> FastAPI:
    """The application."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.add_middleware(BodyLimit)
    answer_errors_in_form(app, "the server")
    desk = _Desk(served)
    _add_lists(app, desk)
    _add_images(app, desk)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> JSONResponse:
        body = await read_json(request, ServedChat)
        desk.check_name(body.model)
        if body.scores or body.measures:
            return await _score(request, desk, body)
        images = await served.shelf.take_in(body.images())
        try:
            if body.draws:
                drawing = served.model.draw(body.image_request(images))
                return await _drawn(desk, body.model, await desk.answer(request, "draw", drawing))
            reply = await desk.answer(request, "ask", served.model.ask(body.text_request(images)))
        except Refused as refused:
            return completion(body.model, {"content": None, "refusal": refused.text}, refused.usage)
        except Malformed as error:
            return completion(body.model, {"content": "" if body.draws else error.text}, error.usage)
        return await _said(desk, body.model, reply)

    return app


def _add_lists(app: FastAPI, desk: _Desk) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        if desk.dead is not None:
            raise RequestProblem(500, str(desk.dead), "engine_dead")
        return {"status": "ok"}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model_entry(desk.served.name)]}

    @app.get("/v1/models/{name:path}")
    async def model(name: str) -> dict[str, Any]:
        desk.check_name(name)
        return model_entry(name)


def _add_images(app: FastAPI, desk: _Desk) -> None:
    @app.post("/v1/images/generations")
    async def generations(request: Request) -> JSONResponse:
        body = await read_json(request, ServedImage)
        desk.check_name(body.model)
        return await _picture(request, desk, body.image_request(()))

    @app.post("/v1/images/edits")
    async def edits(request: Request) -> JSONResponse:
        form = await read_form(request)
        try:
            fields, images = await form_fields(form)
        finally:
            await form.close()
        body = check(ServedImage, fields)
        desk.check_name(body.model)
        return await _picture(request, desk, body.image_request(await desk.served.shelf.take_in(images)))


async def _picture(request: Request, desk: _Desk, asked: ImageRequest) -> JSONResponse:
    try:
        reply = await desk.answer(request, "draw", desk.served.model.draw(asked))
    except Malformed as error:
        # an answer without an image: whoever reads it asks once more with another seed
        return JSONResponse({**_NO_IMAGE, "detail": str(error)})
    return picture(await desk.served.shelf.bytes_of(reply.image), reply.image.format.lower(), reply.usage)


async def _drawn(desk: _Desk, model: str, reply: ImageReply) -> JSONResponse:
    data = await desk.served.shelf.bytes_of(reply.image)
    message = message_with_image(data, reply.image.format.lower(), reply.text or "")
    return completion(model, message, reply.usage, of_choice=await _tokens(desk, reply.tokens))


async def _said(desk: _Desk, model: str, reply: TextReply) -> JSONResponse:
    return completion(model, {"content": reply.text}, reply.usage, of_choice=await _tokens(desk, reply.tokens))


async def _tokens(desk: _Desk, tokens: TokensRef | None) -> dict[str, Any]:
    """The fields of a choice that hold the tokens of a reply, where the model kept them."""
    if tokens is None:
        return {}
    kept = await asyncio.to_thread(read_tokens, desk.served.shelf.store, tokens.sha256)
    content = [{"token": token.token, "logprob": token.logprob} for token in kept]
    return {"logprobs": {"content": content}, "token_ids": [token.number for token in kept]}


async def _score(request: Request, desk: _Desk, body: ServedChat) -> JSONResponse:
    """Both calls of a score. Which tokens the request itself has nobody reads: the answer's alone are given."""
    if not desk.served.scores:
        raise RequestProblem(400, "the model gives no log-probabilities", "unsupported_parameter", "prompt_logprobs")
    images = await desk.served.shelf.take_in(body.images())
    if body.measures:
        return completion(body.model, {"content": ""}, Usage(0, 0), "length", of_answer={"prompt_token_ids": []})
    reply = await desk.answer(request, "score", desk.served.model.score(body.score_request(images)))
    numbers = [-1 if token.number is None else token.number for token in reply.tokens]
    entries = [
        {str(number): {"logprob": token.logprob, "decoded_token": token.token}}
        for number, token in zip(numbers, reply.tokens, strict=True)
    ]
    fields = {"prompt_token_ids": numbers, "prompt_logprobs": entries}
    return completion(body.model, {"content": ""}, reply.usage, "length", of_answer=fields)


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client hangs up."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise RequestProblem(499, "the client hung up", "cancelled")
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
