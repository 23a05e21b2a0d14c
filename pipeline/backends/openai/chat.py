"""Questions over `/chat/completions`. In: a text request, whose images lie in the store. Out: the model's words, unparsed.

The images go before the text of the first user message, which is the request; later messages ask for it again.
"""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

from pipeline.backends.openai.answers import Said, Unlike, said, taking
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.failures import WORDS, inside
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.schemas import response_format
from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed, Refused
from stages.protocols import ImageRequest, Message, TextReply, TextRequest
from stages.records import ImageRef

PATH = "/chat/completions"
LONGEST = 1_000_000  # characters of a reply that are read
STOPPED = frozenset({"content_filter", "safety", "prohibited_content", "blocklist", "spii", "recitation"})
_TYPES = {"MPO": "jpeg", "JPEG2000": "jp2"}  # where Pillow's name of a format is not that of its media type


async def ask(wire: Wire, model: str, options: Options, store: ImageStore, request: TextRequest) -> TextReply:
    """The reply to a question. Raises stages.errors.ModelError."""
    body = {
        "model": model,
        "messages": await messages(store, request),
        **({} if options.max_tokens is None else {"max_tokens": options.max_tokens}),
        **response_format(request, options.structured),
        **options.sampling(request.seed),
        **options.extra,
    }
    answer = read(wire, await wire.post(PATH, body))
    with taking(answer.usage):
        _readable(answer)
    return TextReply(answer.text, answer.usage)


def _readable(answer: Said) -> None:
    """Raises Refused for an answer that was stopped, Malformed for one that cannot be read."""
    if answer.ended & STOPPED:
        raise Refused(answer.text[:WORDS].strip() or _reason(answer))
    if not answer.text.strip():
        raise Malformed("", f"the reply is empty{_at_its_limit(answer)}")
    if len(answer.text) > LONGEST:
        raise Malformed(answer.text[:WORDS], f"the reply has {len(answer.text):,} characters")
    if any("\ud800" <= c <= "\udfff" for c in answer.text):
        whole = answer.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raise Malformed(whole, "the reply holds half a character (a lone surrogate)")


def read(wire: Wire, answer: dict[str, Any]) -> Said:
    """What an answer says, without keys. Raises Transient when it is none, Refused when the model says that it declines."""
    try:
        found = said(answer)
    except Unlike as error:
        raise wire.broken(f"the answer is no chat completion ({error})") from None
    if found.error:
        raise inside(found.error, wire)
    if found.refusal:
        with taking(found.usage):
            raise Refused(wire.hidden(found.refusal).strip()[:WORDS])
    return Said(wire.hidden(found.text), found.pictures, None, found.ended, found.usage)


def _reason(answer: Said) -> str:
    return f"the answer was stopped ({', '.join(sorted(answer.ended))})"


def _at_its_limit(answer: Said) -> str:
    return ": max_tokens was used up before an answer" if "length" in answer.ended else ""


async def messages(store: ImageStore, request: TextRequest | ImageRequest) -> list[dict[str, Any]]:
    """A request's messages as the API takes them. Raises ValueError when there are images and no user message."""
    images = await asyncio.to_thread(data_uris, store, request.images)
    shown: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
    if images:
        index = first_user(request.messages)
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": uri}} for uri in images]
        shown[index]["content"] = [*parts, {"type": "text", "text": request.messages[index].content}]
    return shown


def first_user(turns: Sequence[Message]) -> int:
    """Where the request stands among messages. Raises ValueError when there is none."""
    found = next((n for n, message in enumerate(turns) if message.role == "user"), None)
    if found is None:
        raise ValueError("a request without a user message")
    return found


def data_uris(store: ImageStore, images: Sequence[ImageRef]) -> list[str]:
    """Images as data URIs, bytes as they are. Raises OSError when one cannot be read."""
    return [f"data:{media_type(image)};base64,{base64.b64encode(store.get(image.sha256)).decode()}" for image in images]


def media_type(image: ImageRef) -> str:
    """The media type of a stored image, such as image/png."""
    return f"image/{_TYPES.get(image.format, image.format.lower())}"
