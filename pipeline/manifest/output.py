"""How the shards of a data set are written: sizes, encoding, the words' dialect, the markers of a tokenizer.

In: the manifest's `output`. Out: immutable values.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from pipeline.typed import Strict, shown


class ImageOutput(Strict):
    """Size (pixels, or [width, height]) and encoding (png, webp:1-100, jpeg:1-100) of the images that are trained on."""

    size: tuple[int, int] = (512, 512)
    encoding: str = Field("png", pattern=r"^(png|(webp|jpeg):([1-9][0-9]?|100))$")

    @field_validator("size", mode="before")
    @classmethod
    def _read_size(cls, value: Any) -> Any:
        sides = (value, value) if isinstance(value, int) else value
        if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(type(side) is int for side in sides):
            raise ValueError(f"got {shown(value)}; it should be one side or [width, height], in whole pixels")
        return tuple(sides)

    @field_validator("size")
    @classmethod
    def _check_size(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not all(16 <= side <= 8192 for side in value):
            raise ValueError(f"{value[0]} x {value[1]} is out of range; give sides of 16 to 8192 pixels")
        return value


def _check_marker(value: str) -> str:
    if not 2 <= len(value) <= 100 or any(sign.isspace() for sign in value):
        raise ValueError(f"{shown(value)} is no marker; give 2 to 100 characters without a blank")
    # a marker of letters alone would tear common words apart
    if value.isalnum():
        raise ValueError(f"{shown(value)} might be a word; a marker holds a sign that is no letter and no digit")
    return value


Marker = Annotated[str, AfterValidator(_check_marker)]


class Output(Strict):
    """How the shards are written. `markers`: what the trainer's tokenizer reads as a marker, beside what is known of all.
    `ranks` and `rank_workers`: the GPUs that will read a split at once, and the loader processes of each."""

    image: ImageOutput = ImageOutput()
    dialect: Literal["paper", "think"] = "paper"
    markers: tuple[Marker, ...] = Field((), max_length=1000)
    licence: str = "other"
    shard_bytes: int = Field(256 << 20, ge=1 << 10)
    row_group_bytes: int = Field(32 << 20, ge=1 << 10)
    row_group_rows: int = Field(100, ge=1, le=1000)
    ranks: int = Field(1, ge=1, le=100_000)
    rank_workers: int = Field(1, ge=1, le=1000)
