"""Loads the prompt files and renders them.

In: the `*.j2` files beside this module. Out: a `Prompts` value that the shell hands to the stages. Rendering is strict (a
missing value raises) and escapes what is filled in, so no instruction can close a tag it stands in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template


@dataclass(frozen=True)
class Prompts:
    """The prompt templates of a run, by name."""

    templates: Mapping[str, Template]
    hashes: Mapping[str, str]

    def render(self, name: str, **values: Any) -> str:
        """The text of request `name`. Raises KeyError for an unknown name, jinja2.UndefinedError for a missing value."""
        return self.templates[name].render(**values)

    def sha256(self, name: str) -> str:
        """The hash of the prompt file `name`."""
        return self.hashes[name]


def load() -> Prompts:
    """All prompt files of this package."""
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    texts = {
        file.name.removesuffix(".j2"): file.read_text("utf-8")
        for file in sorted(files("prompts").iterdir(), key=lambda f: f.name)
        if file.name.endswith(".j2")
    }
    templates = {name: environment.from_string(text) for name, text in texts.items()}
    return Prompts(templates, {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()})
