"""The answers of chat completions, in the many shapes that servers give them.

In: the JSON object of an answer. Out: `ChatAnswer`: its text, its pictures, why it ended, what it took.
Reasoning beside the answer is left out.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from stages.errors import ModelError
from stages.protocols import Usage

_DATA_URI = r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/=]+"
_MARKDOWN = re.compile(rf"!?\[[^\]]*\]\(\s*({_DATA_URI})\s*\)|({_DATA_URI})")


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Lenient):
    content: str | list[Any] | None = None
    refusal: str | None = None
    images: list[Any] | None = None


class _Choice(_Lenient):
    message: _Message | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    error: Any = None


class _Completion(_Lenient):
    choices: list[_Choice]


class NoCompletion(Exception):
    """The answer does not have the shape of a chat completion."""


@contextmanager
def charged(usage: Usage | None) -> Iterator[None]:
    """A ModelError raised in this context gets `usage`: the answer cannot be used, but it was made, and is paid."""
    try:
        yield
    except ModelError as error:
        error.usage = error.usage or usage
        raise


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What a chat completion holds. `pictures` are data URIs or addresses, in order; `ended` are the reasons, in lower case.

    `error` is the error that a gateway passes on from the server behind it, else None.
    """

    text: str
    pictures: tuple[str, ...] = ()
    refusal: str | None = None
    ended: frozenset[str] = frozenset()
    usage: Usage | None = None
    error: Any = None


def parse(answer: dict[str, Any]) -> ChatAnswer:
    """The first choice of a chat completion. Raises NoCompletion."""
    try:
        choices = _Completion.model_validate(answer).choices
    except ValidationError as error:
        first = error.errors()[0]
        raise NoCompletion(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not choices:
        raise NoCompletion("there is no choice in it")
    choice, message = choices[0], choices[0].message or _Message()
    parts = message.content if isinstance(message.content, list) else []
    text = message.content if isinstance(message.content, str) else "".join(_texts(parts))
    pictures = (*_pictures(message.images or []), *_pictures(parts))
    ended = frozenset(r.lower() for r in (choice.finish_reason, choice.native_finish_reason) if r)
    return ChatAnswer(text, pictures, message.refusal or None, ended, usage(answer.get("usage")), choice.error)


def with_inline_pictures(answer: ChatAnswer) -> ChatAnswer:
    """The answer with the pictures that stand in its text, as Markdown or bare data URIs, moved to `pictures`."""
    inline = tuple(match[1] or match[2] for match in _MARKDOWN.finditer(answer.text))
    if not inline:
        return answer
    text = _MARKDOWN.sub("", answer.text).strip()
    return ChatAnswer(text, (*answer.pictures, *inline), answer.refusal, answer.ended, answer.usage, answer.error)


def _texts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
            yield str(part.get("text") or "")


def _pictures(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, dict) and (picture := _picture(part)):
            yield picture


def _picture(part: dict[str, Any]) -> str | None:
    """A picture among content parts: by address, or inline under one of the names that are in use."""
    address = part.get("image_url")
    if isinstance(address, dict):
        address = address.get("url")
    if isinstance(address, str) and address:
        return address
    candidates = [part.get("b64_json"), part.get("result")]
    for name in ("inline_data", "inlineData", "source"):
        inner = part.get(name)
        candidates += [inner.get("data")] if isinstance(inner, dict) else []
    encoded = next((text for text in candidates if isinstance(text, str) and text), None)
    return None if encoded is None else f"data:;base64,{encoded}"


def usage(reported: Any) -> Usage | None:
    """The `usage` of an answer: tokens under either of their two names, and the price where a gateway gives it."""
    if not isinstance(reported, dict):
        return None
    price = reported.get("cost")
    usd = float(price) if isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6 else None
    read = _count(reported, "prompt_tokens", "input_tokens")
    written = _count(reported, "completion_tokens", "output_tokens")
    return None if (read, written, usd) == (None, None, None) else Usage(read, written, usd)


def _count(reported: dict[str, Any], *names: str) -> int | None:
    values = [reported.get(name) for name in names]
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**31), None)
