"""The bodies of requests to the reward server.

In: JSON. Out: pydantic models. Images are base64, bare or in a data URI; a path or an address is refused, so that a client can
neither read this machine's files nor send the server anywhere.
"""

import base64
import binascii
import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from training.rewards.prompts import AskedPrompt, Strictly
from training.rewards.server.problems import RewardProblem

MOST_ROLLOUTS, MOST_PARTS = 128, 64
_DATA_URI = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[./~\\]", re.IGNORECASE)

Name = Annotated[str, Field(min_length=1, max_length=200)]


class AskedPart(Strictly):
    """A text of an answer, or an image of it."""

    type: Literal["text", "image"]
    text: str | None = None
    image: str | None = None

    @model_validator(mode="after")
    def _holds_what_it_says(self) -> Self:
        if (self.text is None) == (self.type == "text") or (self.image is None) == (self.type == "image"):
            raise ValueError(f"a part of type {self.type} holds {self.type!r} and nothing else")
        return self


class AskedRollout(Strictly):
    """One answer: its texts and images in order. `id` makes it known again; by default it is known by what it holds."""

    id: Name | None = None
    parts: tuple[AskedPart, ...] = Field(max_length=MOST_PARTS)


class _OfPrompt(Strictly):
    """What is answered: all of it, or the id by which the server knows it (the `extra_info.id` of an RL row)."""

    prompt: AskedPrompt | None = None
    prompt_id: Name | None = None

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.prompt is None) == (self.prompt_id is None):
            raise ValueError("give either prompt or prompt_id")
        return self


class GroupBody(_OfPrompt):
    """POST /v1/groups: all answers to one prompt."""

    rollouts: tuple[AskedRollout, ...] = Field(min_length=1, max_length=MOST_ROLLOUTS)
    group: Name | None = None

    @field_validator("rollouts")
    @classmethod
    def _distinct(cls, value: tuple[AskedRollout, ...]) -> tuple[AskedRollout, ...]:
        names = [rollout.id for rollout in value if rollout.id is not None]
        if len(set(names)) < len(names):
            raise ValueError("two rollouts have one id; give each its own")
        return value


class RolloutBody(_OfPrompt):
    """POST /v1/rollouts: one answer, of a group whose others are sent by somebody else."""

    rollout: AskedRollout
    group: Name
    group_size: int = Field(ge=1, le=MOST_ROLLOUTS)

    @field_validator("rollout")
    @classmethod
    def _is_named(cls, value: AskedRollout) -> AskedRollout:
        if value.id is None:
            raise ValueError("a rollout that comes alone needs an id, by which its repetition is known")
        return value


def image_bytes(text: str, param: str) -> bytes:
    """The bytes of an image. Raises RewardProblem for anything but base64."""
    uri = _DATA_URI.match(text)
    encoded = text[uri.end() :] if uri else text
    if uri is None and _ELSEWHERE.match(text) and not text.startswith("/9j/"):  # so begins every JPEG in base64
        words = "paths and addresses are not fetched; send the image itself, as base64 or as data:image/png;base64,..."
        raise RewardProblem(400, f"{param}: {words}", "invalid_value", param)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RewardProblem(400, f"{param}: this is no base64 ({error})", "invalid_value", param) from error
