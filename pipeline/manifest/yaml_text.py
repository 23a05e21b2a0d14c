"""YAML as a person means it: what YAML 1.1 and 1.2 read differently is neither guessed nor taken.

In: a text. Out: plain data (mappings, lists, texts, numbers, booleans, null), and a surprise for each bare word that the two
versions read differently, as 1:30:00, yes, 010, 1_000, 1e3 or a date. It stands in the data as the text that was typed. Keys given
twice, aliases and tags raise.
"""

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from pipeline.typed import shown

Loc: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_CORE: tuple[tuple[str, Any], ...] = (
    (r"~|null|Null|NULL|", lambda _: None),
    (r"true|True|TRUE", lambda _: True),
    (r"false|False|FALSE", lambda _: False),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda text: int(text[2:], 8)),
    (r"0x[0-9a-fA-F]+", lambda text: int(text, 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?\.(inf|Inf|INF)", lambda text: float(text.replace(".", ""))),
    (r"\.(nan|NaN|NAN)", lambda _: float("nan")),
)
"""Bare words that the core schema of YAML 1.2 takes for something else than text."""

_DATE = object()


@dataclass(frozen=True, slots=True)
class Surprise:
    """A bare word at a place of the data, and what to write in its stead."""

    loc: Loc
    word: str
    problem: str


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases and tags, and without a key that is given twice: PyYAML would silently keep the last value."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        problem = None
        if isinstance(event, yaml.AliasEvent):  # a few lines of them can stand for gigabytes
            problem = "an alias is not taken, write its value out"
        elif event.tag is not None:
            problem = f"the tag {shown(event.tag)} is not taken, write the value alone, a text in quotes"
        if problem is not None:
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                name = _name(self.construct_object(key))
                if name in names:
                    raise yaml.constructor.ConstructorError(None, None, f"key {name!r} given twice", key.start_mark)
                names.add(name)
        return super().construct_mapping(node, deep)


def parse(text: str) -> tuple[Any, list[Surprise]]:
    """The data, its keys as text, and its surprises. Raises yaml.YAMLError, RecursionError, ValueError and TypeError for what
    no plain data is.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        surprises = list(_find_surprises(node, ())) if node is not None else []
        value = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    return json.loads(json.dumps(value)), surprises


def read_word(word: str) -> Any:
    """What a bare word is in every version of YAML: a number, a truth value, null; the word itself where they differ."""
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    return word if _describe_surprise(yaml.ScalarNode(tag, word)) is not None else _read_by_core(word)


def _find_surprises(node: yaml.Node, loc: Loc) -> Iterator[Surprise]:
    """The surprises below `node`, whose words become texts."""
    if isinstance(node, yaml.ScalarNode):
        problem = None if node.style else _describe_surprise(node)
        if problem is not None:
            node.tag = f"{_TAG}str"
            yield Surprise(loc, node.value, problem)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _find_surprises(key, (*loc, str(key.value)[:60]))
            is_text = key.tag == f"{_TAG}str" or not isinstance(key, yaml.ScalarNode)
            yield from _find_surprises(value, (*loc, key.value if is_text else _name(_read_by_core(key.value))))
    else:
        for index, value in enumerate(node.value):
            yield from _find_surprises(value, (*loc, index))


def _describe_surprise(node: yaml.ScalarNode) -> str | None:
    """What is wrong with a bare word and what to write; None where YAML 1.1 and 1.2 agree about it."""
    word, quoted = node.value, f'"{node.value}"'
    if node.tag == f"{_TAG}merge":
        return "a merge key is read by YAML 1.1 alone; write the keys out"
    if node.tag == f"{_TAG}value":
        return f"a bare = is no text in YAML 1.1; write {quoted}"
    old, new = _read_by_tag(node), _read_by_core(word)
    if (type(old), repr(old)) == (type(new), repr(new)):
        return None
    plainly = dict.fromkeys(json.dumps(value) for value in (old, new) if isinstance(value, bool | int | float))
    ways = ", or ".join([*plainly, f"{quoted} for the text"])
    return f"a bare {shown(word)[1:-1]} is {_kind(old)} in YAML 1.1 and {_kind(new)} in YAML 1.2; write {ways}"


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return f"the number {value}" if isinstance(value, int | float) else "a date"


def _name(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _read_by_core(word: str) -> Any:
    return next((read(word) for form, read in _CORE if re.fullmatch(form, word)), word)


def _read_by_tag(node: yaml.ScalarNode) -> Any:
    """What YAML 1.1 makes of a bare word; a date is not looked at any closer."""
    if node.tag in (f"{_TAG}str", f"{_TAG}timestamp"):
        return node.value if node.tag == f"{_TAG}str" else _DATE
    return yaml.SafeLoader("").construct_object(node)
