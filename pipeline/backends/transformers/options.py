"""The options of a model of the transformers library, as a manifest gives them. In: a mapping. Out: `TransformersOptions`, or one
line a problem.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from pipeline.backends.contract import Options
from pipeline.typed import shown

NOT_NAMED = ("device",)
"""Options that change no answer: they are no part of an identity."""

LOADING = ("dtype", "device", "attention", "processor")
"""Options that say how weights are loaded: models that differ in others only have them together."""


class TransformersOptions(BaseModel):
    """How a model is loaded and asked. Sampling left out is what the model's own generation_config.json says.

    `dtype`: "auto" is the one that the weights are stored in. `device`: such as "cuda:1"; null takes a GPU where there is one,
    "auto" spreads the model over all. `attention`: an implementation by the library's name, such as "flash_attention_2".
    `temperature` 0 always takes the likeliest token. `max_new_tokens` counts the words of a reply. `structured`: whether a reply
    must have its shape. `logprobs` keeps the tokens of a reply and their log-probabilities in a side file. `template` goes into the
    chat template and `processor` into the processor, both as they are.
    `words`: how many tokens a model may say before it draws; 0 draws at once. `guidance`: how far an image is drawn away from one
    of no words; 1 switches it off. `draw_temperature` and `draw_top_k` sample the tokens of an image (top_k 0: all). `negative`:
    words to draw away from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str | None = Field(None, min_length=1)
    attention: str | None = Field(None, min_length=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=1)
    max_new_tokens: int = Field(2048, ge=1)
    structured: Literal["json_schema", "none"] = "json_schema"
    logprobs: bool = False
    template: dict[str, Any] = {}
    processor: dict[str, Any] = {}
    words: int = Field(0, ge=0)
    guidance: float = Field(3.0, ge=1)
    draw_temperature: float = Field(1.0, ge=0, le=2)
    draw_top_k: int = Field(2048, ge=0)
    negative: str = ""

    def identity(self) -> str:
        """All that changes answers, canonically: "dtype=float32&top_p=0.9"; options left at their default are not named."""
        given = {
            name: value
            for name, value in self
            if name not in NOT_NAMED and value != type(self).model_fields[name].default
        }
        return "&".join(f"{name}={_canonical(given[name])}" for name in sorted(given))


def _canonical(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return quote(text, safe='{}[]":,._-/')


def identity(model: str, revision: str, options: TransformersOptions) -> str:
    """Who answers: model, revision, and the options that change answers; never where the model runs."""
    named = options.identity()
    return f"transformers/{model}@{revision}" + (f"?{named}" if named else "")


def checked(options: Options) -> TransformersOptions:
    """The options, ready for use. Raises ValueError that names every problem."""
    problems = option_problems(options)
    if problems:
        raise ValueError("; ".join(f"option {name}: {text}" for name, text in problems))
    return TransformersOptions.model_validate(dict(options))


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with options, as (option, "problem; remedy") pairs; [] where they can be used."""
    try:
        TransformersOptions.model_validate(dict(options))
    except ValidationError as error:
        return [(str(e["loc"][0]), _text(e)) for e in error.errors()]
    return []


def _text(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        names = sorted(TransformersOptions.model_fields)
        close = difflib.get_close_matches(str(error["loc"][-1]), names, n=1, cutoff=0.5)
        return "unknown option; " + (f"did you mean {close[0]}?" if close else f"valid options are {', '.join(names)}")
    return f"got {shown(error['input'])}; it should {error['msg'].partition(' should ')[2]}"
