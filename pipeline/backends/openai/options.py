"""The options of a model over HTTP, as a manifest gives them. In: a mapping. Out: `Options`, or one line a problem."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from pipeline.backends.openai.schemas import Structured
from pipeline.typed import shown

_SET_BY_BUILD = ("model", "messages", "prompt", "stream", "n", "image")

_FIXED_SIZE = r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}"
_SECRET = re.compile(r"(key|token|secret|passw(or)?d|credentials?|authorization|bearer)$", re.IGNORECASE)


def _names(value: Any) -> Iterator[str]:
    """Every name in nested mappings and lists."""
    if isinstance(value, dict):
        yield from map(str, value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(inner)


class Options(BaseModel):
    """How a model is asked; whatever is left out is the server's default.

    `max_tokens` null sends no limit. `structured`: how a reply's shape is enforced. `images`: which part of the API makes them.
    `size`: "request" asks for the sample's size, "none" sends no size. `seed` false sends no seed, for servers that take none.
    `logprobs` has the tokens of each reply, and keeps them in a side file.
    `extra` goes into the request's body as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(4096, ge=1)
    structured: Structured = "json_schema"
    images: Literal["generations", "chat"] = "generations"
    size: str = Field("request", pattern=rf"^(request|auto|none|{_FIXED_SIZE})$")
    quality: str | None = None
    seed: bool = True
    logprobs: bool = False
    extra: dict[str, Any] = {}

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

    def identity(self) -> str:
        """All that changes answers, canonically: "temperature=0.7&top_p=0.9"; options left at their default are not named."""
        given = {name: value for name, value in self if value != type(self).model_fields[name].default}
        return "&".join(f"{name}={_canonical(given[name])}" for name in sorted(given))


def _canonical(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return quote(text, safe='{}[]":,._-/')


def fixed_size(options: Mapping[str, Any]) -> str | None:
    """The size, as "WIDTHxHEIGHT", that options ask for whatever the sample's; None where they ask for none."""
    size = options.get("size")
    sent = isinstance(size, str) and re.fullmatch(_FIXED_SIZE, size) and options.get("images") != "chat"
    return str(size) if sent else None


def checked(options: Mapping[str, Any]) -> Options:
    """The options, ready for use. Raises ValueError that names every problem."""
    problems = option_problems(options)
    if problems:
        raise ValueError("; ".join(f"option {name}: {text}" for name, text in problems))
    return Options.model_validate(dict(options))


def identity(model: str, revision: str, options: Options) -> str:
    """Who answers: model, revision, and the options that change answers; never where the model is."""
    named = options.identity()
    return f"openai/{model}@{revision}" + (f"?{named}" if named else "")


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with options, as (option, "problem; remedy") pairs; [] where they can be used."""
    try:
        Options.model_validate(dict(options))
    except ValidationError as error:
        return [(str(e["loc"][0]), _text(e)) for e in error.errors()]
    return []


def _text(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        names = sorted(Options.model_fields)
        close = difflib.get_close_matches(str(error["loc"][-1]), names, n=1, cutoff=0.5)
        return "unknown option; " + (f"did you mean {close[0]}?" if close else f"valid options are {', '.join(names)}")
    if error["type"] == "value_error":
        return str(error.get("ctx", {})["error"])
    if error["type"] == "string_pattern_mismatch":
        return f"got {shown(error['input'])}; it should be request, auto, none, or WIDTHxHEIGHT such as 1024x1024"
    return f"got {shown(error['input'])}; it should {error['msg'].partition(' should ')[2]}"
