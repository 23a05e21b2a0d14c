"""The `ModelRequest` that each request to the world's server stands for.

In: bodies of the OpenAI API, to which the world adds `options`. Out: `ModelRequest`: exactly what a model of the world would be
handed in this process.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field
from starlette.datastructures import FormData

from pipeline.backends.serving.bodies import AnyBody, AnyChat, AnyImageBody, form_fields
from pipeline.backends.serving.problems import RequestProblem, invalid
from pipeline.backends.serving.reading import check, check_texts
from pipeline.backends.world.models.skill import PRESETS, Skill, skill
from stages.protocols import Message


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request to a model of the world from any endpoint. `images` are encoded bytes, in order, the canvas last."""

    skill: Skill
    messages: tuple[Message, ...]
    images: tuple[bytes, ...]
    seed: int
    schema: str


class _Skilled(AnyBody):
    """The fields of every request. `options` are those of a model in a manifest."""

    options: dict[str, float | str] = Field({})

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


class Chat(_Skilled, AnyChat):
    """POST /v1/chat/completions. It asks for an image when `modalities` has one, else for the schema in `response_format`."""

    def asked(self) -> ModelRequest:
        """The request to the model. Raises RequestProblem."""
        images, messages = self.images(), self.turns()
        check_texts(*(message.content for message in messages), self._schema())
        return ModelRequest(self.skill(), messages, images, self.seed, self._schema())

    def _schema(self) -> str:
        if self.draws:
            return "image"
        if self.schema_asked:
            return self.schema_asked.name
        raise invalid(
            "the world tells what is asked for by the name of the reply's schema: evaluation, reflection, diagnosis, plan, "
            'appraisal or rewording; or ask for an image, with modalities: ["image", "text"]',
            "response_format.json_schema.name",
        )


class ImageBody(_Skilled, AnyImageBody):
    """POST /v1/images/generations, and the fields of an edit. The prompt states the size; a `size` field must equal it."""

    def asked(self, images: Sequence[bytes] = ()) -> ModelRequest:
        """The request to the model. Raises RequestProblem."""
        check_texts(self.prompt)
        return ModelRequest(self.skill(), (Message("user", self.prompt),), tuple(images), self.seed, "image")

    def check_size(self, width: int, height: int) -> None:
        """Raises RequestProblem when `size` names another width and height, in pixels."""
        if self.size not in (None, "auto", f"{width}x{height}"):
            raise invalid(f"size is {self.size}, and the prompt asks for {width}x{height}", "size")


async def edit(form: FormData) -> tuple[ImageBody, list[bytes]]:
    """POST /v1/images/edits: its fields and its images, in order. Raises RequestProblem."""
    fields, images = await form_fields(form)
    return check(ImageBody, fields), images
