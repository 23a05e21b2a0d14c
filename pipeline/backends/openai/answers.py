"""The answers of chat completions, in the many shapes that servers give them.

In: the JSON object of an answer. Out: `Said`: its words, its pictures, why it ended, what it took. Reasoning beside the answer
is left out.
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


class Unlike(Exception):
    """An answer that has not the shape of a chat completion."""


@contextmanager
def taking(usage: Usage | None) -> Iterator[None]:
    """What goes wrong with an answer in here took `usage` all the same: it was made, and is paid."""
    try:
        yield
    except ModelError as error:
        error.usage = error.usage or usage
        raise


@dataclass(frozen=True, slots=True)
class Said:
    """What a chat completion holds. `pictures` are data URIs or addresses, in order; `ended` are the reasons, in lower case.

    `error`: what a gateway says went wrong behind it, else None.
    """

    text: str
    pictures: tuple[str, ...] = ()
    refusal: str | None = None
    ended: frozenset[str] = frozenset()
    usage: Usage | None = None
    error: Any = None


def said(answer: dict[str, Any]) -> Said:
    """The first choice of a chat completion. Raises Unlike."""
    try:
        choices = _Completion.model_validate(answer).choices
    except ValidationError as error:
        first = error.errors()[0]
        raise Unlike(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not choices:
        raise Unlike("there is no choice in it")
    choice, message = choices[0], choices[0].message or _Message()
    parts = message.content if isinstance(message.content, list) else []
    text = message.content if isinstance(message.content, str) else "".join(_texts(parts))
    pictures = (*_pictures(message.images or []), *_pictures(parts))
    ended = frozenset(r.lower() for r in (choice.finish_reason, choice.native_finish_reason) if r)
    return Said(text, pictures, message.refusal or None, ended, usage(answer.get("usage")), choice.error)


def with_inline_pictures(answer: Said) -> Said:
    """The same with the pictures that stand in its text as Markdown or bare data URIs taken out of the text."""
    found = tuple(match[1] or match[2] for match in _MARKDOWN.finditer(answer.text))
    if not found:
        return answer
    text = _MARKDOWN.sub("", answer.text).strip()
    return Said(text, (*answer.pictures, *found), answer.refusal, answer.ended, answer.usage, answer.error)


def _texts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
            yield str(part.get("text") or "")


def _pictures(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, dict) and (found := _picture(part)):
            yield found


def _picture(part: dict[str, Any]) -> str | None:
    """A picture among content parts: by address, or inline under one of the names that are in use."""
    address = part.get("image_url")
    if isinstance(address, dict):
        address = address.get("url")
    if isinstance(address, str) and address:
        return address
    held = [part.get("b64_json"), part.get("result")]
    for name in ("inline_data", "inlineData", "source"):
        inner = part.get(name)
        held += [inner.get("data")] if isinstance(inner, dict) else []
    encoded = next((text for text in held if isinstance(text, str) and text), None)
    return None if encoded is None else f"data:;base64,{encoded}"


def usage(said: Any) -> Usage | None:
    """The `usage` of an answer: tokens under either of their two names, and the price where a gateway gives it."""
    if not isinstance(said, dict):
        return None
    price = said.get("cost")
    usd = float(price) if isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6 else None
    found = Usage(
        _count(said, "prompt_tokens", "input_tokens"), _count(said, "completion_tokens", "output_tokens"), usd
    )
    return None if found == Usage() else found


def _count(said: dict[str, Any], *names: str) -> int | None:
    values = [said.get(name) for name in names]
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**31), None)
