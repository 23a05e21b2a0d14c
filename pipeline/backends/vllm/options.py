"""The options of a model that vLLM runs in an engine. In: a mapping. Out: `VllmOptions`, or one line a problem."""

from typing import Any

from pydantic import Field, field_validator

from pipeline.backends.openai.schemas import Structured
from pipeline.backends.option_model import OptionModel

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


class VllmOptions(OptionModel):
    """How a model is loaded and asked; whatever is left out is vLLM's default.

    `max_tokens`: of a reply. `structured`: how a reply's shape is enforced. `logprobs` keeps a reply's tokens in a side file.
    `load` goes to `vllm.LLM` as it is: dtype, tensor_parallel_size, max_model_len, gpu_memory_utilization, quantization.
    """

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int = Field(4096, ge=1)
    structured: Structured = "json_schema"
    logprobs: bool = False
    load: dict[str, Any] = Field({})

    @field_validator("load")
    @classmethod
    def _leaves_the_builds_own(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = [name for name in value if name in _SET_BY_BUILD]
        if taken:
            raise ValueError(f"{taken[0]!r} is set by the build itself; leave it out of load")
        return value

    def sampling(self, seed: int) -> dict[str, Any]:
        """How to sample, as `vllm.SamplingParams` takes it. An own default of vLLM's stands where nothing is said."""
        given = {"temperature": self.temperature, "top_p": self.top_p}
        return {name: value for name, value in given.items() if value is not None} | {
            "seed": seed,
            "max_tokens": self.max_tokens,
            # of the tokens that are sampled: they tell logits that are no numbers
            "logprobs": 0,
        }

    def meaning(self) -> dict[str, Any]:
        """See `OptionModel.meaning`: without how fast the model runs."""
        loads = {name: value for name, value in self.load.items() if name not in _WITHOUT_EFFECT}
        given = {name: value for name, value in super().meaning().items() if name != "load"}
        return given | ({"load": loads} if loads else {})
