"""What the manifest says about a table of samples: file, columns, ids, images. Data only; `pipeline.sources.table` reads it.

In: the `sources` entries of kind jsonl, json and parquet. Out: an immutable `TableSpec` without contradictions;
`pipeline.sources.columns` checks whether the file and its columns exist.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.sources import template
from pipeline.sources.mixing import SourceShare
from pipeline.typed import Strict
from stages.records import Task

PILLOW_REFUSES_ABOVE = 178_956_970  # twice PIL.Image.MAX_IMAGE_PIXELS, a global that is not ours to change
MOST_ROLLOUTS = 64
SIDE_MIN, SIDE_MAX = 16, 8192
FAILED_ROW = "row:"  # the ids of failed rows begin with it, and no others


class Columns(Strict):
    """Which column holds which field of a sample; `meta.caption` reaches into a nested column.

    `references` and `first` hold images: embedded bytes, `{bytes, path}` structs or paths below `images.root`.
    `checker` holds the specification of a check as it is; `CheckerSpec.columns` builds one from several columns.
    """

    instruction: str
    explanation: str | None = None
    references: str | None = None
    first: str | None = None
    category: str | None = None
    task: str | None = None
    licence: str | None = None
    width: str | None = None
    height: str | None = None
    checker: str | None = None

    def by_field(self) -> dict[str, str]:
        """Field -> column, for the fields that have a column."""
        return {field: column for field, column in self if column is not None}


class Constants(Strict):
    """Values that hold for every row."""

    explanation: str | None = None
    category: str | None = None
    task: Task | None = None
    licence: str | None = None
    width: int | None = Field(None, ge=SIDE_MIN, le=SIDE_MAX)
    height: int | None = Field(None, ge=SIDE_MIN, le=SIDE_MAX)

    def by_field(self) -> dict[str, str | int]:
        """Field -> value, for the fields that have a value."""
        return {field: value for field, value in self if value is not None}


class Images(Strict):
    """Where images lie that a row names by path: `path` is a template below `root`, with `{image}` for the name in the row."""

    root: str = Field(min_length=1)
    path: str = "{image}"

    @field_validator("path")
    @classmethod
    def _check_template(cls, value: str) -> str:
        if "image" not in template.names(value):
            raise ValueError(f"{value!r} lacks {{image}}; add it where the image's name belongs")
        return value


class CheckerSpec(Strict):
    """How a reward may check a row's result.

    objects: `columns` are put into one JSON object as they are (GenEval's include, exclude); those in `optional` may be absent.
    questions: two `columns`, lists of equal length: yes/no questions and their answers (TIIF).
    """

    style: Literal["judge", "objects", "questions"] = "judge"
    columns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class TableSpec(SourceShare):
    """A JSONL, JSON-array or Parquet file and how its columns become samples.

    `id` is a template that names a row: `{row}` is its number, from 1; ids must differ within the source. Each row makes `rollouts`
    samples, which differ in their ids and seeds alone. `order`: whether several files are read in the order of their names, or in
    one that the run's seed decides.
    """

    kind: Literal["jsonl", "json", "parquet"]
    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    id: str = "{row}"
    columns: Columns
    constants: Constants = Constants()
    images: Images | None = None
    checker: CheckerSpec = CheckerSpec()
    licence: str = "other"
    max_pixels: int = Field(40_000_000, ge=64, le=PILLOW_REFUSES_ABOVE)
    limit: int | None = Field(None, ge=1)
    rollouts: int = Field(1, ge=1, le=MOST_ROLLOUTS)
    order: Literal["listed", "shuffled"] = Field("listed", exclude_if=lambda value: value == "listed")

    @field_validator("id")
    @classmethod
    def _check_id(cls, value: str) -> str:
        if not template.names(value):
            raise ValueError(
                f"{value!r} is the same for every row; use columns in it, as in {{type}}/{{id}}, or {{row}}"
            )
        if value.startswith(FAILED_ROW):
            raise ValueError(f"{value!r} begins with {FAILED_ROW}, which names failed rows; begin it otherwise")
        return value

    @model_validator(mode="after")
    def _check_origins(self) -> Self:
        both = sorted(set(self.columns.by_field()) & set(self.constants.by_field()))
        if both:
            raise ValueError(f"{both[0]} has a column and a constant; remove one of them")
        fields = set(self.columns.by_field()) | set(self.constants.by_field())
        if len(fields & {"width", "height"}) == 1:
            raise ValueError("width and height go together; give both or neither")
        return self

    @model_validator(mode="after")
    def _check_checker(self) -> Self:
        check, whole = self.checker, self.columns.checker is not None
        if not set(check.optional) <= set(check.columns):
            raise ValueError("checker.optional names a column that checker.columns lacks; add it there")
        if check.style == "judge" and (check.columns or whole):
            raise ValueError(
                "a judge needs no specification; say checker.style objects or questions, or drop its columns"
            )
        if check.style != "judge" and bool(check.columns) == whole:
            raise ValueError(
                f"checker.style {check.style} needs either checker.columns or columns.checker; give one of them"
            )
        if check.style == "questions" and not whole and len(check.columns) != 2:
            raise ValueError("checker.style questions needs two checker.columns; name the questions, then the answers")
        return self

    def columns_used(self) -> dict[str, str]:
        """Place in the mapping -> column, for every column that each row must have."""
        used = {f"columns.{field}": column for field, column in self.columns.by_field().items()}
        for name in template.names(self.id):
            if name != "row":
                used[f"id {{{name}}}"] = name
        for name in template.names(self.images.path) if self.images else ():
            if name != "image":
                used[f"images.path {{{name}}}"] = name
        for name in self.checker.columns:
            if name not in self.checker.optional:
                used[f"checker.columns {name}"] = name
        return used
