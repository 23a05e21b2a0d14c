"""Whether a row's own content is fit, whatever other rows hold.

In: a sample and the looks of its images. Out: why it is not fit, or None.
"""

from collections.abc import Iterator, Sequence

from pipeline.screening.dropped import Dropped
from pipeline.screening.looks import ImageLook
from pipeline.screening.spec import ImageScreen, UnsafeScreen
from stages.records import ImageRef, Sample


def images_of(sample: Sample) -> tuple[ImageRef, ...]:
    """The images that a row brings along: its references, then the baseline's image if there is one."""
    return sample.references if sample.first is None else (*sample.references, sample.first)


def check_images(spec: ImageScreen, sample: Sample, looks: Sequence[ImageLook]) -> Dropped | None:
    """The first way in which an image of the row is unfit."""
    return next(_unfit(spec, sample, looks), None)


def _unfit(spec: ImageScreen, sample: Sample, looks: Sequence[ImageLook]) -> Iterator[Dropped]:
    for name, image in zip(_names(sample), images_of(sample), strict=True):
        short, long = sorted((image.width, image.height))
        if spec.min_side is not None and short < spec.min_side:
            detail = f"{name} has {image.width} x {image.height} pixels (shorter side at least {spec.min_side})"
            yield Dropped("too_small", detail)
        if spec.max_aspect is not None and long > spec.max_aspect * short:
            detail = f"{name} has {image.width} x {image.height} pixels, {long / short:.2f} to 1"
            yield Dropped("aspect", f"{detail} (at most {spec.max_aspect:g})")
    if spec.min_contrast is not None:
        for name, seen in zip(_names(sample), looks, strict=True):
            if seen.contrast < spec.min_contrast:
                detail = f"{name} is blank: a contrast of {seen.contrast:.1f} (at least {spec.min_contrast:g})"
                yield Dropped("blank", detail)


def check_scores(spec: UnsafeScreen, sample: Sample, looks: Sequence[ImageLook]) -> Dropped | None:
    """The first image that the image model holds for unsafe."""
    if spec.images is None:
        return None
    for name, seen in zip(_names(sample), looks, strict=True):
        if seen.unsafe is not None and seen.unsafe >= spec.images:
            return Dropped("unsafe_image", f"{name} is unsafe with {seen.unsafe:.2f} (from {spec.images:g})")
    return None


def _names(sample: Sample) -> list[str]:
    count = len(sample.references)
    names = ["the reference"] if count == 1 else [f"reference {n}" for n in range(1, count + 1)]
    return names if sample.first is None else [*names, "the brought image"]
