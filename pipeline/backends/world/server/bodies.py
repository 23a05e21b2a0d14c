"""The bodies of requests in the OpenAI API, and the `ModelRequest` that each stands for.

In: JSON, or the fields of a form. Out: `ModelRequest`: exactly what a model of the world would be handed in this process.
Parameters that mean nothing to the world (temperature, quality, user, ...) are ignored, as other servers do; a parameter that
would change the form of the answer (n, stream, ...) is refused.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile

from pipeline.backends.world.models.skill import PRESETS, Skill, skill
from pipeline.backends.world.server.problems import RequestProblem, invalid
from pipeline.backends.world.server.reading import check, check_texts, uploaded
from stages.protocols import Message


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request to a model of the world from any endpoint. `images` are encoded bytes, in order, the canvas last."""

    skill: Skill
    messages: tuple[Message, ...]
    images: tuple[bytes, ...]
    seed: int
    schema: str


class _Body(BaseModel):
    """The fields of every request. `options` are those of a model in a manifest."""

    model: str
    seed: int = 0
    options: dict[str, float | str] = {}
    n: Literal[1] | None = None
    stream: Literal[False] | None = None

    def skill(self) -> Skill:
        """The skill of the named model. Raises RequestProblem."""
        if self.model not in PRESETS:
            raise RequestProblem(
                404, f"there is no model {self.model!r}; there are {', '.join(PRESETS)}", "model_not_found", "model"
            )
        try:
            return skill(self.model, self.options)
        except ValueError as error:
            raise invalid(str(error), "options") from error


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


class _JsonSchema(BaseModel):
    name: str


class _Format(BaseModel):
    type: Literal["json_schema", "json_object", "text"]
    json_schema: _JsonSchema | None = None


class Chat(_Body):
    """POST /v1/chat/completions. It asks for an image when `modalities` has one, else for the schema in `response_format`."""

    messages: list[_ChatMessage] = Field(min_length=1)
    modalities: list[str] | None = None
    response_format: _Format | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)

    @property
    def most_tokens(self) -> int | None:
        """The most tokens of the reply; None: no limit."""
        return self.max_completion_tokens or self.max_tokens

    def asked(self) -> ModelRequest:
        """The request to the model. Raises RequestProblem."""
        images = [image for n, message in enumerate(self.messages) for image in message.images(f"messages.{n}")]
        messages = tuple(Message(message.role, message.text()) for message in self.messages)
        check_texts(*(message.content for message in messages), self._schema())
        return ModelRequest(self.skill(), messages, tuple(images), self.seed, self._schema())

    def _schema(self) -> str:
        if self.modalities and "image" in self.modalities:
            return "image"
        schema = self.response_format and self.response_format.json_schema
        if schema:
            return schema.name
        raise invalid(
            "the world tells what is asked for by the name of the reply's schema: evaluation, reflection, diagnosis or plan;"
            ' or ask for an image, with modalities: ["image", "text"]',
            "response_format.json_schema.name",
        )


class ImageBody(_Body):
    """POST /v1/images/generations, and the fields of an edit. The prompt states the size; a `size` field must equal it."""

    prompt: str
    size: str | None = None
    response_format: Literal["b64_json"] | None = None
    output_format: Literal["png"] | None = None

    def asked(self, images: Sequence[bytes] = ()) -> ModelRequest:
        """The request to the model. Raises RequestProblem."""
        check_texts(self.prompt)
        return ModelRequest(self.skill(), (Message("user", self.prompt),), tuple(images), self.seed, "image")

    def check_size(self, width: int, height: int) -> None:
        """Raises RequestProblem when `size` names another width and height, in pixels."""
        if self.size not in (None, "auto", f"{width}x{height}"):
            raise invalid(f"size is {self.size}, and the prompt asks for {width}x{height}", "size")


async def edit(form: FormData) -> tuple[ImageBody, list[bytes]]:
    """POST /v1/images/edits: its fields and its images, in order. Raises RequestProblem.

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
    return check(ImageBody, {k: 1 if (k, v) == ("n", "1") else v for k, v in fields.items()}), images


def _number_or_word(text: str) -> float | str:
    """The value of a form's field as JSON would have had it."""
    try:
        return float(text)
    except ValueError:
        return text
