"""From the bytes of a request to its fields. In: a Starlette request. Out: a body of `bodies`, or `RequestProblem`.

Bodies are parsed here, not by the framework, so that everything that can be wrong with one is answered alike, and nothing is parsed
that would take many times its bytes.
"""

import json
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from pipeline.backends.serving.limits import MOST_FIELDS, MOST_IMAGES, MOST_TEXT, MOST_VALUES
from pipeline.backends.serving.problems import RequestProblem, invalid, unfit

Body = TypeVar("Body", bound=BaseModel)


async def read_json(request: Request, shape: type[Body]) -> Body:
    """The JSON body of a request. Raises RequestProblem."""
    data = await request.body()
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise invalid(f"the body has more than {MOST_VALUES:,} values")
    try:
        value = json.loads(data, parse_constant=_refuse)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error
    except ValueError as error:
        raise invalid(f"the body is no JSON: {error}") from error
    return check(shape, value)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def check(shape: type[Body], value: object) -> Body:
    """The value as a body. Raises RequestProblem."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise unfit(list(error.errors(include_input=False, include_url=False, include_context=False))) from error
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


async def read_form(request: Request) -> FormData:
    """The multipart form of a request. Raises RequestProblem, HTTPException for one that is malformed or too large."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise invalid("an edit is sent as multipart/form-data, with the images as image[]", "image")
    if "boundary=" not in kind.lower():
        raise invalid("the multipart form has no boundary")
    return await request.form(max_files=MOST_IMAGES, max_fields=MOST_FIELDS, max_part_size=4 * MOST_TEXT)


async def uploaded(value: UploadFile, name: str) -> bytes:
    """The bytes of an image in a form. Raises RequestProblem for a file of another name."""
    if name not in ("image", "image[]"):
        raise invalid("no such file is taken; send the images as image[]", name)
    return await value.read()


def check_texts(*texts: str) -> None:
    """Raises RequestProblem for texts that are too long, or that cannot be written down."""
    if sum(map(len, texts)) > MOST_TEXT:
        raise RequestProblem(
            400, f"the texts have more than {MOST_TEXT:,} characters", "context_length_exceeded", "messages"
        )
    if any("\ud800" <= c <= "\udfff" for text in texts for c in text):
        raise invalid("a text holds half a character (a lone surrogate)", "messages")
