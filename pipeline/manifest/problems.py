"""Turns pydantic's errors about a manifest into lines for its author: one for each field, with a remedy.

In: pydantic's errors and the data they are about. Out: (place, "problem; remedy") pairs, one for each place.
"""

import math
import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.manifest.spec import Manifest
from pipeline.manifest.yaml_text import Loc
from pipeline.typed import shown, suggestion

BITS_64 = range(-(2**63), 2**63)  # what an integer column of a file or of a database can hold
_OTHER_TABLES = frozenset({"xls", "xlsx", "excel", "arrow", "feather"})
_WORDS = {"be an object": "be a mapping", "be a valid array": "be a list"}


def lines(errors: Sequence[ErrorDetails], raw: Any) -> list[tuple[Loc, str]]:
    """The errors as lines; errors about one place, as pydantic reports for a union, are joined into one."""
    by_place: dict[Loc, list[str]] = {}
    for error in errors:
        texts, text = by_place.setdefault(_place_of(error, raw), []), _describe_error(error)
        if text not in texts:
            texts.append(text)
    # where one member of a union has a problem further inside, that one is the more precise
    outer = {place[:n] for place in by_place for n in range(len(place)) if place[:n] in by_place}
    return [(place, _join(texts)) for place, texts in by_place.items() if place not in outer]


def _join(texts: Sequence[str]) -> str:
    return ", or ".join([texts[0], *(text.partition("; it should ")[2] or text for text in texts[1:])])


def find_unfit_numbers(value: Any, place: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """A problem for each number that no output file can hold, under any key: beyond 64 bit, infinite, or not a number."""
    if isinstance(value, dict | list):
        for part, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from find_unfit_numbers(inner, (*place, part))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, f"got {shown(value)}; it should be a finite number"
    elif isinstance(value, int) and value not in BITS_64:
        yield place, f"got {shown(value)}; it should be a whole number of at most 64 bit"


def format_place(loc: Loc, raw: Any) -> str:
    """A place as `--set` names it: with dots, items of a list by their name where they have one."""
    parts, value = [], raw
    for part in loc:
        value = _descend(value, part)
        named = (
            isinstance(part, int) and isinstance(value, dict) and isinstance(value.get("name"), str) and value["name"]
        )
        parts.append(_escape(value["name"] if named else str(part)))
    return ".".join(parts) or "manifest"


def _escape(name: str) -> str:
    return name if name.isprintable() else repr(name)[1:-1]


def _descend(value: Any, part: str | int) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _place_of(error: ErrorDetails, raw: Any) -> Loc:
    """The error's place in the author's data, without the tags that pydantic inserts for the members of a union."""
    place: list[str | int] = []
    value = raw
    for index, part in enumerate(error["loc"]):
        last = index == len(error["loc"]) - 1
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            value = _descend(value, part)
        elif not (last and error["type"] == "missing" and isinstance(part, str)):
            continue
        place.append(part)
    return tuple(place)


def _describe_error(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {suggestion(str(error['loc'][-1]), _list_fields(error['loc'][:-1]))}"
    if kind == "missing":
        if isinstance(last := error["loc"][-1], int):
            return f"got {shown(error['input'])}; it should have at least {last + 1} items"
        return "required but missing; add it"
    if kind == "union_tag_not_found":
        return f"kind is missing; say one of {_list_kinds()}"
    if kind == "union_tag_invalid":
        kind_named = error["input"]["kind"]
        first = ", after writing the table as jsonl" if str(kind_named).lower() in _OTHER_TABLES else ""
        return f"kind {shown(kind_named)} is unknown; say one of {_list_kinds()}{first}"
    if kind == "json_invalid" and "recursion" in error["msg"]:
        return "lists or mappings lie too deep in each other; flatten them"
    if kind == "json_invalid":  # the only text that YAML can hold and JSON cannot
        return "holds half a surrogate pair; write the character itself"
    if kind == "value_error":
        return str(context["error"])
    return f"got {shown(error['input'])}; it should {_describe_expectation(kind, error['msg'], context)}"


def _describe_expectation(kind: str, message: str, context: dict[str, Any]) -> str:
    """What pydantic expects, without its jargon, as in "Tuple should have at most 2 items after validation, not 3"."""
    if kind == "string_pattern_mismatch":
        return f"be a text that matches {context['pattern']}"
    if kind.endswith("_parsing"):
        message = message.partition(",")[0]
    expectation = re.sub(r" after validation, not .*", "", message.partition(" should ")[2], flags=re.DOTALL)
    return _WORDS.get(expectation, expectation) or f"be otherwise ({message})"


def _list_kinds() -> str:
    models = _list_models(Manifest.model_fields["sources"].annotation)
    return ", ".join(sorted(tag for model in models for tag in get_args(model.model_fields["kind"].annotation)))


def _list_fields(loc: Loc) -> list[str]:
    """The valid keys at a place: those of the models that lie on the way to it."""
    models: list[type[BaseModel]] = [Manifest]
    for part in loc:
        if isinstance(part, int):
            continue
        inner = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        if inner:
            models = [model for annotation in inner for model in _list_models(annotation)]
        elif any("kind" in model.model_fields for model in models):  # the tag of a union: only the member that it names
            models = [m for m in models if part in get_args(m.model_fields["kind"].annotation)]
        # else a name that the author chose, such as a provider's: its models are those of the mapping
    return [name for model in models for name in model.model_fields]


def words_at(loc: Loc) -> set[Any]:
    """The words that may be chosen at a place; none where it takes any text."""
    annotations: list[Any] = [Manifest]
    for part in loc:
        annotations = [inner for annotation in annotations for inner in _annotations_below(annotation, part)]
    return {word for annotation in annotations for word in _list_words(annotation)}


def _annotations_below(annotation: Any, part: str | int) -> Iterator[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if part in annotation.model_fields:
            yield annotation.model_fields[str(part)].annotation
    elif origin in (Union, UnionType, Annotated):
        for member in inner:
            yield from _annotations_below(member, part)
    elif origin in (tuple, list) and isinstance(part, int):
        yield from inner
    elif origin is dict:
        yield inner[1]


def _list_words(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Union, UnionType, Annotated):
        for member in get_args(annotation):
            yield from _list_words(member)


def _list_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _list_models(part)]
