"""Match patterns of words and chunks. In: patterns as text, and a function that reads chunks. Out: a trie, and its matches.

A pattern is made of words, `(one|or another)`, `[optional]`, `{chunk}` or `{chunk:name}`, and `<verbs>`, which bind nothing.
All patterns of a table share one trie, so that a chunk is read once for all patterns with the same beginning.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
Table = Sequence[tuple[str, Sequence[str]]]
Reader = Callable[[str, int], Sequence[tuple[int, Any]]]
"""The chunks of a kind that begin at a token: the end and the value of each."""
_ELEMENT = re.compile(r"\{[\w:]+\}|<\w+>|[()\[\]|]|[^\s()\[\]{}<>|]+")


@dataclass(eq=False)
class TrieNode:
    """A node of the trie: its successors, and the keys of the patterns that end here."""

    words: dict[str, "TrieNode"] = field(default_factory=dict)
    chunks: dict[str, "TrieNode"] = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)

    def after(self, element: str) -> "TrieNode":
        """The node after an element; it is made when it does not exist."""
        return (self.chunks if element[0] in "{<" else self.words).setdefault(element, TrieNode())


@dataclass(frozen=True)
class PatternMatch:
    """A pattern that fits the tokens up to `end`: its key, and the values of its chunks by name."""

    end: int
    key: str
    bound: Mapping[str, Any]


def _alternatives(elements: Sequence[str], i: int, close: str) -> tuple[list[Path], int]:
    """All paths through the elements from `i` up to `close`, and the index after `close`."""
    finished: list[Path] = []
    paths: list[Path] = [()]
    while i < len(elements) and elements[i] != close:
        element, i = elements[i], i + 1
        if element == "|":
            finished, paths = finished + paths, [()]
        elif element in "([":
            inner, i = _alternatives(elements, i, ")" if element == "(" else "]")
            inner = [*inner, ()] if element == "[" else inner
            paths = [p + q for p in paths for q in inner]
        else:
            paths = [(*p, element) for p in paths]
    return finished + paths, i + 1


def expand(pattern: str) -> list[Path]:
    """Every sequence of elements that a pattern allows."""
    return _alternatives(_ELEMENT.findall(pattern), 0, "")[0]


def trie(tables: Iterable[tuple[str, Sequence[str]]]) -> TrieNode:
    """The trie of tables of (key, patterns)."""
    root = TrieNode()
    for key, patterns in tables:
        for path in (p for pattern in patterns for p in expand(pattern)):
            node = root
            for element in (e for part in path for e in ((part,) if part != "its" else ("it", "'s"))):
                node = node.after(element)
            if key not in node.ends:
                node.ends.append(key)
    return root


def walk(
    node: TrieNode, i: int, tokens: Sequence[str], chunks: Reader, bound: Mapping[str, Any]
) -> Iterator[PatternMatch]:
    """All matches from a node and a token on."""
    for key in node.ends:
        yield PatternMatch(i, key, bound)
    if i < len(tokens) and (onward := node.words.get(tokens[i])):
        yield from walk(onward, i + 1, tokens, chunks, bound)
    for element, onward in node.chunks.items():
        kind, _, name = element[1:-1].partition(":")
        for end, value in chunks("<" + kind if element[0] == "<" else kind, i):
            yield from walk(onward, end, tokens, chunks, bound if element[0] == "<" else {**bound, name or kind: value})
