"""Images over HTTP: the image endpoints, or chat completions that answer with a picture.

In: an image request. Out: an image in the store, with the words beside it. Words in place of an image are a refusal.
"""

import asyncio
from dataclasses import replace
from typing import Any

from pipeline.backends.openai.answers import ChatAnswer, charged, usage_of
from pipeline.backends.openai.carriers import has_carrier, pictures_in
from pipeline.backends.openai.chat import PATH, messages, no_answer, read, sent
from pipeline.backends.openai.client import File, Wire
from pipeline.backends.openai.declines import IMAGE_STOPPED, filtered_by, is_counted
from pipeline.backends.openai.failures import LONGEST_REFUSAL, error_in_answer
from pipeline.backends.openai.fetching import MOST_BYTES, is_trusted
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.pictures import store_picture
from pipeline.backends.openai.sampled import kept_tokens
from pipeline.backends.openai.wording import THOUGHTS
from pipeline.backends.openai.written import Written, declines, is_refusal, written
from pipeline.storage.image_store import ImageStore
from stages.errors import Broken, EngineDead, Malformed, ModelError, Refused
from stages.protocols import ImageReply, ImageRequest
from stages.records import ImageRef

GENERATIONS, EDITS = "/images/generations", "/images/edits"
_MOST_ANSWER_BYTES = 2 * MOST_BYTES  # base64 takes a third more, and drafts and words stand beside the image


async def draw(wire: Wire, model: str, options: Options, store: ImageStore, request: ImageRequest) -> ImageReply:
    """One image. Raises stages.errors.ModelError."""
    path, body = await body_of(wire, model, options, store, request)
    files = await asyncio.to_thread(_files, store, request.images) if path == EDITS else ()
    return await reply_in(wire, options, store, path, await wire.post(path, body, files, _MOST_ANSWER_BYTES))


async def body_of(
    wire: Wire, model: str, options: Options, store: ImageStore, request: ImageRequest
) -> tuple[str, dict[str, Any]]:
    """Where an image is asked for, and the body; images to be edited are files beside it. Raises EngineDead."""
    if options.images == "chat":
        return PATH, await _chat_body(model, options, store, request)
    if options.logprobs:
        raise EngineDead(
            f"{wire.name}: options.logprobs is true and image endpoints give none; say false, or images: chat"
        )
    body: dict[str, Any] = {
        "model": model,
        "prompt": next(m.content for m in reversed(request.messages) if m.role == "user"),
        "n": 1,
        **_size(options, request),
        **({} if options.quality is None else {"quality": options.quality}),
        **({"seed": request.seed} if options.seed else {}),
        **options.extra,
    }
    return EDITS if request.images else GENERATIONS, body


async def reply_in(wire: Wire, options: Options, store: ImageStore, path: str, answer: dict[str, Any]) -> ImageReply:
    """The image that an answer from `path` holds, in the store. Raises stages.errors.ModelError."""
    if path == PATH:
        return await _in_completion(wire, options, store, answer)
    if answer.get("choices"):
        return await _image_in(wire, read(wire, answer), store)
    used = usage_of(answer)
    with charged(used):
        return ImageReply(await store_picture(wire, _picture_in(wire, answer), store), None, used)


def _size(options: Options, request: ImageRequest) -> dict[str, str]:
    if options.size == "none":
        return {}
    return {"size": f"{request.width}x{request.height}" if options.size == "request" else options.size}


def _files(store: ImageStore, images: tuple[ImageRef, ...]) -> list[File]:
    return [
        ("image[]", (f"{n}.{kind.partition('/')[2]}", data, kind))
        for n, (kind, data) in enumerate((sent(store, image) for image in images), 1)
    ]


def _picture_in(wire: Wire, answer: dict[str, Any]) -> str:
    """The picture in an answer of the image endpoints. Raises Transient when it is none, Refused, Malformed when it holds none."""
    if picture := next(pictures_in(answer), None):
        return picture
    listed = answer.get("data")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and item.get("error"):
            raise error_in_answer(item["error"], wire)
    if sign := filtered_by(answer) or ("nothing was made" if not listed and is_counted(answer) else None):
        raise Refused(f"the prompt was declined ({sign})")
    if not has_carrier(answer):
        raise no_answer(wire, answer, "the answer is none of an image endpoint (it has no data)")
    raise Malformed("", "the answer holds no image")


async def _chat_body(model: str, options: Options, store: ImageStore, request: ImageRequest) -> dict[str, Any]:
    limit = {"max_tokens": options.max_tokens} if "max_tokens" in options.model_fields_set else {}
    return {
        "model": model,
        "messages": await messages(store, request),
        "modalities": ["image", "text"],
        **{name: value for name, value in limit.items() if value is not None},
        **options.sampling(request.seed),
        **options.extra,
    }


async def _in_completion(wire: Wire, options: Options, store: ImageStore, raw: dict[str, Any]) -> ImageReply:
    answer = read(wire, raw)
    reply = await _image_in(wire, answer, store)
    with charged(answer.usage):
        return replace(reply, tokens=await kept_tokens(wire, raw, store)) if options.logprobs else reply


async def _image_in(wire: Wire, answer: ChatAnswer, store: ImageStore) -> ImageReply:
    """The last picture of an answer, for those before it are drafts, and the words beside it. Raises Refused, Malformed."""
    with charged(answer.usage):
        text = answer.text if answer.text.strip() or answer.carrier in THOUGHTS else answer.reply  # the call of a tool
        inline = await asyncio.to_thread(written, text)
        if answer.ended & IMAGE_STOPPED:
            raise Refused(inline.words[:LONGEST_REFUSAL] or f"no image was made ({', '.join(sorted(answer.ended))})")
        if answer.pictures:
            image = await store_picture(wire, answer.pictures[-1], store)
        elif inline.pictures:
            image = await _written_picture(wire, text, inline, store)
        else:
            raise _without_image(wire, text, answer.ended)
    return ImageReply(image, inline.words or None, answer.usage)


async def _written_picture(wire: Wire, text: str, inline: Written, store: ImageStore) -> ImageRef:
    """A picture that stands in words. Where words decline, an address in them may be of a page that explains why."""
    trusted = [picture for picture in inline.pictures if not inline.sure and is_trusted(wire, picture)]
    refusal = Refused(text[:LONGEST_REFUSAL].strip()) if not inline.sure and declines(text) else None
    if refusal and not trusted:
        raise refusal
    try:
        return await store_picture(wire, (trusted or inline.pictures)[-1], store)
    except (Malformed, Broken):
        if refusal:
            raise refusal from None
        raise


def _without_image(wire: Wire, text: str, ended: frozenset[str]) -> ModelError:
    """Words are a refusal; code, blobs, placeholders and names of files are no answer."""
    words = text[:LONGEST_REFUSAL].strip()
    if words and is_refusal(words):
        return Refused(words)
    if words:
        start = wire.quoted(words[:200])[:60]
        return Malformed(
            words, f"the answer holds no image that can be read, and no words that decline; it begins with {start!r}"
        )
    return Malformed("", f"the answer holds no image (it ended with {', '.join(sorted(ended)) or 'no reason'})")
