"""One row of `sft`, as a trainer works with it.

In: the columns of a row (`traj/2`) as any Parquet reader gives them, images undecoded. Out: a `TrainingRow`, checked and frozen;
and its columns again, equal to those that were read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from math import inf
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

VERSION = "traj/2"
NO_IMAGE = -1
"""The `image_index` of a text."""


class RowProblem(ValueError):
    """A row that is none of `traj/2`; the message names where it was read, the field, and what to do."""


@dataclass(frozen=True, slots=True)
class ImageCell:
    """An encoded image (`bytes`) and its name (`path`), as the Hugging Face image type stores them."""

    bytes: bytes
    path: str | None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of an image: the sha256 of the bytes in the row and of the file it came as, its size in pixels, who made it."""

    sha256: str
    original_sha256: str
    width: int
    height: int
    format: str
    origin: str


@dataclass(frozen=True, slots=True)
class RowSegment:
    """One stretch of text, or one image of the row (`image_index`, -1 for a text).

    `loss` is 0 (context only), 1 (trained) or another weight. `next_special` names the token trained after the segment:
    vision_start, im_start or end; None where none is. `inputs` are numbers of images of the row.
    """

    type: Literal["text", "image"]
    role: Literal["user", "assistant"]
    kind: str
    index: int
    text: str | None
    image_index: int
    payload: str | None
    inputs: tuple[int, ...]
    made_by: str | None
    against: str | None
    loss: float
    vae: bool
    vit: bool
    cfg_drop: bool
    next_special: Literal["vision_start", "im_start", "end"] | None


@dataclass(frozen=True, slots=True)
class ImageScores:
    """How an image of the row was judged, 1 to 5 an axis; None where an axis does not apply."""

    image_index: int
    against: str | None
    instruction: float | None
    consistency: float | None
    quality: float | None
    knowledge: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A trajectory as it is trained on: its segments in reading order, and its images, each once."""

    id: str
    schema_version: Literal["traj/2"]
    mode: str
    task: str
    category: str
    instruction: str
    explanation: str | None
    source: str
    licence: str
    images: tuple[ImageCell, ...]
    segments: tuple[RowSegment, ...]
    image_meta: tuple[ImageFacts, ...]
    scores: tuple[ImageScores, ...]
    applicable_axes: tuple[str, ...]
    n_images: int
    n_text_chars: int
    leak_group: str
    provenance: str
    content_hash: str

    def columns(self) -> dict[str, Any]:
        """The columns of the row, lists where Parquet has lists."""
        return cast(dict[str, Any], _listed(asdict(self)))


def read_row(columns: Mapping[str, Any], where: str) -> TrainingRow:
    """The row with these columns. Raises RowProblem, which begins with `where`: the file and the number of the row."""
    version = columns.get("schema_version")
    if version != VERSION:
        raise RowProblem(f"{where}: schema_version is {version!r}, this reads {VERSION}; build the shards again")
    try:
        row = _rows().validate_python(columns)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise RowProblem(f"{where}: {field}: {first['msg']}; `x2i verify` checks a whole output") from None
    images = len(row.images)
    if len(row.image_meta) != images:
        raise RowProblem(f"{where}: image_meta has {len(row.image_meta)} entries, the row holds {images} images")
    for n, segment in enumerate(row.segments):
        _check(segment, f"{where}: segments.{n}", images)
    for n, score in enumerate(row.scores):
        if not 0 <= score.image_index < images:
            raise RowProblem(f"{where}: scores.{n}: image_index is {score.image_index}, the row holds {images} images")
    return row


def _check(segment: RowSegment, where: str, images: int) -> None:
    if not 0 <= segment.loss < inf:
        raise RowProblem(f"{where}: loss is {segment.loss}; it is 0, 1 or another weight above 0")
    if any(not 0 <= image < images for image in segment.inputs):
        raise RowProblem(f"{where}: inputs are {list(segment.inputs)}, the row holds {images} images")
    if segment.type == "text" and (segment.text is None or segment.image_index != NO_IMAGE):
        raise RowProblem(f"{where}: a text has a `text` and the image_index {NO_IMAGE}")
    if segment.type == "image" and (segment.text is not None or not 0 <= segment.image_index < images):
        raise RowProblem(f"{where}: image_index is {segment.image_index}, the row holds {images} images")


@cache
def _rows() -> TypeAdapter[TrainingRow]:
    return TypeAdapter(TrainingRow)


def _listed(value: Any) -> Any:
    """`value` with lists for tuples, as pyarrow gives them."""
    if isinstance(value, dict):
        return {name: _listed(inner) for name, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, tuple | list) else value
