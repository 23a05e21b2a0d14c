"""One row of a table seen through its source's mapping: columns and constants in, typed values out.

In: a row (column -> value) and its `TableSpec`. Out: texts, numbers, a checker, an id; a BadRow names the field otherwise.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pipeline.sources import template
from pipeline.sources.bad_row import BadRow, shown
from pipeline.sources.spec import FAILED_ROW, SIDE_MAX, SIDE_MIN, TableSpec
from stages.records import Checker, Task


def nearest(name: str, names: list[str]) -> str:
    """A remedy for a column that is not there: the nearest one that is, or all of them."""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"its columns are {', '.join(sorted(names)[:20]) or 'none'}"


def paths(row: Mapping[str, Any]) -> list[str]:
    """The columns of a row, the nested ones by their dotted path."""
    inner = [f"{name}.{path}" for name, value in row.items() if isinstance(value, Mapping) for path in paths(value)]
    return [*row, *inner]


def lookup(row: Mapping[str, Any], column: str, field: str, required: bool = True) -> Any:
    """The value of `column`, dots leading into nested columns. Raises BadRow when it is absent.

    Even a column that a row may leave empty must be there, so that a misspelt one is not lost: `required` words the remedy.
    """
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping) or part not in value:
            close = difflib.get_close_matches(column, paths(row), n=1, cutoff=0.8)  # a slip of the pen, not a sibling
            like = f" (but {close[0]})" if close else ""
            raise BadRow(
                field, f"the row has no column {column}{like}", "add it" if required else "add it, or write null"
            )
        value = value[part]
    return value


def task_of(references: int) -> Task:
    """The task that goes with so many references."""
    return "t2i" if references == 0 else "edit" if references == 1 else "compose"


@dataclass(frozen=True)
class Row:
    """Row `number` of a source, counted from 1."""

    spec: TableSpec
    number: int
    cells: Mapping[str, Any]

    def named(self, field: str) -> str:
        """How a line names `field`: with its column where that is called differently."""
        column = getattr(self.spec.columns, field, None)
        return field if column in (None, field) else f"{field} ({column})"

    def value(self, field: str) -> Any:
        """What the row, or else the constants, hold for `field`; None when neither does. Raises BadRow."""
        column = getattr(self.spec.columns, field)
        if column is None:
            return getattr(self.spec.constants, field, None)
        return lookup(self.cells, column, self.named(field), required=field in ("instruction", "checker"))

    def text(self, field: str) -> str | None:
        """A text, stripped; None when there is none or nothing but space. Raises BadRow on another type."""
        value = self.value(field)
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadRow(self.named(field), f"{shown(value)} is no text ({type(value).__name__})", "make it a text")
        return unicode(value, self.named(field)).strip() or None

    def instruction(self) -> str:
        """The instruction. Raises BadRow when it is missing, empty or no text."""
        text = self.text("instruction")
        if text is None:
            raise BadRow(self.named("instruction"), "the instruction is empty", "write one or remove the row")
        return text

    def size(self) -> tuple[int, int] | None:
        """The size that the row asks for; None where it asks for none. Raises BadRow."""
        width, height = self._side("width"), self._side("height")
        if width is None and height is None:
            return None
        if width is None or height is None:
            field = "width" if width is None else "height"
            raise BadRow(self.named(field), "is missing while the other side is given", "give both or neither")
        return width, height

    def _side(self, field: str) -> int | None:
        value = self.value(field)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():  # a nullable column that went through pandas
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not SIDE_MIN <= value <= SIDE_MAX:
            problem = f"{shown(value)} is no size in pixels"
            raise BadRow(self.named(field), problem, f"give a whole number from {SIDE_MIN} to {SIDE_MAX}")
        return value

    def task(self, references: int) -> Task:
        """The task: as the row says, or by the number of references. Raises BadRow when the two contradict."""
        text = self.text("task")
        if text is None:
            return task_of(references)
        if text not in get_args(Task) or (text == "t2i") != (references == 0):
            problem = f"{shown(text)} does not fit {references} reference images"
            raise BadRow(self.named("task"), problem, "say t2i without references, edit or compose with them")
        return cast(Task, text)

    def fill(self, pattern: str, field: str, **known: str) -> str:
        """`pattern` with columns filled in, `known` names first. Raises BadRow when a column is no text or number."""

        def part(name: str) -> str:
            return known[name] if name in known else self._word(name, field)

        return template.render(pattern, part)

    def _word(self, column: str, field: str) -> str:
        value = lookup(self.cells, column, field)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            problem = f"column {column} holds {shown(value)}, which cannot be part of it"
            raise BadRow(field, problem, "make it a non-empty text or a whole number")
        return unicode(str(value), field)

    def row_id(self) -> str:
        """The row's id by the source's template. Raises BadRow, also for an id such as only a failed row has."""
        name = self.fill(self.spec.id, "id", row=str(self.number))
        if name.startswith(FAILED_ROW):
            raise BadRow("id", f"{shown(name)} begins with {FAILED_ROW}, which names failed rows", "begin it otherwise")
        return name

    def checker(self) -> Checker:
        """How a reward may check this row. Raises BadRow when the specification has the wrong shape."""
        check = self.spec.checker
        if check.style == "judge":
            return Checker()
        if not check.columns:
            return self._whole_checker()
        if check.style == "questions":
            questions, answers = (lookup(self.cells, column, column) for column in check.columns)
            return Checker("questions", _json(_paired(questions, answers, ", ".join(check.columns)), "checker"))
        present = [c for c in check.columns if c not in check.optional or c in self.cells]
        picked = {column: lookup(self.cells, column, f"checker ({column})", required=False) for column in present}
        return Checker("objects", _json({k: v for k, v in picked.items() if v is not None}, "checker"))

    def _whole_checker(self) -> Checker:
        field, value = self.named("checker"), self.value("checker")
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise BadRow(field, f"is not JSON ({error})", "make it a JSON object or list") from error
        if self.spec.checker.style == "questions":
            pairs = value if isinstance(value, list) and all(isinstance(v, Mapping) for v in value) else [{}]
            value = _paired([p.get("question") for p in pairs], [p.get("answer") for p in pairs], field)
        if not isinstance(value, dict | list):
            raise BadRow(field, f"{shown(value)} is no specification", "make it a JSON object or list")
        return Checker(self.spec.checker.style, _json(value, field))


def _paired(questions: Any, answers: Any, columns: str) -> list[dict[str, str]]:
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
            raise BadRow(field, f"question {number} is {shown(question)}", "make it a non-empty text")
        if not isinstance(answer, str) or answer.strip().lower() not in ("yes", "no"):
            raise BadRow(field, f"answer {number} is {shown(answer)}", "make it yes or no")
        pairs.append({"question": question.strip(), "answer": answer.strip().lower()})
    return pairs


def _json(value: Any, field: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRow(
            field, f"the specification cannot be written as JSON ({error})", "use plain JSON values"
        ) from error
    return unicode(text, field)


def unicode(text: str, field: str) -> str:
    """`text` itself. Raises BadRow when it holds half a surrogate pair, which no file of ours could hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = f"is not Unicode: a lone surrogate at character {error.start + 1}"
        raise BadRow(field, problem, "save it as UTF-8 text") from error
    return text
