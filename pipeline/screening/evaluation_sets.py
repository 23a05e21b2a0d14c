"""Reads the evaluation sets that a build must not contain.

In: their `TableSpec`s. Out: their prompts, with the hashes and looks of the images that belong to them. A set is read in full
before the first row is judged, and one row of it that cannot be read stops the build: whether it is in the data could not be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from pipeline.errors import BuildError
from pipeline.screening.looks import ImageLook, look
from pipeline.screening.pictures import read_pictures
from pipeline.sources import table
from pipeline.sources.bad_row import BadRow, Place
from pipeline.sources.chunk import Cells
from pipeline.sources.files import TableError
from pipeline.sources.mapping import Row
from pipeline.sources.spec import TableSpec


@dataclass(frozen=True, slots=True)
class EvaluationPrompt:
    """One prompt of an evaluation set, where it stands, and its images: sha256 of the bytes as they came, and looks."""

    set_name: str
    file: str
    row: int
    text: str
    images: tuple[tuple[str, ImageLook], ...] = ()


def read_prompts(spec: TableSpec, with_images: bool) -> Iterator[EvaluationPrompt]:
    """The prompts of a set, in its order. Raises BuildError where the set or a row of it cannot be read."""
    try:
        for place, values in table.rows(spec):
            yield _read_prompt(spec, place, values, with_images)
    except (TableError, OSError) as error:
        raise BuildError(f"screens.decontaminate.{spec.name}: {error}") from error


def _read_prompt(spec: TableSpec, place: Place, values: Cells, with_images: bool) -> EvaluationPrompt:
    try:
        if isinstance(values, BadRow):
            raise values
        row = Row(spec, place, values)
        pictures = tuple(_read_images(row)) if with_images else ()
        return EvaluationPrompt(spec.name, place.file, place.row, row.instruction(), pictures)
    except BadRow as error:
        raise BuildError(f"screens.decontaminate.{spec.name}: {error.line(place)}") from error


def _read_images(row: Row) -> Iterator[tuple[str, ImageLook]]:
    for picture in read_pictures(row, "references"):
        yield sha256(picture.original).hexdigest(), look(picture.pixels)
