"""The answers of the OpenAI API. In: what a model replied. Out: the JSON that the client receives."""

import base64
import time
from typing import Any

from fastapi.responses import JSONResponse

from stages.protocols import Usage


def model_entry(name: str) -> dict[str, Any]:
    """An entry in the list of models."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "x2i-ladder"}


def message_with_image(image: bytes, kind: str = "png", words: str = "") -> dict[str, Any]:
    """A message that holds a picture of the media type image/`kind`, and the words beside it."""
    url = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    return {"content": words, "images": [{"type": "image_url", "image_url": {"url": url}}]}


def completion(
    model: str,
    message: dict[str, Any],
    usage: Usage | None,
    finish_reason: str = "stop",
    of_choice: dict[str, Any] | None = None,
    of_answer: dict[str, Any] | None = None,
) -> JSONResponse:
    """A chat completion of one choice; `of_choice` and `of_answer` are further fields of either."""
    turn = {"role": "assistant", "refusal": None, **message}
    choice = {"index": 0, "finish_reason": finish_reason, "message": turn, **(of_choice or {})}
    return JSONResponse(
        {
            "id": "chatcmpl-x2i",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [choice],
            "usage": counts(usage, "prompt_tokens", "completion_tokens"),
            **(of_answer or {}),
        }
    )


def picture(image: bytes, kind: str, usage: Usage | None) -> JSONResponse:
    """The answer of an image endpoint: one picture in base64, of the format `kind` (png, jpeg)."""
    return JSONResponse(
        {
            "created": int(time.time()),
            "data": [{"b64_json": base64.b64encode(image).decode()}],
            "output_format": kind,
            "usage": counts(usage, "input_tokens", "output_tokens"),
        }
    )


def counts(usage: Usage | None, read: str, written: str) -> dict[str, int | float] | None:
    """The tokens of a call under the names `read` and `written`, and its price where one is known; None where nothing is."""
    if usage is None or (usage.input_tokens, usage.output_tokens) == (None, None):
        return None
    named = {read: usage.input_tokens, written: usage.output_tokens, "cost": usage.usd}
    known = {name: value for name, value in named.items() if value is not None}
    return known | {"total_tokens": (usage.input_tokens or 0) + (usage.output_tokens or 0)}
