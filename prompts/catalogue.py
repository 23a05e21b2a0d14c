"""Loads the prompt files and renders them.

In: the `*.j2` files beside this module, and beside the modules of rungs that come from elsewhere. Out: a `Prompts` value that the
shell hands to the stages. Rendering is strict (a missing value raises) and escapes what is filled in, so no instruction can close
a tag it stands in.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, UndefinedError


@dataclass(frozen=True)
class Prompts:
    """The prompt templates of a run, by name."""

    templates: Mapping[str, Template]
    hashes: Mapping[str, str]

    def render(self, name: str, **values: Any) -> str:
        """The text of request `name`. Raises LookupError for an unknown name, jinja2.UndefinedError for a missing value."""
        if name not in self.templates:
            known = ", ".join(sorted(self.templates))
            raise LookupError(
                f"there is no prompt {name!r} ({known}); a rung from elsewhere names its folder by `prompts=__file__`"
            )
        try:
            return self.templates[name].render(**values)
        except UndefinedError as error:
            raise UndefinedError(
                f"prompt {name}.j2: {error.message}; it was given {', '.join(sorted(values))}"
            ) from error

    def sha256(self, name: str) -> str:
        """The hash of the prompt file `name`."""
        return self.hashes[name]


def load(beside: Iterable[str] = ()) -> Prompts:
    """All prompt files of this package, and those that lie beside the modules whose files are `beside`: rungs from elsewhere.

    Raises ValueError when one of these has the name of another, OSError when a folder cannot be read.
    """
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    texts: dict[str, str] = {}
    for folder in (files("prompts"), *(Path(file).parent for file in dict.fromkeys(beside))):
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            name = file.name.removesuffix(".j2")
            if name == file.name or not file.is_file():
                continue
            if name in texts:
                raise ValueError(f"{folder}: {file.name} has the name of another prompt; give it a name of its own")
            try:
                texts[name] = file.read_text("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(f"{folder}: {file.name} is not UTF-8; save it as UTF-8") from error
    templates = {name: _parse(environment, name, text) for name, text in texts.items()}
    return Prompts(templates, {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()})


def _parse(environment: Environment, name: str, text: str) -> Template:
    try:
        return environment.from_string(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"prompt {name}.j2, line {error.lineno}: {error.message}; correct it") from error
