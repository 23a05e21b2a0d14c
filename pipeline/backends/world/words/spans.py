"""The tokens of a text, and their chunks, each read once. In: tokens, and a reader for every kind of chunk. Out: chunks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.backends.world.words import idioms, lexicon, remarks
from pipeline.backends.world.words.patterns import Table, TrieNode, trie, walk

ChunkEnds = Iterator[tuple[int, Any]]
Kinds = Mapping[str, Callable[["Spans", int], ChunkEnds]]
"""The reader of each kind of chunk: it gives the end and value of every chunk that begins at a token."""


_DEEPEST = 30
"""The most chunks within each other; a thing beside a thing takes three."""
MOST_STEPS = 150_000
"""How often a chunk is looked up in a text, at most; ordinary texts take less than 1,000, the longest take 100,000."""


class TooDeep(ValueError):
    """A text has more chunks within each other, or more clauses, or takes more steps, than are read."""


class Spans:
    """One text. `raw` holds its tokens as they were written; `steps` counts how often a chunk was looked up in it."""

    def __init__(self, tokens: Sequence[str], raw: Sequence[str], kinds: Kinds) -> None:
        self.tokens, self.raw = list(tokens), list(raw)
        self._kinds = kinds
        self._read: dict[tuple[str, int], list[tuple[int, Any]]] = {}
        self._depth = 0
        self.steps = 0

    def __call__(self, kind: str, i: int) -> list[tuple[int, Any]]:
        """All chunks of a kind that begin at a token; the kind "<add" is the class of verbs "add". Raises TooDeep."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooDeep(" ".join(self.tokens[i:]))
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
        """The matches of a trie's patterns from token `i` on: the end, key and chunks of each."""
        for fit in walk(node, i, self.tokens, self, {}):
            yield fit.end, fit.key, fit.bound

    def looked_up(self, table: Mapping[str, Any], i: int, longest: int = 4) -> ChunkEnds:
        """The entries of a table that begin at a token, the longest first."""
        for end in range(min(len(self.tokens), i + longest), i, -1):
            words = " ".join(self.tokens[i:end])
            if words in table:
                yield end, table[words]

    def has(self, i: int, *words: str) -> bool:
        """Whether one of these words is the token at `i`."""
        return i < len(self.tokens) and self.tokens[i] in words

    def runs(self, i: int, words: str) -> bool:
        """Whether exactly these words follow from token `i` on."""
        return self.tokens[i : i + words.count(" ") + 1] == words.split()


@cache
def _verbs(name: str) -> Mapping[str, str]:
    return {verb: verb for verb in lexicon.VERBS[name].split("|")}


@cache
def idiom(name: str) -> TrieNode:
    """The trie of a table of `idioms` or `remarks`."""
    table: Table = getattr(idioms if hasattr(idioms, name) else remarks, name)
    return trie(table)
