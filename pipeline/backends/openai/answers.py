"""The answers of chat completions, in the many shapes that servers give them.

In: the JSON object of an answer. Out: `ChatAnswer`: its text, its pictures, why it ended, what it took.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.backends.openai.carriers import pictures_in
from pipeline.backends.openai.declines import filtered_by, is_counted, reasons
from pipeline.backends.openai.wording import CONTENT, answer_in, content_of, refusal_in
from stages.errors import ModelError
from stages.protocols import Usage

_READ = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_token_count")
_WRITTEN = ("completion_tokens", "output_tokens", "candidatesTokenCount", "candidates_token_count")


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
    """What a chat completion holds. `text` is its content; `reply` what answers a question, which stood in `carrier`.

    `pictures` are data URIs, base64 or addresses, in order; `ended` are the reasons, in lower case. `error` is the error that a
    gateway passes on from the server behind it, else None.
    """

    text: str = ""
    reply: str = ""
    carrier: str = CONTENT
    pictures: tuple[str, ...] = ()
    refusal: str | None = None
    ended: frozenset[str] = frozenset()
    usage: Usage | None = None
    error: Any = None


def parse(answer: dict[str, Any]) -> ChatAnswer:
    """The first choice of a chat completion; one without a choice may be a refusal. Raises NoCompletion."""
    used = usage_of(answer)
    choice = _first_choice(answer)
    message = None if choice is None else _message(choice)
    ended = reasons(*((choice or {}).get(name) for name in ("finish_reason", "native_finish_reason", "finishReason")))
    if choice is not None and (choice.get("error") or message is not None):
        return _of_message(answer, choice, message or {}, ended, used)
    sign = filtered_by(answer)
    if choice is None and (pictures := tuple(pictures_in(answer))):
        return ChatAnswer(pictures=pictures, usage=used)
    if sign or (is_counted(answer) and ended <= {"stop"}):
        return ChatAnswer(
            refusal=f"the prompt was declined ({sign or 'nothing was answered'})", ended=ended, usage=used
        )
    if choice is None:
        raise NoCompletion("there is no choice in it")
    return ChatAnswer(ended=ended, usage=used)


def _of_message(
    answer: dict[str, Any], choice: dict[str, Any], message: dict[str, Any], ended: frozenset[str], used: Usage | None
) -> ChatAnswer:
    pictures = _pictures(answer, choice, message)
    text = "" if pictures and isinstance(message.get("content"), dict) else content_of(message)
    reply, carrier = answer_in(message)
    return ChatAnswer(text, reply, carrier, pictures, refusal_in(message), ended, used, choice.get("error"))


def _first_choice(answer: dict[str, Any]) -> dict[str, Any] | None:
    choices = answer.get("choices", answer.get("candidates", _as_choice(answer)))
    if isinstance(choices, dict):
        return choices
    if choices is not None and not isinstance(choices, list):
        raise NoCompletion("its choices are no list")
    if not choices:
        return None
    if not isinstance(choices[0], dict):
        raise NoCompletion("its choice is no object")
    return choices[0]


def _as_choice(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The choice of an answer in the form of another API: the message itself, or a list of what was put out."""
    reason = next((answer[name] for name in ("finish_reason", "stop_reason", "done_reason") if answer.get(name)), None)
    if reason is None and isinstance(details := answer.get("incomplete_details"), dict):
        reason = details.get("reason")
    reason = reason or answer.get("status")
    put_out = answer.get("output")
    if isinstance(put_out, list):
        items = [item for item in put_out if isinstance(item, dict)]
        parts = [item.get("content") if item.get("type") == "message" else [item] for item in items]
        message: Any = {"content": [part for some in parts if isinstance(some, list) for part in some]}
    else:
        message = answer.get("message")
        content = next((answer[name] for name in ("content", "output_text", "response") if answer.get(name)), None)
        message = message if isinstance(message, dict) else {"content": content} if content else None
    return None if message is None else {"message": message, "finish_reason": reason}


def _message(choice: dict[str, Any]) -> dict[str, Any] | None:
    message = next((choice[name] for name in ("message", "delta", "content", "text") if choice.get(name)), None)
    if isinstance(message, str):
        return {"content": message}
    if message is not None and not isinstance(message, dict):
        raise NoCompletion("its message is no object")
    if message is None:
        return {} if choice.get("message") == {} else None
    if "parts" in message and "content" not in message:
        return {"content": message["parts"]}
    if not isinstance(message.get("content"), str | list | dict | None):
        raise NoCompletion("its content is no text")
    return message


def _pictures(answer: dict[str, Any], choice: dict[str, Any], message: dict[str, Any]) -> tuple[str, ...]:
    """The pictures of a message; where it has none, those beside it."""
    content = message.get("content")
    own = pictures_in({name: value for name, value in message.items() if name != "content"})
    parts = pictures_in(content) if isinstance(content, list | dict) else iter(())
    if pictures := (*own, *parts):
        return pictures
    hidden = ("message", "delta", "content", "choices", "candidates")
    beside = (pictures_in({n: v for n, v in level.items() if n not in hidden}) for level in (choice, answer))
    return next((given for level in beside if (given := tuple(level))), ())


def usage_of(answer: dict[str, Any]) -> Usage | None:
    """The usage of an answer: tokens under the names in use, and the price where a gateway gives it."""
    reported = answer.get("usage") or answer.get("usageMetadata")
    if not isinstance(reported, dict):
        return None
    price = reported.get("cost")
    usd = float(price) if isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6 else None
    read, written = _count(reported, *_READ), _count(reported, *_WRITTEN)
    return None if (read, written, usd) == (None, None, None) else Usage(read, written, usd)


def _count(reported: dict[str, Any], *names: str) -> int | None:
    given = (reported.get(name) for name in names)
    whole = (int(v) if isinstance(v, float) and v.is_integer() else v for v in given)
    return next((v for v in whole if isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**31), None)
