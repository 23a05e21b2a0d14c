"""Questions over `/chat/completions`. In: a text request, whose images lie in the store. Out: the model's words, unparsed.

The images go before the text of the first user message, which is the request; later messages ask for it again.
"""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.backends.openai.answers import ChatAnswer, NoCompletion, charged, parse
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.declines import CUT_SHORT, OUT_OF_ROOM, STOPPED
from pipeline.backends.openai.failures import LONGEST_REFUSAL, error_in_answer
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.sampled import kept_tokens
from pipeline.backends.openai.schemas import response_format
from pipeline.backends.openai.wording import THOUGHTS
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.rendition import render
from stages.errors import Malformed, ModelError, Refused
from stages.protocols import Message, Request, TextReply, TextRequest
from stages.records import ImageRef

PATH = "/chat/completions"
LONGEST = 1_000_000  # characters of a reply that are read
_SENT = ("PNG", "JPEG")


async def ask(wire: Wire, model: str, options: Options, store: ImageStore, request: TextRequest) -> TextReply:
    """The reply to a question. Raises stages.errors.ModelError."""
    body = await body_of(model, options, store, request)
    return await reply_in(wire, options, store, await wire.post(PATH, body))


async def body_of(model: str, options: Options, store: ImageStore, request: TextRequest) -> dict[str, Any]:
    """The body of a request that asks a question."""
    return {
        "model": model,
        "messages": await messages(store, request),
        **({} if options.max_tokens is None else {"max_tokens": options.max_tokens}),
        **response_format(request, options.structured),
        **options.sampling(request.seed),
        **options.extra,
    }


async def reply_in(wire: Wire, options: Options, store: ImageStore, raw: dict[str, Any]) -> TextReply:
    """The reply that a chat completion holds. Raises stages.errors.ModelError."""
    answer = read(wire, raw)
    with charged(answer.usage):
        check_readable(answer)
        tokens = await kept_tokens(wire, raw, store) if options.logprobs else None
    return TextReply(answer.reply, answer.usage, answer.carrier, tokens)


def check_readable(answer: ChatAnswer) -> None:
    """Raises Refused for an answer that was stopped, Malformed for one that cannot be read."""
    if answer.ended & STOPPED:
        raise Refused(answer.reply[:LONGEST_REFUSAL].strip() or f"the answer was stopped ({_reasons(answer)})")
    cut = answer.ended & CUT_SHORT
    if not answer.reply.strip() or (answer.carrier in THOUGHTS and cut):
        raise Malformed("", f"the reply is empty{_why_empty(answer)}")
    # words after a whole verdict might have taken it back; blanks without end are a habit of enforced JSON
    if cut and _goes_on_after_json(answer.reply):
        raise Malformed(answer.reply[:LONGEST], f"the reply is cut short ({_reasons(answer)})")
    if len(answer.reply) > LONGEST:
        raise Malformed(answer.reply[:LONGEST_REFUSAL], f"the reply has {len(answer.reply):,} characters")
    if any("\ud800" <= c <= "\udfff" for c in answer.reply):
        whole = answer.reply.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raise Malformed(whole, "the reply holds half a character (a lone surrogate)")


def _goes_on_after_json(reply: str) -> bool:
    before, brace, after = reply.rpartition("}")
    return bool(brace) and "{" in before and bool(after.strip("]` \n\t\r"))


def read(wire: Wire, answer: dict[str, Any]) -> ChatAnswer:
    """A chat completion, without keys. Raises Transient when the answer is none, Refused when the model declines."""
    try:
        parsed = parse(answer)
    except NoCompletion as error:
        raise no_answer(wire, answer, f"the answer is no chat completion ({error})") from None
    with charged(parsed.usage):
        if parsed.error:
            raise error_in_answer(parsed.error, wire)
        if parsed.refusal:
            raise Refused(wire.scrubbed(parsed.refusal).strip()[:LONGEST_REFUSAL])
    return replace(parsed, text=wire.scrubbed(parsed.text), reply=wire.scrubbed(parsed.reply))


def no_answer(wire: Wire, answer: dict[str, Any], problem: str) -> ModelError:
    """The error for a JSON object that is no answer: what it says of an error, else the problem."""
    says = any(isinstance(answer.get(name), str) and answer[name] for name in ("message", "detail", "msg", "error_msg"))
    return error_in_answer(answer, wire) if says else wire.broken(problem)


def _reasons(answer: ChatAnswer) -> str:
    return ", ".join(sorted(answer.ended))


def _why_empty(answer: ChatAnswer) -> str:
    if answer.ended & OUT_OF_ROOM:
        return ": max_tokens was used up before an answer"
    return f" (it ended with {_reasons(answer)})" if answer.ended else ""


async def messages(store: ImageStore, request: Request) -> list[dict[str, Any]]:
    """A request's messages as the API takes them. Raises ValueError when there are images and no user message."""
    images = await asyncio.to_thread(data_uris, store, request.images)
    turns: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
    if images:
        index = first_user(request.messages)
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": uri}} for uri in images]
        turns[index]["content"] = [*parts, {"type": "text", "text": request.messages[index].content}]
    return turns


def first_user(turns: Sequence[Message]) -> int:
    """The index of the first user message, which is the request. Raises ValueError when there is none."""
    index = next((n for n, message in enumerate(turns) if message.role == "user"), None)
    if index is None:
        raise ValueError("a request without a user message")
    return index


def data_uris(store: ImageStore, images: Sequence[ImageRef]) -> list[str]:
    """Images as data URIs, bytes as they are. Raises as `sent`."""
    return [f"data:{kind};base64,{base64.b64encode(data).decode()}" for kind, data in (sent(store, i) for i in images)]


def sent(store: ImageStore, image: ImageRef) -> tuple[str, bytes]:
    """The media type of a stored image, image/png or image/jpeg, and its bytes: those of the store, which holds renditions.

    An image that an older version stored in another format is rendered here. Raises OSError when it cannot be read.
    """
    data = store.get(image.sha256)
    if image.format in _SENT:
        return f"image/{image.format.lower()}", data
    made = render(data)
    return f"image/{made.format.lower()}", made.data
