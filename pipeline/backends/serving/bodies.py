"""The bodies of requests in the OpenAI API, as every server of ours takes them.

In: JSON, or the fields of a form. Out: models of pydantic, and the messages and images in them. Parameters that mean nothing here
(quality, user, ...) are ignored, as other servers do; a parameter that would change the form of the answer (n, stream, ...) is
refused.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile

from pipeline.backends.serving.problems import invalid
from pipeline.backends.serving.reading import check_texts, uploaded
from stages.protocols import Message


class AnyBody(BaseModel):
    """The fields of every request."""

    model: str
    seed: int = 0
    n: Literal[1] | None = None
    stream: Literal[False] | None = None


class _Url(BaseModel):
    url: str

    def data(self, place: str) -> bytes:
        """The bytes of a data URI. Raises RequestProblem for any other URL: nothing is fetched."""
        head, comma, data = self.url.partition(",")
        if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
            raise invalid("only images as data:image/...;base64,... are taken; nothing is fetched", place)
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid(f"not base64: {error}", place) from error


class _TextPart(BaseModel):
    type: Literal["text"]
    text: str


class _ImagePart(BaseModel):
    type: Literal["image_url"]
    image_url: _Url


_Part = Annotated[_TextPart | _ImagePart, Field(discriminator="type")]


class _ChatMessage(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str | list[_Part]

    def text(self) -> str:
        """The text parts of a message, one a line."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if isinstance(part, _TextPart))

    def images(self, place: str) -> Sequence[bytes]:
        """The images of a message, in order. Raises RequestProblem."""
        if isinstance(self.content, str):
            return ()
        parts = (part for part in self.content if isinstance(part, _ImagePart))
        return [part.image_url.data(f"{place}.content") for part in parts]


class JsonSchema(BaseModel):
    """The schema that a reply should have."""

    name: str
    wanted: dict[str, Any] | None = Field(None, alias="schema")


class _Format(BaseModel):
    type: Literal["json_schema", "json_object", "text"]
    json_schema: JsonSchema | None = None


class AnyChat(AnyBody):
    """POST /v1/chat/completions. It asks for an image when `modalities` has one."""

    messages: list[_ChatMessage] = Field(min_length=1)
    modalities: list[str] | None = None
    response_format: _Format | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)

    @property
    def most_tokens(self) -> int | None:
        """The most tokens of the reply; None: no limit."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def draws(self) -> bool:
        """Whether an image is asked for."""
        return bool(self.modalities) and "image" in (self.modalities or ())

    @property
    def schema_asked(self) -> JsonSchema | None:
        """The schema of the reply that is asked for, if any."""
        return None if self.response_format is None else self.response_format.json_schema

    def turns(self) -> tuple[Message, ...]:
        """The messages as texts. Raises RequestProblem for texts that are not taken."""
        turns = tuple(Message(message.role, message.text()) for message in self.messages)
        check_texts(*(turn.content for turn in turns))
        return turns

    def images(self) -> tuple[bytes, ...]:
        """The images of all messages, in order. Raises RequestProblem."""
        return tuple(image for n, message in enumerate(self.messages) for image in message.images(f"messages.{n}"))


class AnyImageBody(AnyBody):
    """POST /v1/images/generations, and the fields of an edit."""

    prompt: str
    size: str | None = None
    response_format: Literal["b64_json"] | None = None
    output_format: Literal["png"] | None = None


async def form_fields(form: FormData) -> tuple[dict[str, Any], list[bytes]]:
    """The fields of an edit and its images, in order. Raises RequestProblem.

    A form cannot nest fields as JSON does, so clients send `options[slip]`.
    """
    fields: dict[str, Any] = {}
    images = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            images.append(await uploaded(value, name))
        elif name.startswith("options[") and name.endswith("]"):
            fields.setdefault("options", {})[name.removeprefix("options[").removesuffix("]")] = _number_or_word(value)
        else:
            fields[name] = value
    if not images:
        raise invalid("there is no image to edit", "image")
    return {k: 1 if (k, v) == ("n", "1") else v for k, v in fields.items()}, images


def _number_or_word(text: str) -> float | str:
    """The value of a form's field as JSON would have had it."""
    try:
        return float(text)
    except ValueError:
        return text
