"""Reads one row of a table by its source's mapping of columns and constants.

In: a row (column -> value) and its `TableSpec`. Out: texts, numbers, a checker, an id; or a BadRow that names the field.
"""

import difflib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast, get_args

from pipeline.sources import cells, template
from pipeline.sources.bad_row import BadRow, Place, quote
from pipeline.sources.numerals import is_absent, whole
from pipeline.sources.spec import FAILED_ROW, SIDE_MAX, SIDE_MIN, TableSpec
from pipeline.sources.strict_json import parse_whole
from stages.plain import plain
from stages.records import Checker, Task

IMAGE_FIELDS = ("references", "first")
TEXT_KINDS = ("csv", "tsv")
"""Kinds of which every cell is a text."""


def suggest_column(name: str, names: list[str]) -> str:
    """The remedy for a column that is missing: the column with the most similar name, or a list of all."""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"its columns are {', '.join(sorted(names)[:20]) or 'none'}"


def list_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of a row, nested ones by their dotted path."""
    nested = {name: list_columns(value) for name, value in row.items() if isinstance(value, Mapping)}
    inner = [f"{name}.{column}" for name, columns in nested.items() for column in columns]
    return [*row, *inner]


def look_up(row: Mapping[str, Any], column: str, field: str, required: bool = True) -> Any:
    """The value of `column`; dots lead into nested columns. Raises BadRow when the column is absent.

    A column that may be empty must be there too, so that a misspelt name is noticed; `required` only words the remedy.
    """
    if column in row:
        return row[column]
    value: Any = row
    parts = column.split(".")
    while parts:
        if value is None:
            return None
        # a name may have dots of its own, as that of a tar's member meta.json
        heads = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
        head = next((head for head in heads if isinstance(value, Mapping) and head in value), None)
        if head is None:
            # a high cutoff, because names of columns are often alike
            close = difflib.get_close_matches(column, list_columns(row), n=1, cutoff=0.8)
            like = f" (but {close[0]})" if close else ""
            raise BadRow(
                field, f"the row has no column {column}{like}", "add it" if required else "add it, or write null"
            )
        value, parts = value[head], parts[head.count(".") + 1 :]
    return value


def has_column(row: Mapping[str, Any], column: str) -> bool:
    """Whether `look_up` finds the column."""
    try:
        look_up(row, column, "")
    except BadRow:
        return False
    return True


def task_of(references: int) -> Task:
    """The task of a sample with that many reference images."""
    return "t2i" if references == 0 else "edit" if references == 1 else "compose"


@dataclass(frozen=True)
class Row:
    """The row at `place` of a source."""

    spec: TableSpec
    place: Place
    cells: Mapping[str, Any]

    def label(self, field: str) -> str:
        """How an error line names `field`: with its column where that has another name."""
        column = getattr(self.spec.columns, field, None)
        if column in (None, field):
            return field
        return f"{field} ({column if isinstance(column, str) else ' or '.join(column)})"

    def value(self, field: str) -> Any:
        """The value of `field` in the row, or else in the constants; None when neither has one, or NaN. Raises BadRow.

        Of several columns: all their images, else the first value that is there.
        """
        column = getattr(self.spec.columns, field)
        if column is None:
            return getattr(self.spec.constants, field, None)
        if not isinstance(column, str):
            return self._value_of_several(field, column)
        value = look_up(self.cells, column, self.label(field), required=field in ("instruction", "checker"))
        return None if is_absent(value) else value

    def _value_of_several(self, field: str, columns: tuple[str, ...]) -> Any:
        there = {column: look_up(self.cells, column, field) for column in columns if has_column(self.cells, column)}
        if not there:
            raise BadRow(field, f"the row has none of the columns {', '.join(columns)}", "add one of them")
        if field in IMAGE_FIELDS:
            return [
                image for column, value in there.items() for image, _ in cells.split_cell(value, f"{field} ({column})")
            ]
        held = (value for value in there.values() if not is_absent(value) and str(value).strip())
        return next(held, None)

    def text(self, field: str) -> str | None:
        """The text of `field`, stripped; None when it is missing or blank. Raises BadRow on another type."""
        value = self.value(field)
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadRow(self.label(field), f"{quote(value)} is no text ({type(value).__name__})", "make it a text")
        text = check_unicode(value, self.label(field)).strip() or None
        return self.spec.categories.get(text, text) if text is not None and field == "category" else text

    def instruction(self) -> str:
        """The instruction. Raises BadRow when it is missing, empty or no text."""
        text = self.text("instruction")
        if text is None or not plain(text).strip():
            raise BadRow(self.label("instruction"), "the instruction is empty", "write one or remove the row")
        return text

    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels that the row asks for; None where it asks for none. Raises BadRow."""
        width, height = self._read_side("width"), self._read_side("height")
        if width is None and height is None:
            return None
        if width is None or height is None:
            field = "width" if width is None else "height"
            raise BadRow(self.label(field), "is missing while the other side is given", "give both or neither")
        return width, height

    def _read_side(self, field: str) -> int | None:
        value = self.value(field)
        if self.spec.kind in TEXT_KINDS and isinstance(value, str):
            value = value.strip() or None
        if value is None:
            return None
        side = whole(int(value) if self._is_number(value) else value)
        if side is None or not SIDE_MIN <= side <= SIDE_MAX:
            problem = f"{quote(value)} is no size in pixels"
            raise BadRow(self.label(field), problem, f"give a whole number from {SIDE_MIN} to {SIDE_MAX}")
        return side

    def _is_number(self, value: Any) -> bool:
        """Whether a text stands for a whole number: where every cell is a text."""
        return self.spec.kind in TEXT_KINDS and isinstance(value, str) and value.isascii() and value.isdecimal()

    def task(self, references: int) -> Task:
        """The task that the row names, or else that of so many references. Raises BadRow when the two contradict."""
        text = self.text("task")
        if text is None:
            return task_of(references)
        if text not in get_args(Task) or (text == "t2i") != (references == 0):
            problem = f"{quote(text)} does not fit {references} reference images"
            raise BadRow(self.label("task"), problem, "say t2i without references, edit or compose with them")
        return cast(Task, text)

    def fill(self, pattern: str, field: str, **values: str) -> str:
        """`pattern` with its names filled in from `values`, else from columns. Raises BadRow when a column is no text or number."""

        def fill_name(name: str) -> str:
            return values[name] if name in values else self._column_text(name, field)

        return template.render(pattern, fill_name)

    def _column_text(self, column: str, field: str) -> str:
        value = look_up(self.cells, column, field)
        number = whole(value)
        if number is not None:
            return str(number)
        if not isinstance(value, str) or value == "":
            problem = f"column {column} holds {quote(None if is_absent(value) else value)}, which cannot be part of it"
            raise BadRow(field, problem, "make it a non-empty text or a whole number")
        return check_unicode(value, field)

    def row_id(self) -> str:
        """The row's id by the source's template. Raises BadRow, also for an id with the prefix that is reserved for failed rows."""
        name = self.fill(self.spec.id, "id", row=str(self.place.number))
        if name.startswith(FAILED_ROW):
            raise BadRow("id", f"{quote(name)} begins with {FAILED_ROW}, which names failed rows", "begin it otherwise")
        return name

    def checker(self) -> Checker:
        """How a reward may check this row. Raises BadRow when the specification has the wrong shape."""
        check = self.spec.checker
        if check.style == "judge":
            return Checker()
        if not check.columns:
            return self._checker_of_one_column()
        if check.style == "questions":
            questions, answers = (self._read_list(look_up(self.cells, column, column)) for column in check.columns)
            return Checker("questions", _to_json(_pair(questions, answers, ", ".join(check.columns)), "checker"))
        present = [c for c in check.columns if c not in check.optional or c in self.cells]
        picked = {
            column: self._read_list(look_up(self.cells, column, f"checker ({column})", required=False))
            for column in present
        }
        return Checker("objects", _to_json({k: v for k, v in picked.items() if not is_absent(v)}, "checker"))

    def _read_list(self, value: Any) -> Any:
        """A list that stands in a text as JSON, where every cell is a text."""
        if self.spec.kind in TEXT_KINDS and isinstance(value, str) and value[:1] in ("[", "{"):
            with suppress(ValueError, RecursionError):
                return parse_whole(value)
        return value

    def _checker_of_one_column(self) -> Checker:
        field, value = self.label("checker"), self.value("checker")
        if isinstance(value, str):
            try:
                value = parse_whole(value)
            except (ValueError, RecursionError) as error:
                raise BadRow(field, f"is not JSON ({error})", "make it a JSON object or list") from error
        if self.spec.checker.style == "questions":
            pairs = value if isinstance(value, list) and all(isinstance(v, Mapping) for v in value) else [{}]
            value = _pair([p.get("question") for p in pairs], [p.get("answer") for p in pairs], field)
        if not isinstance(value, dict | list):
            raise BadRow(field, f"{quote(value)} is no specification", "make it a JSON object or list")
        return Checker(self.spec.checker.style, _to_json(value, field))


def _pair(questions: Any, answers: Any, columns: str) -> list[dict[str, str]]:
    field = f"checker ({columns})"
    if (
        not isinstance(questions, list)
        or not isinstance(answers, list)
        or not questions
        or len(questions) != len(answers)
    ):
        raise BadRow(field, "questions and answers do not pair up", "give two lists of equal length, not empty")
    pairs = []
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True), 1):
        if not isinstance(question, str) or not question.strip():
            raise BadRow(field, f"question {number} is {quote(question)}", "make it a non-empty text")
        if not isinstance(answer, str) or answer.strip().lower() not in ("yes", "no"):
            raise BadRow(field, f"answer {number} is {quote(answer)}", "make it yes or no")
        pairs.append({"question": question.strip(), "answer": answer.strip().lower()})
    return pairs


def _to_json(value: Any, field: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRow(
            field, f"the specification cannot be written as JSON ({error})", "use plain JSON values"
        ) from error
    return check_unicode(text, field)


def check_unicode(text: str, field: str) -> str:
    """Return `text` itself. Raises BadRow when it holds half a surrogate pair, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = f"is not Unicode: a lone surrogate at character {error.start + 1}"
        raise BadRow(field, problem, "save it as UTF-8 text") from error
    return text
