"""The options of a model that vLLM runs in an engine. In: a mapping. Out: `VllmOptions`, or one line a problem."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.backends.openai.schemas import Structured
from pipeline.typed import shown, suggestion

_SET_BY_BUILD = ("model", "revision", "seed", "enable_prefix_caching", "disable_log_stats", "hf_token")
# where and how fast it runs, and not what it says; all else of `load` may change an answer
_WITHOUT_EFFECT = (
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "gpu_memory_utilization",
    "cpu_offload_gb",
    "kv_cache_memory_bytes",
    "max_num_seqs",
    "max_num_batched_tokens",
    "limit_mm_per_prompt",
    "enforce_eager",
)


class VllmOptions(BaseModel):
    """How a model is loaded and asked; whatever is left out is vLLM's default.

    `max_tokens`: of a reply. `structured`: how a reply's shape is enforced. `logprobs` keeps a reply's tokens in a side file.
    `load` goes to `vllm.LLM` as it is: dtype, tensor_parallel_size, max_model_len, gpu_memory_utilization, quantization.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int = Field(4096, ge=1)
    structured: Structured = "json_schema"
    logprobs: bool = False
    load: dict[str, Any] = {}

    @field_validator("load")
    @classmethod
    def _leaves_the_builds_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = [name for name in value if name in _SET_BY_BUILD]
        if taken:
            raise ValueError(f"{taken[0]!r} is set by the build itself; leave it out of load")
        return value

    def sampling(self, seed: int) -> dict[str, Any]:
        """How to sample, as `vllm.SamplingParams` takes it. An own default of vLLM's stands where nothing is said."""
        given = {"temperature": self.temperature, "top_p": self.top_p, "logprobs": 0 if self.logprobs else None}
        return {name: value for name, value in given.items() if value is not None} | {
            "seed": seed,
            "max_tokens": self.max_tokens,
        }

    def identity(self) -> str:
        """All that changes answers, canonically: "load={"dtype":"float32"}&temperature=0.7"; defaults are not named."""
        given = {name: value for name, value in self if value != type(self).model_fields[name].default}
        loads = {name: value for name, value in self.load.items() if name not in _WITHOUT_EFFECT}
        given = {name: value for name, value in given.items() if name != "load"} | ({"load": loads} if loads else {})
        return "&".join(f"{name}={_canonical(given[name])}" for name in sorted(given))


def _canonical(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return quote(text, safe='{}[]":,._-/')


def checked(options: Mapping[str, Any]) -> VllmOptions:
    """The options, ready for use. Raises ValueError that names every problem."""
    problems = option_problems(options)
    if problems:
        raise ValueError("; ".join(f"option {name}: {text}" for name, text in problems))
    return VllmOptions.model_validate(dict(options))


def identity(model: str, revision: str, options: VllmOptions) -> str:
    """Who answers: model, revision, and the options that change answers."""
    named = options.identity()
    return f"vllm/{model}@{revision}" + (f"?{named}" if named else "")


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with options, as (option, "problem; remedy") pairs; [] where they can be used."""
    try:
        VllmOptions.model_validate(dict(options))
    except ValidationError as error:
        return [(str(e["loc"][0]), _text(dict(e))) for e in error.errors()]
    return []


def _text(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown option; {suggestion(str(error['loc'][-1]), sorted(VllmOptions.model_fields), 'options')}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"got {shown(error['input'])}; it should {error['msg'].partition(' should ')[2]}"
