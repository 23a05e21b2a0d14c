"""What the manifest says about a table of samples: file, columns, ids, images. Data only; `pipeline.sources.table` reads it.

In: the `sources` entries of all kinds but world. Out: an immutable `TableSpec` without contradictions;
`pipeline.sources.columns` checks whether the file and its columns exist.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator, model_validator

from pipeline.sources import template
from pipeline.sources.mixing import SourceShare
from pipeline.typed import Strict
from stages.records import Task

PILLOW_REFUSES_ABOVE = 178_956_970  # twice PIL.Image.MAX_IMAGE_PIXELS, a global that is not ours to change
MOST_ROLLOUTS = 64
SIDE_MIN, SIDE_MAX = 16, 8192
_SECRET = re.compile(r"sig|token|key|secret|credential|passw|auth", re.IGNORECASE)
"""Names of what an address may not ask with."""
FAILED_ROW = "row:"  # the ids of failed rows begin with it, and no others
UNSTATED = "unstated"
"""The licence of a row that names none, and whose source names none."""

Kind = Literal["jsonl", "json", "parquet", "csv", "tsv", "webdataset", "huggingface"]
Name = Annotated[str, Field(min_length=1)]
Column = Name | Annotated[tuple[Name, ...], Field(min_length=1)]
"""One column, or several: of texts and numbers the first that holds something counts, of images all of them."""


class Columns(Strict):
    """Which column holds which field of a sample; `meta.caption` reaches into a nested column.

    `references` and `first` hold images: embedded bytes, `{bytes, path}` structs or paths below `images.root`.
    `checker` holds the specification of a check as it is; `CheckerSpec.columns` builds one from several columns.
    """

    instruction: Column
    explanation: Column | None = None
    references: Column | None = None
    first: Column | None = None
    category: Column | None = None
    task: Column | None = None
    licence: Column | None = None
    # left out where nobody set it, so that a build without it is the same build as ever
    citation: Column | None = Field(None, exclude_if=lambda value: value is None)
    width: Column | None = None
    height: Column | None = None
    checker: Column | None = None

    def by_field(self) -> dict[str, tuple[str, ...]]:
        """Field -> its columns, for the fields that have any."""
        return {field: (column,) if isinstance(column, str) else column for field, column in self if column is not None}


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
    """A table, of one file or many, and how its columns become samples.

    `id` is a template that names a row: `{row}` is its number, from 1; ids must differ within the source. Each row makes `rollouts`
    samples, which differ in their ids and seeds alone. `order`: whether several files are read in the order of their names, or in
    one that the run's seed decides. `categories`: what the table calls a category -> its name here; others keep theirs.
    `evaluation`: a set that models are measured by, from which nothing is built unless it says "allow". `subset`, `split` and
    `revision` choose rows of a set of Hugging Face's. `preset` and `layout`: which preset it comes from, and what that expects.
    """

    kind: Kind
    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    id: str = "{row}"
    columns: Columns
    constants: Constants = Constants()
    images: Images | None = None
    checker: CheckerSpec = CheckerSpec()
    categories: dict[str, str] = Field({}, exclude_if=lambda value: not value)
    licence: str = Field(UNSTATED, min_length=1)
    citation: str | None = Field(None, exclude_if=lambda value: value is None)
    max_pixels: int = Field(40_000_000, ge=64, le=PILLOW_REFUSES_ABOVE)
    limit: int | None = Field(None, ge=1)
    rollouts: int = Field(1, ge=1, le=MOST_ROLLOUTS)
    order: Literal["listed", "shuffled"] = Field("listed", exclude_if=lambda value: value == "listed")
    evaluation: bool | Literal["allow"] = Field(False, exclude_if=lambda value: value is False)
    subset: str | None = Field(None, exclude_if=lambda value: value is None)
    split: str | None = Field(None, exclude_if=lambda value: value is None)
    revision: str | None = Field(None, exclude_if=lambda value: value is None)
    preset: str | None = Field(None, exclude_if=lambda value: value is None)
    layout: str | None = Field(None, exclude_if=lambda value: value is None)

    @field_validator("path")
    @classmethod
    def _holds_no_key(cls, value: str) -> str:
        address = urlsplit(value) if "://" in value[:40] else None
        if address and (address.password or any(_SECRET.search(name) for name, _ in parse_qsl(address.query))):
            raise ValueError(
                "the address holds a password or a key, and a manifest is kept beside its output; let the environment hold "
                "it, or download the file first"
            )
        return value

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
    def _check_kind(self) -> Self:
        chosen = [key for key in ("subset", "split", "revision") if getattr(self, key) is not None]
        if chosen and self.kind != "huggingface":
            raise ValueError(f"{chosen[0]} is for kind huggingface; leave it out")
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
        return {place: columns[0] for place, columns in self._columns_by_place() if len(columns) == 1}

    def columns_to_choose(self) -> dict[str, tuple[str, ...]]:
        """Place in the mapping -> columns of which each row must have one at least."""
        return {place: columns for place, columns in self._columns_by_place() if len(columns) > 1}

    def columns_to_read(self) -> set[str]:
        """All columns that the mapping speaks of."""
        return {column for _, columns in self._columns_by_place() for column in columns} | set(self.checker.optional)

    def _columns_by_place(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield from ((f"columns.{field}", columns) for field, columns in self.columns.by_field().items())
        yield from ((f"id {{{name}}}", (name,)) for name in template.names(self.id) if name != "row")
        for name in template.names(self.images.path) if self.images else ():
            if name != "image":
                yield f"images.path {{{name}}}", (name,)
        for name in self.checker.columns:
            if name not in self.checker.optional:
                yield f"checker.columns {name}", (name,)
