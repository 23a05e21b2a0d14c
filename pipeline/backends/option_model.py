"""The options of a model, as a manifest gives them: what is common to all backends that check theirs field by field.

In: a mapping. Out: an `OptionModel`, or one line a problem; and the part of a model's identity that its options make.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from pipeline.typed import shown, suggestion


class OptionModel(BaseModel):
    """Options whose types are not converted. `forms`: what a text with a pattern should look like, by its field."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    forms: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def checked(cls, options: Mapping[str, Any]) -> Self:
        """The options, ready for use. Raises ValueError that names every problem."""
        if problems := cls.problems(options):
            raise ValueError("; ".join(f"option {name}: {text}" for name, text in problems))
        return cls.model_validate(dict(options))

    @classmethod
    def problems(cls, options: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What is wrong with options, as (option, "problem; remedy") pairs; [] where they can be used."""
        try:
            cls.model_validate(dict(options))
        except ValidationError as error:
            return [(str(e["loc"][0]), cls._text(e)) for e in error.errors()]
        return []

    def meaning(self) -> dict[str, Any]:
        """The options that change answers, without those at their default."""
        return {name: value for name, value in self if value != type(self).model_fields[name].default}

    def identity(self, backend: str, model: str, revision: str) -> str:
        """Who answers: "BACKEND/MODEL@REVISION?temperature=0.7&top_p=0.9"; never where the model is."""
        given = self.meaning()
        named = "&".join(f"{name}={_canonical(given[name])}" for name in sorted(given))
        return f"{backend}/{model}@{revision}" + (f"?{named}" if named else "")

    @classmethod
    def _text(cls, error: ErrorDetails) -> str:
        if error["type"] == "extra_forbidden":
            return f"unknown option; {suggestion(str(error['loc'][-1]), cls.model_fields, 'options')}"
        if error["type"] == "value_error":
            return str(error.get("ctx", {})["error"])
        if error["type"] == "string_pattern_mismatch" and (form := cls.forms.get(str(error["loc"][-1]))):
            return f"got {shown(error['input'])}; it should be {form}"
        return f"got {shown(error['input'])}; it should {error['msg'].partition(' should ')[2]}"


def _canonical(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return quote(text, safe='{}[]":,._-/')
