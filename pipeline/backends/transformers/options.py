"""The options of a model of the transformers library, as a manifest gives them. In: a mapping. Out: `TransformersOptions`, or one
line a problem.
"""

from typing import Any, Literal

from pydantic import Field

from pipeline.backends.option_model import OptionModel

NOT_NAMED = ("device",)
"""Options that change no answer: they are no part of an identity."""

LOADING = ("dtype", "device", "attention", "processor")
"""Options that say how weights are loaded: models that differ in others only have them together."""


class TransformersOptions(OptionModel):
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

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str | None = Field(None, min_length=1)
    attention: str | None = Field(None, min_length=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=1)
    max_new_tokens: int = Field(2048, ge=1)
    structured: Literal["json_schema", "none"] = "json_schema"
    logprobs: bool = False
    template: dict[str, Any] = Field({})
    processor: dict[str, Any] = Field({})
    words: int = Field(0, ge=0)
    guidance: float = Field(3.0, ge=1)
    draw_temperature: float = Field(1.0, ge=0, le=2)
    draw_top_k: int = Field(2048, ge=0)
    negative: str = ""

    def meaning(self) -> dict[str, Any]:
        """See `OptionModel.meaning`: without where the model runs."""
        return {name: value for name, value in super().meaning().items() if name not in NOT_NAMED}
