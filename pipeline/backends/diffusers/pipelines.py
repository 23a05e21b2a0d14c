"""What each pipeline takes: how many images, in which form, in what sizes, steered by which parameters.

In: the name of a pipeline's class. Out: its row of the table, or what its signature says where it has none. Facts that a signature
shows too stand here as well, so that a manifest is checked without loading the library.
"""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["none", "each", "list"]
"""How images go in: not at all, one for each prompt, or all of one prompt as a list (then one prompt at a time)."""
Steering = frozenset[str]
GUIDED = frozenset({"guidance_scale"})
CFG = GUIDED | {"negative_prompt"}
BOTH = CFG | {"true_cfg_scale"}


@dataclass(frozen=True)
class Takes:
    """What one pipeline takes.

    `least` to `most` images in the form `form`; sides that are multiples of `multiple` pixels; the parameters in `steering`.
    `batches`: several prompts in one call. `true_cfg`: what is sent where the manifest says nothing. `area`: the pipeline brings
    every size to `max_area` unless it is told otherwise.
    """

    form: Form
    multiple: int
    steering: Steering
    least: int = 0
    most: int = 0
    batches: bool = True
    true_cfg: float | None = None
    area: bool = False


_QWEN_EDIT = Takes("list", 16, BOTH, least=1, most=1, batches=False, true_cfg=4.0)
_FROM_IMAGE = CFG | {"strength"}

PIPELINES: dict[str, Takes] = {
    "QwenImageEditPlusPipeline": Takes("list", 16, BOTH, least=1, most=4, batches=False, true_cfg=4.0),
    "QwenImageEditPipeline": _QWEN_EDIT,
    "QwenImagePipeline": Takes("none", 16, BOTH, true_cfg=4.0),
    "QwenImageImg2ImgPipeline": Takes("each", 16, BOTH | {"strength"}, least=1, most=1, true_cfg=4.0),
    "FluxKontextPipeline": Takes("each", 16, BOTH, most=1, area=True),
    "FluxPipeline": Takes("none", 16, BOTH),
    "FluxImg2ImgPipeline": Takes("each", 16, BOTH | {"strength"}, least=1, most=1),
    "Flux2Pipeline": Takes("list", 16, GUIDED, most=10, batches=False),
    "Flux2KleinPipeline": Takes("list", 16, GUIDED, most=4, batches=False),
    "StableDiffusionPipeline": Takes("none", 8, CFG),
    "StableDiffusionImg2ImgPipeline": Takes("each", 8, _FROM_IMAGE, least=1, most=1),
    "StableDiffusionInstructPix2PixPipeline": Takes("each", 8, CFG, least=1, most=1),
    "StableDiffusionXLPipeline": Takes("none", 8, CFG),
    "StableDiffusionXLImg2ImgPipeline": Takes("each", 8, _FROM_IMAGE, least=1, most=1),
    "StableDiffusion3Pipeline": Takes("none", 16, CFG),
    "StableDiffusion3Img2ImgPipeline": Takes("each", 16, _FROM_IMAGE, least=1, most=1),
    "ZImagePipeline": Takes("none", 16, CFG),
    "ZImageImg2ImgPipeline": Takes("each", 16, _FROM_IMAGE, least=1, most=1, batches=False),
    "SanaPipeline": Takes("none", 32, CFG),
    "PixArtSigmaPipeline": Takes("none", 8, CFG),
    "LongCatImagePipeline": Takes("none", 16, CFG),
    "LongCatImageEditPipeline": Takes("list", 16, CFG, least=1, most=1, batches=False),
    "ChromaPipeline": Takes("none", 16, CFG),
    "Lumina2Pipeline": Takes("none", 16, CFG),
    "CogView4Pipeline": Takes("none", 32, CFG),
    "AuraFlowPipeline": Takes("none", 16, CFG),
    "HunyuanImagePipeline": Takes("none", 32, frozenset({"distilled_guidance_scale", "negative_prompt"})),
}
"""The pipelines that were read for it. Others work by what their signature says: one image at most, one prompt at a time."""

OPTION_OF = {
    "guidance": "guidance_scale",
    "true_cfg": "true_cfg_scale",
    "negative_prompt": "negative_prompt",
    "strength": "strength",
}
"""Option of ours -> parameter of the library."""
_STEERING = frozenset(OPTION_OF.values()) | {"distilled_guidance_scale"}
_UNKNOWN_MULTIPLE = 32  # what every pipeline of the table divides


def takes(name: str, call: Callable[..., Any]) -> Takes:
    """What the pipeline `name` takes, whose `__call__` is `call`."""
    if name in PIPELINES:
        return PIPELINES[name]
    parameters = inspect.signature(call).parameters
    steering = _STEERING & set(parameters)
    if "image" not in parameters:
        return Takes("none", _UNKNOWN_MULTIPLE, steering)
    least = int(parameters["image"].default is inspect.Parameter.empty)
    return Takes("list", _UNKNOWN_MULTIPLE, steering, least=least, most=1, batches=False)


def parameter(option: str, row: Takes) -> str | None:
    """The parameter that an option sets on this pipeline; None where it has none."""
    name = OPTION_OF[option]
    if name == "guidance_scale" and "distilled_guidance_scale" in row.steering:
        return "distilled_guidance_scale"
    return name if name in row.steering else None


def drawn_size(width: int, height: int, multiple: int, side: int | None) -> tuple[int, int]:
    """The size to draw at for a `width` x `height` image: each side the nearest multiple, at least one.

    `side` asks for as many pixels as a square of that side has, in the same aspect.
    """
    scale = 1.0 if side is None else side / (width * height) ** 0.5
    return _nearest(width * scale, multiple), _nearest(height * scale, multiple)


def _nearest(pixels: float, multiple: int) -> int:
    return max(1, round(pixels / multiple)) * multiple


def misspelt(name: str) -> str | None:
    """The pipeline of the table that an unknown `name` was probably meant to be; None where it is one, or like none."""
    close = [] if name in PIPELINES else difflib.get_close_matches(name, PIPELINES, n=1, cutoff=0.94)
    return close[0] if close else None
