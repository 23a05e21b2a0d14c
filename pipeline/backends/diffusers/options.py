"""The options of a diffusers model, as a manifest gives them. In: a mapping. Out: `DrawOptions`, or one line a problem."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from pipeline.backends.diffusers.pipelines import OPTION_OF, PIPELINES, misspelt, parameter
from pipeline.typed import Strict, shown, suggestion

_CLASS = r"^(auto|[A-Z][A-Za-z0-9_]*Pipeline)$"
_PLACES = frozenset({"device", "offload", "compile"})
"""Options that say where and how fast, not what is drawn; the last bits may still differ from one device to another."""
_SET_BY_BUILD = frozenset(
    {
        "prompt",
        "image",
        "width",
        "height",
        "generator",
        "num_inference_steps",
        "num_images_per_prompt",
        "output_type",
        "return_dict",
        "max_area",
        *OPTION_OF.values(),
    }
)


class _Typed(Strict):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Lora(_Typed):
    """Weights of a LoRA: the folder or file (or the hub's name), which file of a folder, and how strongly it counts."""

    path: str = Field(min_length=1)
    file: str | None = None
    weight: float = 1.0


class TextToImage(_Typed):
    """Who draws where there is no image to work from. Without `model` it is made of the parts of the other pipeline."""

    pipeline: str = Field("auto", pattern=_CLASS)
    model: str | None = Field(None, min_length=1)
    revision: str | None = None


class DrawOptions(_Typed):
    """How a pipeline is loaded and asked; whatever is left out is the pipeline's own default.

    `pipeline` "auto" takes the class that the model's folder names. `side` draws at as many pixels as a square of that side has.
    `lora` gives each a name of ours. `extra` are further parameters of the call.
    """

    pipeline: str = Field("auto", pattern=_CLASS)
    text_to_image: TextToImage | None = None
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    steps: int | None = Field(None, ge=1, le=1000)
    guidance: float | None = Field(None, ge=0)
    true_cfg: float | None = Field(None, ge=0)
    negative_prompt: str | None = None
    strength: float | None = Field(None, gt=0, le=1)
    side: int | None = Field(None, ge=16, le=8192)
    scheduler: str | None = Field(None, pattern=r"^[A-Z][A-Za-z0-9]*Scheduler$")
    lora: dict[str, Lora] = Field({})
    extra: dict[str, Any] = Field({})
    device: str | None = Field(None, pattern=r"^(cpu|cuda(:[0-9]+)?|mps|xpu(:[0-9]+)?)$")
    offload: Literal["none", "model", "sequential"] = "none"
    compile: bool = False

    @field_validator("extra")
    @classmethod
    def _leaves_the_builds_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(_SET_BY_BUILD & set(value))
        if taken:
            raise ValueError(f"{taken[0]!r} is set by the build or by an option of its own; leave it out of extra")
        return value

    @field_validator("offload")
    @classmethod
    def _has_a_device_to_leave(cls, value: str, info: Any) -> str:
        if value != "none" and info.data.get("device") == "cpu":
            raise ValueError("offload keeps weights off a GPU until they are needed, and device is cpu; say none")
        return value

    @property
    def loading(self) -> str:
        """All that decides what lies in memory: roles that agree in it share their weights."""
        names = ("pipeline", "text_to_image", "dtype", "scheduler", "lora", "device", "offload", "compile")
        return json.dumps(self.model_dump(include=set(names)), sort_keys=True)

    @property
    def drawing(self) -> str:
        """All that decides how an image is drawn: calls that agree in it may be drawn together."""
        names = ("steps", "guidance", "true_cfg", "negative_prompt", "strength", "side", "extra")
        return json.dumps(self.model_dump(include=set(names)), sort_keys=True)


def checked(options: Mapping[str, Any]) -> DrawOptions:
    """The options, ready for use. Raises ValueError that names every problem."""
    problems = list(option_problems(options))
    if problems:
        raise ValueError("; ".join(f"option {name}: {text}" for name, text in problems))
    return DrawOptions.model_validate(dict(options))


def identity(model: str, revision: str, options: DrawOptions) -> str:
    """Who draws: model, revision, and every option that changes images; never on which device."""
    plain = options.model_dump(exclude_defaults=True)
    given = {name: value for name, value in plain.items() if name not in _PLACES}
    named = "&".join(f"{name}={_canonical(value)}" for name, value in sorted(given.items()))
    return f"diffusers/{model}@{revision}" + (f"?{named}" if named else "")


def _canonical(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return re.sub(r"[&%|?\s]", lambda sign: f"%{ord(sign[0]):02X}", text)


def option_problems(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with options, as (option, "problem; remedy") pairs; none where they can be used."""
    try:
        given = DrawOptions.model_validate(dict(options))
    except ValidationError as error:
        yield from ((".".join(map(str, e["loc"])), _text(e)) for e in error.errors())
        return
    for place, name in (("pipeline", given.pipeline), ("text_to_image.pipeline", _second(given))):
        if name is not None and (meant := misspelt(name)):
            yield place, f"there is no {name}; did you mean {meant}?"
    row = PIPELINES.get(given.pipeline)
    second = PIPELINES.get(_second(given) or "")
    for option in OPTION_OF:
        if row and getattr(given, option) is not None and parameter(option, row) is None:
            if second and parameter(option, second):
                continue
            yield option, f"{given.pipeline} has no {OPTION_OF[option]}; leave it out"
    if second and second.least:
        yield "text_to_image.pipeline", f"{_second(given)} needs an image to work from; name a text-to-image pipeline"


def _second(options: DrawOptions) -> str | None:
    return None if options.text_to_image is None else options.text_to_image.pipeline


def _text(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        *outer, name = map(str, error["loc"])
        fields = _FIELDS[outer[0] if outer else ""]
        return f"unknown option; {suggestion(name, fields, 'options')}"
    if error["type"] == "value_error":
        return str(error.get("ctx", {})["error"])
    if error["type"] == "string_pattern_mismatch":
        return f"got {shown(error['input'])}; {_FORMS.get(str(error['loc'][-1]), error['msg'])}"
    if error["type"] == "missing":
        return "is missing; say which"
    return f"got {shown(error['input'])}; it should {error['msg'].partition(' should ')[2]}"


_FIELDS = {"": DrawOptions.model_fields, "lora": Lora.model_fields, "text_to_image": TextToImage.model_fields}
_FORMS = {
    "pipeline": "it should be auto or the name of a class such as FluxKontextPipeline",
    "scheduler": "it should be the name of a class such as EulerDiscreteScheduler",
    "device": "it should be cpu, cuda, cuda:NUMBER, mps or xpu",
}
