"""Says what is wrong with a manifest in the words of its author: one line a field, with a remedy.

In: pydantic's errors and the data they are about. Out: (place, "problem; remedy") pairs, one a place.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.manifest import Manifest

Loc: TypeAlias = tuple[str | int, ...]


def lines(errors: Sequence[ErrorDetails], raw: Any) -> list[tuple[Loc, str]]:
    """The errors as lines, those about one place (a union tried in vain) as one."""
    found: dict[Loc, str] = {}
    for error in errors:
        place, text = _place(error, raw), _text(error)
        found[place] = f"{found[place]}, or {text.partition('it should be ')[2]}" if place in found else text
    return list(found.items())


def dotted(loc: Loc, raw: Any) -> str:
    """A place as `--set` would name it: items of a list by their name where they have one."""
    parts, value = [], raw
    for part in loc:
        value = _below(value, part)
        named = isinstance(part, int) and isinstance(value, dict) and isinstance(value.get("name"), str)
        parts.append(value["name"] if named else str(part))
    return ".".join(parts) or "manifest"


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _place(error: ErrorDetails, raw: Any) -> Loc:
    """The error's place in the author's data: without the tags that pydantic puts in for the members of a union."""
    place: list[str | int] = []
    value = raw
    for index, part in enumerate(error["loc"]):
        last = index == len(error["loc"]) - 1
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = _below(value, part)
        elif not (last and error["type"] == "missing"):
            continue
        place.append(part)
    return tuple(place)


def _text(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {_suggestion(str(error['loc'][-1]), _fields(error['loc'][:-1]))}"
    if kind == "missing":
        return "required but missing; add it"
    if kind == "union_tag_not_found":
        return f"kind is missing; say one of {_kinds()}"
    if kind == "union_tag_invalid":
        return f"kind {context['tag']!r} is unknown; say one of {_kinds()}"
    if kind == "json_invalid":  # the only text that YAML can hold and JSON cannot
        return "holds half a surrogate pair; write the character itself"
    if kind == "value_error":
        return str(context["error"])
    given, asked = _short(error["input"]), error["msg"].removeprefix("Input should ")
    if kind == "string_pattern_mismatch":
        asked = f"be a text that matches {context['pattern']}"
    return f"got {given}; it should {asked[0].lower()}{asked[1:]}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _suggestion(name: str, names: Iterable[str]) -> str:
    valid = sorted(names)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"valid keys are {', '.join(valid)}"


def _kinds() -> str:
    models = _models(Manifest.model_fields["sources"].annotation)
    return ", ".join(sorted(tag for model in models for tag in get_args(model.model_fields["kind"].annotation)))


def _fields(loc: Loc) -> list[str]:
    """The valid keys at a place, found by walking the models as pydantic did."""
    models: list[type[BaseModel]] = [Manifest]
    for part in loc:
        if isinstance(part, int):
            continue
        inner = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        if inner:
            models = [found for annotation in inner for found in _models(annotation)]
        else:  # the tag of a union: keep the member that it names
            models = [
                m for m in models if "kind" in m.model_fields and part in get_args(m.model_fields["kind"].annotation)
            ]
    return [name for model in models for name in model.model_fields]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
