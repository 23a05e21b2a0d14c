"""The tokens of a text, and the chunks read off them once each. In: tokens, and a reader for every kind of chunk. Out: chunks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.backends.world.words import idioms, lexicon, remarks
from pipeline.backends.world.words.patterns import Table, TrieNode, trie, walk

Found = Iterator[tuple[int, Any]]
Kinds = Mapping[str, Callable[["Spans", int], Found]]
"""Each kind of chunk with its reader: where the chunks that begin at a token end, and what they mean."""


_DEEPEST = 30
"""How many chunks may lie within each other: a thing beside a thing takes three."""


class TooDeep(ValueError):
    """A text with more in one piece than is followed: things beside things beside things, or clauses without end."""


class Spans:
    """One text. `raw` holds its tokens as they were written."""

    def __init__(self, tokens: Sequence[str], raw: Sequence[str], kinds: Kinds) -> None:
        self.tokens, self.raw = list(tokens), list(raw)
        self._kinds = kinds
        self._read: dict[tuple[str, int], list[tuple[int, Any]]] = {}
        self._depth = 0

    def __call__(self, kind: str, i: int) -> list[tuple[int, Any]]:
        """All chunks of a kind that begin at a token; "<add" is the class of verbs of that name. Raises TooDeep."""
        key = (kind, i)
        if key not in self._read:
            if self._depth == _DEEPEST:
                raise TooDeep(" ".join(self.tokens[i:]))
            self._depth += 1
            self._read[key] = list(
                self.looked_up(_verbs(kind[1:]), i) if kind[0] == "<" else self._kinds[kind](self, i)
            )
            self._depth -= 1
        return self._read[key]

    def match(self, node: TrieNode, i: int) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """What the patterns of a trie make of the tokens from `i` on."""
        for found in walk(node, i, self.tokens, self, {}):
            yield found.end, found.key, found.bound

    def looked_up(self, table: Mapping[str, Any], i: int, longest: int = 4) -> Found:
        """The entries of a table that begin at a token, the longest first."""
        for end in range(min(len(self.tokens), i + longest), i, -1):
            words = " ".join(self.tokens[i:end])
            if words in table:
                yield end, table[words]

    def has(self, i: int, *words: str) -> bool:
        """Whether one of these words is the token at `i`."""
        return i < len(self.tokens) and self.tokens[i] in words

    def runs(self, i: int, words: str) -> bool:
        """Whether these words stand from `i` on."""
        return self.tokens[i : i + words.count(" ") + 1] == words.split()


@cache
def _verbs(name: str) -> Mapping[str, str]:
    return {verb: verb for verb in lexicon.VERBS[name].split("|")}


@cache
def idiom(name: str) -> TrieNode:
    """The trie of a table of `idioms` or `remarks`."""
    table: Table = getattr(idioms if hasattr(idioms, name) else remarks, name)
    return trie(table)
