"""Images over HTTP: the image endpoints, or chat completions that answer with a picture.

In: an image request. Out: an image in the store, with the words beside it. Words in place of an image are a refusal.
"""

import asyncio
from typing import Any

from pipeline.backends.openai.answers import ChatAnswer, charged, usage, with_inline_pictures
from pipeline.backends.openai.chat import PATH, STOPPED, media_type, messages, read
from pipeline.backends.openai.client import File, Wire
from pipeline.backends.openai.failures import LONGEST_REFUSAL
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.pictures import MOST_BYTES, store_picture
from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed, Refused
from stages.protocols import ImageReply, ImageRequest
from stages.records import ImageRef

_MOST_ANSWER_BYTES = 2 * MOST_BYTES  # base64 takes a third more, and drafts and words stand beside the image
_STOPPED = STOPPED | {
    "no_image",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "image_other",
    "content_policy_violation",
}


async def draw(wire: Wire, model: str, options: Options, store: ImageStore, request: ImageRequest) -> ImageReply:
    """One image. Raises stages.errors.ModelError."""
    if options.images == "chat":
        return await _by_chat(wire, model, options, store, request)
    return await _by_endpoint(wire, model, options, store, request)


async def _by_endpoint(
    wire: Wire, model: str, options: Options, store: ImageStore, request: ImageRequest
) -> ImageReply:
    """By /images/generations, or /images/edits where there are images to work from, the canvas last."""
    body: dict[str, Any] = {
        "model": model,
        "prompt": next(m.content for m in reversed(request.messages) if m.role == "user"),
        "n": 1,
        **_size(options, request),
        **({} if options.quality is None else {"quality": options.quality}),
        **({"seed": request.seed} if options.seed else {}),
        **options.extra,
    }
    if request.images:
        answer = await wire.post(
            "/images/edits", body, await asyncio.to_thread(_files, store, request.images), _MOST_ANSWER_BYTES
        )
    else:
        answer = await wire.post("/images/generations", body, most=_MOST_ANSWER_BYTES)
    used = usage(answer.get("usage"))
    with charged(used):
        return ImageReply(await store_picture(wire, _picture_in(wire, answer), store), None, used)


def _size(options: Options, request: ImageRequest) -> dict[str, str]:
    if options.size == "none":
        return {}
    return {"size": f"{request.width}x{request.height}" if options.size == "request" else options.size}


def _files(store: ImageStore, images: tuple[ImageRef, ...]) -> list[File]:
    return [
        ("image[]", (f"{n}.{media_type(image).partition('/')[2]}", store.get(image.sha256), media_type(image)))
        for n, image in enumerate(images, 1)
    ]


def _picture_in(wire: Wire, answer: dict[str, Any]) -> str:
    """The picture in an answer of the image endpoints. Raises Transient when it is none, Malformed when it holds none."""
    data = answer.get("data")
    if not isinstance(data, list):
        raise wire.broken("the answer is none of an image endpoint (it has no data)")
    first = data[0] if data and isinstance(data[0], dict) else {}
    encoded, address = first.get("b64_json"), first.get("url")
    if isinstance(encoded, str) and encoded:
        return f"data:;base64,{encoded}"
    if isinstance(address, str) and address:
        return address
    raise Malformed("", "the answer holds no image")


async def _by_chat(wire: Wire, model: str, options: Options, store: ImageStore, request: ImageRequest) -> ImageReply:
    limit = {"max_tokens": options.max_tokens} if "max_tokens" in options.model_fields_set else {}
    body = {
        "model": model,
        "messages": await messages(store, request),
        "modalities": ["image", "text"],
        **{name: value for name, value in limit.items() if value is not None},
        **options.sampling(request.seed),
        **options.extra,
    }
    answer = with_inline_pictures(read(wire, await wire.post(PATH, body, most=_MOST_ANSWER_BYTES)))
    with charged(answer.usage):
        return ImageReply(await store_picture(wire, _last_picture(answer), store), answer.text or None, answer.usage)


def _last_picture(answer: ChatAnswer) -> str:
    """The last picture of an answer, for those before it are drafts. Raises Refused, Malformed."""
    words = answer.text[:LONGEST_REFUSAL].strip()
    if answer.ended & _STOPPED:
        raise Refused(words or f"no image was made ({', '.join(sorted(answer.ended))})")
    if answer.pictures:
        return answer.pictures[-1]
    if words:
        raise Refused(words)
    raise Malformed("", f"the answer holds no image (it ended with {', '.join(sorted(answer.ended)) or 'no reason'})")
