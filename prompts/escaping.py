"""Text that is filled into a prompt cannot open or close one of the prompt's own tags, and stays as it is otherwise.

In: a text and the names of the tags. Out: the text with one more backslash after each `<` that would begin such a tag, as in
`<\\/instruction>`; `restore` takes it away again. Tags are known by the templates that hold them, so a new one is protected as
soon as it is written down.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_TAG = re.compile(r"</?([A-Za-z_][\w.-]*)")
_JINJA = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)


def tag_names(templates: Iterable[str]) -> frozenset[str]:
    """The names of all tags in these templates."""
    return frozenset(name for text in templates for name in _TAG.findall(_JINJA.sub("", text)))


@cache
def own_tags() -> frozenset[str]:
    """The names of the tags in the prompts of this package, kits included. Raises OSError when they cannot be read."""
    return tag_names(file.read_text("utf-8") for file in template_files(files("prompts"), deep=True))


def template_files(folder: Traversable | Path, deep: bool = False) -> list[Traversable | Path]:
    """The `*.j2` files of a folder by name; `deep`: those of the folders in it, too. Raises OSError."""
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    below = [file for entry in entries if deep and entry.is_dir() for file in template_files(entry, deep)]
    return [entry for entry in entries if entry.name.endswith(".j2") and entry.is_file()] + below


def protect(text: str, names: frozenset[str]) -> str:
    """The text, unable to open or close a tag of these names. Only `restore` with the same names gives it back."""
    return _beginning(names, "").sub(r"<\\\1", text) if names else text


def restore(text: str, names: frozenset[str]) -> str:
    """The text that `protect` was given."""
    return _beginning(names, r"\\").sub(r"<\1", text) if names else text


@cache
def _beginning(names: frozenset[str], first: str) -> re.Pattern[str]:
    # models read a tag whatever its case; a longer word, such as <stepping>, is no tag of ours
    alternatives = "|".join(sorted(map(re.escape, names)))
    return re.compile(rf"<{first}(\\*/?(?:{alternatives})(?![\w.-]))", re.IGNORECASE)
