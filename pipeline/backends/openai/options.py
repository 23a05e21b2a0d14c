"""The options of a model over HTTP, as a manifest gives them. In: a mapping. Out: `Options`, or one line a problem."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from pipeline.backends.openai.schemas import Structured
from pipeline.backends.option_model import OptionModel

_SET_BY_BUILD = ("model", "messages", "prompt", "stream", "n", "image")

_FIXED_SIZE = r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}"
_SECRET = re.compile(r"(key|token|secret|passw(or)?d|credentials?|authorization|bearer)$", re.IGNORECASE)


def _names(value: Any) -> Iterator[str]:
    """Every name in nested mappings and lists."""
    if isinstance(value, dict):
        yield from map(str, value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(inner)


class Options(OptionModel):
    """How a model is asked; whatever is left out is the server's default.

    `max_tokens` null sends no limit. `structured`: how a reply's shape is enforced. `images`: which part of the API makes them.
    `size`: "request" asks for the sample's size, "none" sends no size. `seed` false sends no seed, for servers that take none.
    `logprobs` has the tokens of each reply, and keeps them in a side file.
    `extra` goes into the request's body as it is.
    """

    forms: ClassVar[Mapping[str, str]] = {"size": "request, auto, none, or WIDTHxHEIGHT such as 1024x1024"}

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(4096, ge=1)
    structured: Structured = "json_schema"
    images: Literal["generations", "chat"] = "generations"
    size: str = Field("request", pattern=rf"^(request|auto|none|{_FIXED_SIZE})$")
    quality: str | None = None
    seed: bool = True
    logprobs: bool = False
    extra: dict[str, Any] = Field({})

    @field_validator("extra")
    @classmethod
    def _leaves_the_builds_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = [name for name in value if name in _SET_BY_BUILD]
        if taken:
            raise ValueError(f"{taken[0]!r} is set by the build itself; leave it out of extra")
        if any(_SECRET.search(name) for name in _names(value)):
            raise ValueError(
                "holds a key or a password, and options are written into every row; name it in api_key_env"
            )
        return value

    def sampling(self, seed: int) -> dict[str, Any]:
        """The fields of a body that say how to sample."""
        given = {"temperature": self.temperature, "top_p": self.top_p, "seed": seed if self.seed else None}
        sent = {name: value for name, value in given.items() if value is not None}
        # the numbers of the tokens are vLLM's own field: others ignore it
        return sent | ({"logprobs": True, "return_token_ids": True} if self.logprobs else {})


def fixed_size(options: Mapping[str, Any]) -> str | None:
    """The size, as "WIDTHxHEIGHT", that options ask for whatever the sample's; None where they ask for none."""
    size = options.get("size")
    sent = isinstance(size, str) and re.fullmatch(_FIXED_SIZE, size) and options.get("images") != "chat"
    return str(size) if sent else None
