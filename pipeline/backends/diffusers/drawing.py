"""A batch through a pipeline. In: jobs of one shape. Out: pixels or an error for each. Runs in the thread of the batches.

That thread only computes: pixels become a picture, and a picture a file, in `finished` and after it, in threads of the callers, so
that the device works on the next batch meanwhile.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from pipeline.backends.diffusers.loading import Hosted
from pipeline.backends.diffusers.options import DrawOptions
from pipeline.backends.diffusers.pipelines import OPTION_OF, parameter
from pipeline.backends.local.batcher import OutOfMemory
from pipeline.backends.local.faults import mapped
from pipeline.backends.local.libraries import library
from pipeline.backends.local.pictures import WITHHELD, is_black, picture_of, pixels_of
from stages.errors import EngineDead, Malformed, ModelError, Refused

_NEGATIVE = " "  # true classifier-free guidance needs a text to lead away from; without one it is off


@dataclass(frozen=True)
class DrawShape:
    """All that must be equal within a batch: how to draw, the size to draw at in pixels, and the sizes of the images."""

    drawing: str
    width: int
    height: int
    images: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class DrawJob:
    """One image to draw; the last of `images` is the canvas."""

    prompt: str
    images: tuple[Image.Image, ...]
    seed: int


@dataclass(frozen=True, eq=False)
class DrawnPixels:
    """What was drawn, in the form that `pixels_of` gives, and whether a safety checker holds it back."""

    values: Any
    withheld: bool


Drawn = DrawnPixels | ModelError


def draw_batch(hosted: Hosted, options: DrawOptions, shape: DrawShape, jobs: Sequence[DrawJob]) -> list[Drawn]:
    """Pixels or an error for each job. Raises OutOfMemory when they are too many, EngineDead when the device is lost."""
    try:
        return _draw(hosted, options, shape, jobs)
    except EngineDead:
        raise
    except ModelError as error:
        if len(jobs) == 1:
            return [error]
    # one of them is at fault, and it is not known which: each answers for itself
    return [drawn for job in jobs for drawn in draw_batch(hosted, options, shape, [job])]


def _draw(hosted: Hosted, options: DrawOptions, shape: DrawShape, jobs: Sequence[DrawJob]) -> list[Drawn]:
    torch = library("torch", "diffusers")
    try:
        with mapped(hosted.name), hosted.using, torch.inference_mode():
            hosted.sizes.append(len(jobs))
            output = hosted.pipe(**arguments(hosted, options, shape, jobs))
            return _pixels(output, len(jobs))
    except OutOfMemory as error:
        words = str(error)
    # raised anew: the first error holds the frames, and with them the memory that the smaller batch needs
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(words)


def arguments(hosted: Hosted, options: DrawOptions, shape: DrawShape, jobs: Sequence[DrawJob]) -> dict[str, Any]:
    """The parameters of the pipeline's call."""
    torch = library("torch", "diffusers")
    row = hosted.takes
    count = len(jobs)
    given: dict[str, Any] = {
        **{name: value for name, value in options.extra.items() if accepts(hosted, name)},
        "prompt": [job.prompt for job in jobs] if row.batches else jobs[0].prompt,
        # noise from the CPU's generator is the same on every device
        "generator": [torch.Generator("cpu").manual_seed(job.seed) for job in jobs],
        "output_type": _form(hosted),
        **steering(hosted, options),
    }
    if options.steps is not None:
        given["num_inference_steps"] = options.steps
    if (negative := given.get("negative_prompt")) is not None and row.batches:
        given["negative_prompt"] = [negative] * count
    sized = accepts(hosted, "width")
    if sized:
        given |= {"width": shape.width, "height": shape.height}
    if row.area:
        given["max_area"] = shape.width * shape.height
    if shape.images:
        given["image"] = _images(hosted, shape, jobs, resize=not sized or "strength" in row.steering)
    return given


def steering(hosted: Hosted, options: DrawOptions) -> dict[str, Any]:
    """The parameters by which the options steer this pipeline; those that it lacks are another pipeline's."""
    row = hosted.takes
    values = {
        name: getattr(options, option)
        for option in OPTION_OF
        if (name := parameter(option, row)) is not None and getattr(options, option) is not None
    }
    if row.true_cfg is not None:
        values.setdefault("true_cfg_scale", row.true_cfg)
    if values.get("true_cfg_scale", 0) > 1:
        values.setdefault("negative_prompt", _NEGATIVE)
    return values


def _images(hosted: Hosted, shape: DrawShape, jobs: Sequence[DrawJob], resize: bool) -> Any:
    if hosted.takes.form == "list":
        images = list(jobs[0].images)
        return images if hosted.takes.most > 1 else images[0]
    canvases = [job.images[-1] for job in jobs]
    if not resize:
        return canvases
    # a start image is drawn over, so it must have the size that is drawn
    return [canvas.resize((shape.width, shape.height), Image.Resampling.LANCZOS) for canvas in canvases]


def accepts(hosted: Hosted, name: str) -> bool:
    """Whether the pipeline's call has a parameter of this name."""
    return name in inspect.signature(type(hosted.pipe).__call__).parameters


def _form(hosted: Hosted) -> str:
    """Tensors where the pipeline gives them: whole numbers are then made on the device, a quarter of the bytes to bring here."""
    return "pt" if hasattr(hosted.pipe, "image_processor") else "np"


def _pixels(output: Any, count: int) -> list[Drawn]:
    withheld = getattr(output, "nsfw_content_detected", None) or [False] * count
    return [DrawnPixels(values, bool(flag)) for values, flag in zip(pixels_of(output.images), withheld, strict=True)]


def finished(hosted: Hosted, drawn: DrawnPixels) -> Image.Image:
    """The picture. Raises Refused where it is held back, Malformed where it is none."""
    picture = picture_of(drawn.values, drawn.withheld)
    if not is_black(picture):
        return picture
    if getattr(hosted.pipe, "safety_checker", None) is not None:
        raise Refused(WITHHELD)
    raise Malformed(
        "", f"{hosted.name} drew a black image: every pixel is 0, as a safety checker or an overflow leaves it"
    )


def asked_size(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at the size that was asked for: the whole of it, resampled only where the sizes differ."""
    if picture.size == (width, height):
        return picture
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def shape_of(options: DrawOptions, width: int, height: int, images: tuple[tuple[int, int], ...]) -> DrawShape:
    """The shape of a call that draws at `width` x `height`."""
    return DrawShape(options.drawing, width, height, images)
