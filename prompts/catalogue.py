"""Loads the prompt files and renders them.

In: the `*.j2` files beside this module, those of the kits that are in use, and those beside the modules of rungs that come from
elsewhere. Out: a `Prompts` value that the shell hands to the stages. Rendering is strict (a missing value raises), and what is
filled in cannot open or close a tag (`prompts.escaping`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, Undefined, UndefinedError

from prompts.escaping import own_tags, protect, tag_names, template_files

DEFAULT_KIT = "default"
IMAGE_PROMPTS = ("generate", "redraw", "step", "step_again")
"""What every kit has words for: the requests to image models."""


@dataclass(frozen=True)
class Prompts:
    """The prompt templates of a run, by name; those of a kit are named KIT/NAME."""

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


def kits() -> tuple[str, ...]:
    """The names of all kits, the default first. Raises OSError when the folder cannot be read."""
    folders = files("prompts").joinpath("kits").iterdir()
    named = sorted(folder.name for folder in folders if folder.is_dir() and template_files(folder))
    return (DEFAULT_KIT, *named)


def in_kit(kit: str, name: str) -> str:
    """The name of the prompt that `kit` has for the request `name`: its own, or the common one where kits have no say."""
    return f"{kit}/{name}" if kit != DEFAULT_KIT and name in IMAGE_PROMPTS else name


def load(beside: Iterable[str] = (), kits: Iterable[str] = ()) -> Prompts:
    """All prompt files of this package, those of these `kits`, and those that lie beside the modules whose files are `beside`:
    rungs from elsewhere.

    Raises ValueError when one of these has the name of another, OSError when a folder cannot be read.
    """
    texts: dict[str, str] = {}
    for folder in (files("prompts"), *(Path(file).parent for file in dict.fromkeys(beside))):
        for file in template_files(folder):
            name = file.name.removesuffix(".j2")
            if name in texts:
                raise ValueError(f"{folder}: {file.name} has the name of another prompt; give it a name of its own")
            try:
                texts[name] = file.read_text("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(f"{folder}: {file.name} is not UTF-8; save it as UTF-8") from error
    for kit in sorted(set(kits) - {DEFAULT_KIT}):
        for name in IMAGE_PROMPTS:
            texts[in_kit(kit, name)] = files("prompts").joinpath("kits", kit, f"{name}.j2").read_text("utf-8")
    environment = _environment(own_tags() | tag_names(texts.values()))
    templates = {name: _parse(environment, name, text) for name, text in texts.items()}
    return Prompts(templates, {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()})


def _environment(tags: frozenset[str]) -> Environment:
    return Environment(
        undefined=StrictUndefined, finalize=partial(_filled_in, tags), trim_blocks=True, lstrip_blocks=True
    )


def _filled_in(tags: frozenset[str], value: Any) -> Any:
    """A value as it stands in the prompt; a missing one is left to raise where it is printed."""
    return value if isinstance(value, Undefined) else protect(str(value), tags)


def _parse(environment: Environment, name: str, text: str) -> Template:
    try:
        return environment.from_string(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"prompt {name}.j2, line {error.lineno}: {error.message}; correct it") from error
