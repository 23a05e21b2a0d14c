"""What a request over HTTP asks of a model, as the protocols say it.

In: bodies of the OpenAI API. Out: `TextRequest`, `ImageRequest`, `ScoreRequest` of `stages.protocols`: messages and images in the
order in which the openai backend sends them, the reply's schema by its name, the size from the field or from the words.
"""

import random
import re
from collections.abc import Sequence

from pydantic import Field

from pipeline.backends.openai.schemas import schema
from pipeline.backends.serving.bodies import AnyBody, AnyChat, AnyImageBody, JsonSchema
from pipeline.backends.serving.limits import MOST_IMAGE_PIXELS
from pipeline.backends.serving.problems import invalid
from pipeline.backends.serving.reading import check_texts
from stages.protocols import ImageRequest, Message, ScoreRequest, TextRequest
from stages.records import ImageRef

FREE = "text"
"""The schema of a reply whose shape nobody asked for."""
SIDE, LEAST_SIDE, MOST_SIDE = 1024, 16, 8192
_FIELD = re.compile(r"([0-9]{1,5})x([0-9]{1,5})", re.ASCII)
_IN_WORDS = re.compile(
    r"<size>([0-9]{1,5})x([0-9]{1,5})</size>|Size: ([0-9]{1,5}) by ([0-9]{1,5}) pixels"
    r"|([0-9]{1,5}) pixels wide and ([0-9]{1,5}) pixels high",
    re.ASCII,
)
"""How the prompt kits state the size of the picture that they ask for."""


class _Seeded(AnyBody):
    """A seed that every library takes; without one, every request is drawn anew."""

    seed: int | None = Field(None, ge=0, lt=2**31)  # type: ignore[assignment]

    def drawn_seed(self) -> int:
        """The seed of the request, or a random one."""
        return random.getrandbits(31) if self.seed is None else self.seed


class ServedChat(_Seeded, AnyChat):
    """POST /v1/chat/completions, with the fields of vLLM by which the openai backend has a text scored."""

    logprobs: bool = False
    return_token_ids: bool = False
    prompt_logprobs: int | None = None
    continue_final_message: bool = False

    @property
    def scores(self) -> bool:
        """Whether this asks how likely the last message is."""
        return self.prompt_logprobs is not None

    @property
    def measures(self) -> bool:
        """Whether this only asks where the tokens of the request end: the first of the two calls of a score."""
        return self.return_token_ids and self.most_tokens == 1 and not self.logprobs and not self.scores

    def text_request(self, images: tuple[ImageRef, ...]) -> TextRequest:
        """The question. Raises RequestProblem."""
        kind, axes, steps = self._reply()
        return TextRequest(self._bearing(images), images, kind, self.drawn_seed(), 1, axes, steps)

    def image_request(self, images: tuple[ImageRef, ...]) -> ImageRequest:
        """The image that is asked for. Raises RequestProblem."""
        turns = self._bearing(images)
        width, height = size_asked(None, "\n".join(turn.content for turn in turns if turn.role == "user"), images)
        return ImageRequest(turns, images, width, height, "image", self.drawn_seed(), 1)

    def score_request(self, images: tuple[ImageRef, ...]) -> ScoreRequest:
        """The text that is asked about: the answer that the last message begins. Raises RequestProblem."""
        *turns, last = self._bearing(images)
        if last.role != "assistant" or not last.content or not self.continue_final_message or not turns:
            raise invalid(
                "prompt_logprobs are given of an answer: send it as the last message, by the assistant, with "
                "continue_final_message",
                "prompt_logprobs",
            )
        return ScoreRequest(tuple(turns), images, last.content, 0, 1)

    def _bearing(self, images: Sequence[ImageRef]) -> tuple[Message, ...]:
        turns = self.turns()
        if images and not any(turn.role == "user" for turn in turns):
            raise invalid("there are images and no message of a user to bear them", "messages")
        return turns

    def _reply(self) -> tuple[str, tuple[str, ...], tuple[int, int] | None]:
        """Schema, axes and steps of the reply."""
        form = self.response_format
        if form is None or form.type == "text":
            return FREE, (), None
        if form.json_schema is None:
            raise _unknown_shape()
        return _ladders_own(form.json_schema)


class ServedImage(_Seeded, AnyImageBody):
    """POST /v1/images/generations, and the fields of an edit."""

    def image_request(self, images: tuple[ImageRef, ...]) -> ImageRequest:
        """The image that is asked for. Raises RequestProblem."""
        check_texts(self.prompt)
        width, height = size_asked(self.size, self.prompt, images)
        return ImageRequest((Message("user", self.prompt),), images, width, height, "image", self.drawn_seed(), 1)


def size_asked(field: str | None, words: str, images: Sequence[ImageRef]) -> tuple[int, int]:
    """Width and height in pixels: of the field `size`, else as the words state it, else of the canvas, else 1024 x 1024.

    Raises RequestProblem for a size that is not drawn.
    """
    if field not in (None, "auto"):
        match = _FIELD.fullmatch(field or "")
        if match is None:
            raise invalid(f"size is {field!r}; write WIDTHxHEIGHT, such as 1024x1024", "size")
        sides = (int(match[1]), int(match[2]))
    elif match := _IN_WORDS.search(words):
        width, height = (int(side) for side in match.groups() if side is not None)
        sides = (width, height)
    else:
        sides = (images[-1].width, images[-1].height) if images else (SIDE, SIDE)
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in sides) or sides[0] * sides[1] > MOST_IMAGE_PIXELS:
        raise invalid(
            f"{sides[0]}x{sides[1]} is not drawn; ask for sides of {LEAST_SIDE} to {MOST_SIDE} pixels, "
            f"{MOST_IMAGE_PIXELS:,} together",
            "size",
        )
    return sides


def _ladders_own(asked: JsonSchema) -> tuple[str, tuple[str, ...], tuple[int, int] | None]:
    """What a schema of the ladder's replies stands for; a schema that only has a name is taken by it."""
    wanted = asked.wanted or {}
    fields = wanted.get("properties")
    fields = fields if isinstance(fields, dict) else {}
    axes = tuple(name for name in fields if name != "demands") if asked.name == "evaluation" else ()
    limits = fields.get("steps") if asked.name == "plan" else None
    most = limits.get("maxItems") if isinstance(limits, dict) else None
    least = limits.get("minItems") if isinstance(limits, dict) else None
    steps = (least, most) if isinstance(least, int) and isinstance(most, int) else None
    try:
        own = schema(TextRequest((), (), asked.name, 0, 1, axes, steps))
    except ValueError as error:
        raise _unknown_shape() from error
    if wanted and wanted != own:
        raise _unknown_shape()
    return asked.name, axes, steps


def _unknown_shape() -> Exception:
    return invalid(
        "only the shapes of the ladder's own replies are enforced, by json_schema: evaluation, reflection, diagnosis, plan, "
        "appraisal, rewording; leave response_format out to have none enforced",
        "response_format",
    )
