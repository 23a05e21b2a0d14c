"""Reading the world's English. In: a text. Out: the ops it asks for (`parse`, which undoes `language`), or the facts it states.

Every word must be part of a clause, a courtesy, or a way of saying that the rest stays as it is; a text with a word too many,
or with two meanings, is not understood. Nothing is ever guessed. `glean` passes over what it does not understand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.words import grammar, lexicon
from pipeline.backends.world.words.chunks import read
from pipeline.backends.world.words.clauses import built
from pipeline.backends.world.words.nouns import THEM, nouns, unclear
from pipeline.backends.world.words.patterns import PatternMatch, TrieNode, walk
from pipeline.backends.world.words.spans import TooDeep
from pipeline.backends.world.words.tokens import tokens
from pipeline.backends.world.words.topics import Topic, clash, topic

_BEFORE_GERUNDS = ("mind", "about", "by", "try")
_JOINTS = frozenset((",", ";", "and", "then", "also"))
"""What may stand before a clause that leaves out its verb."""
_BREAKS = frozenset(".,;:!?\n")
_COMING = frozenset(("add", "have", "count", "background", "light", "add_from", "combine"))
"""Orders that do not touch what is there."""
_EACH = frozenset(("all", "both", "each", "every"))
_RANKS = frozenset((*lexicon.ORDINALS, "last", "next"))
"""What numbers the orders only where no noun follows: "second star" is one star of several."""
LONGEST = 2000
"""Characters of the longest text that is read at all; instructions have far fewer."""
_MOST = 100
"""How many clauses and asides a text may have; real ones have a tenth of it."""


class NotUnderstood(ValueError):
    """A piece of text that is no clause of this language, or is one in several ways; `piece` holds it."""

    def __init__(self, piece: str) -> None:
        super().__init__(f"I do not understand {piece!r}")
        self.piece = piece


def _worded(text: str) -> tuple[list[str], list[str]]:
    """The tokens of a text, gerunds as the verbs that they belong to; and as they were written."""
    lower, raw = tokens(text)
    return [_base(t) if i and lower[i - 1] in _BEFORE_GERUNDS else t for i, t in enumerate(lower)], raw


@cache
def _base(word: str) -> str:
    """The verb that a gerund belongs to: "making" to "make"; other words stay as they are."""
    stem = word.removesuffix("ing")
    verbs = {verb.split()[0] for group in lexicon.VERBS.values() for verb in group.split("|")} | set(
        grammar.root().words
    )
    options = (stem, f"{stem}e", stem[:-1]) if stem != word else ()
    return next((verb for verb in options if verb in verbs), word)


_Mode = Literal["", "picture", "drawing", "orders"]
_MODES: dict[str, _Mode] = {"opening": "picture", "drawing": "drawing"}


@dataclass(frozen=True, slots=True)
class _State:
    """What the words so far set up: what kind of text it is, the verb (where the tokens of its clause lie) and the topic."""

    mode: _Mode = ""
    verb: tuple[int, int] | None = None
    modal: bool = False
    topic: Topic = ()
    spoken: bool = False
    described: Literal["", "wished", "told"] = ""
    """Whether a picture was described; "told": said of one that may be there ("it is night")."""


class _Text:
    """One text and all ways of reading it."""

    def __init__(self, text: str) -> None:
        self.tokens, raw = _worded(text)
        self.chunks = read(self.tokens, raw)
        self.reached = 0
        self._depth = 0
        self._read: dict[tuple[int, _State, bool], frozenset[tuple[Op, ...]]] = {}

    def readings(self, i: int, state: _State, broken: bool) -> frozenset[tuple[Op, ...]]:
        """The ways of reading the tokens from `i` on, two of them at most; `broken`: a clause may begin here."""
        key = (i, state, broken)
        if key not in self._read:
            if self._depth == _MOST:
                raise TooDeep(" ".join(self.tokens[i:]))
            self._depth += 1
            found: set[tuple[Op, ...]] = set()
            for reading in self._readings(i, state, broken):
                found.add(reading)
                if len(found) > 1:
                    break
            self._read[key] = frozenset(found)
            self._depth -= 1
        return self._read[key]

    def _readings(self, i: int, state: _State, broken: bool) -> Iterator[tuple[Op, ...]]:
        self.reached = max(self.reached, i)
        while i < len(self.tokens) and self.tokens[i] in _BREAKS:
            i, broken = i + 1, True
        if i == len(self.tokens):
            yield ()
            return
        for end, key in self.asides(i):
            if key in ("opening", "drawing") and (state.spoken or not broken):
                continue
            if key == "alone" and state.mode != "picture":
                continue  # there, it would remove what else there is
            onward = replace(state, mode=_MODES.get(key, state.mode))
            yield from self.readings(end, onward, True)
        for end, done, onward in self.clauses(i, state, broken):
            for rest in self.readings(end, onward, not onward.spoken):
                yield (*done, *rest)

    def asides(self, i: int) -> Iterator[tuple[int, str]]:
        """Words from `i` on that ask for nothing."""
        for m in self._walk(grammar.aside_words(), i):
            word = self.tokens[i] if m.end == i + 1 else ""
            ranked = word in _RANKS and any(True for _ in nouns(self.chunks, m.end))
            if not (ranked or (word == "just" and self.chunks("selector", m.end))):  # "just the star" is that one only
                yield m.end, m.key

    def clauses(self, i: int, state: _State, broken: bool) -> Iterator[tuple[int, tuple[Op, ...], _State]]:
        """The clauses that begin at a token: where each ends, its ops, and the state after it."""
        for match, verb, mode in self._matches(i, state, broken):
            opens = match.key == "light_with"
            if not (opens or self._ends(match.end)):
                continue
            ordered = mode == "orders" and state.described
            if ordered and (state.described == "told" or match.key not in _COMING):
                continue  # "there is a star. make it red": is it to come, or was it there?
            if match.key == "replace" and self._gathers(i, match):
                continue
            done = built(match.key, match.bound, () if ordered else state.topic, mode == "picture")
            if done is not None:
                modal = self._modal(i, match.end)
                passing = match.key in ("background", "light")
                spoken = topic(done) or (state.topic if passing else ())
                if verb is not None and verb == state.verb and not passing:
                    spoken = (*state.topic, *spoken)  # "add a star and a ring. make it red": which of the two?
                seen = self._described(i, match, state, mode)
                yield match.end, tuple(done), _State("picture" if opens else mode, verb, modal, spoken, not opens, seen)

    def _described(self, i: int, match: PatternMatch, state: _State, mode: _Mode) -> Literal["", "wished", "told"]:
        if state.mode == "orders" or mode == "orders":
            return state.described
        if match.key in ("background", "light") and "is" in self.tokens[i : match.end]:
            return "told"
        return state.described or ("wished" if mode in ("", "picture") else "")

    def _gathers(self, i: int, match: PatternMatch) -> bool:
        """Whether one thing is to replace several, as in "replace the stars with a ring": each of them, or all at once?"""
        several = any(target.every or target == THEM for target in match.bound["the"])
        return several and match.bound["new"].how == "one" and not _EACH & set(self.tokens[i : match.end])

    def _ends(self, i: int) -> bool:
        """Whether a clause may end before a token."""
        if i == len(self.tokens) or self.tokens[i] in _BREAKS:
            return True
        return any(True for _ in self.asides(i)) or any(True for _ in self._walk(grammar.settings(), i))

    def _matches(
        self, i: int, state: _State, broken: bool
    ) -> Iterator[tuple[PatternMatch, tuple[int, int] | None, _Mode]]:
        mode = state.mode
        yield from ((match, state.verb, mode) for match in self._walk(grammar.settings(), i))
        if not broken:
            return
        yield from ((match, (i, match.end), "orders") for match in self._walk(grammar.root(), i))
        if mode != "orders":
            yield from ((match, state.verb, mode or "picture") for match in self._walk(grammar.items(), i))
        if state.verb is not None and i and self.tokens[i - 1] in _JOINTS:
            for node in self._after(*state.verb):
                yield from ((match, state.verb, mode) for match in self._walk(node, i))
        if state.modal and i and self.tokens[i - 1] in _JOINTS:
            yield from ((match, state.verb, mode) for match in self._walk(grammar.elided(), i))

    def _walk(self, node: TrieNode, i: int) -> Iterator[PatternMatch]:
        return (match for match in walk(node, i, self.tokens, self.chunks, {}) if match.end > i)

    def _after(self, start: int, end: int) -> Iterator[TrieNode]:
        """Where in the grammar one is after the verb of a clause, however long that verb is taken to be."""
        root = grammar.root()
        kinds = [(element[:-1], node) for element, node in root.chunks.items() if element[0] == "<"]
        verb = next((i for i in range(start, end) if any(self.chunks(kind, i) for kind, _ in kinds)), start)
        yield from (node for kind, node in kinds if self.chunks(kind, verb))
        node: TrieNode | None = root
        for i in range(verb, end):
            node = node.words.get(self.tokens[i]) if node else None
            if node:
                yield node

    def _modal(self, start: int, end: int) -> bool:
        return any(True for i in range(start, end) for _ in self.chunks("<must", i))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Op, ...]:
    if len(text) > LONGEST:
        raise NotUnderstood(text[:LONGEST])
    reader = _Text(text)
    if any(unclear(reader.chunks, i) for i in range(len(reader.tokens))):
        raise NotUnderstood(text)
    try:
        found = reader.readings(0, _State(), True)
    except TooDeep as deep:
        raise NotUnderstood(text) from deep
    if len(found) > 1:
        raise NotUnderstood(text)
    if not found or () in found:
        raise NotUnderstood(" ".join(reader.tokens[reader.reached :]) or text)
    (done,) = found
    if clash(done):
        raise NotUnderstood(text)
    return done


def parse(text: str) -> list[Op]:
    """The ops that a text asks for.

    Raises NotUnderstood when a word of it is not understood, or all of it in two ways, or it is longer than LONGEST.
    """
    return list(_parsed(text))


def glean(text: str) -> list[Op]:
    """The ops in a text that may hold other words too; those are passed over. None are found in one longer than LONGEST."""
    if len(text) > LONGEST:
        return []
    try:
        return _gleaned(text)
    except TooDeep:
        return []


def _gleaned(text: str) -> list[Op]:
    reader, state, found, i, broken = _Text(text), _State(mode="orders"), list[Op](), 0, True
    while i < len(reader.tokens):
        here = list(reader.clauses(i, state, broken))
        if here:
            i, done, state = max(here, key=lambda clause: clause[0])
            found += done
            broken = False
            continue
        skipped = max((end for end, _ in reader.asides(i)), default=i + 1)
        broken = skipped > i + 1 or reader.tokens[i] in _BREAKS or bool(list(reader.asides(i)))
        i = skipped
    return found


_FACT = re.compile(
    rf"\b(?:the colou?r of (?P<a>{'|'.join(lexicon.TERMS)})|(?P<b>{'|'.join(lexicon.TERMS)})'s colou?r) is "
    rf"(?P<colour>{'|'.join(lexicon.COLOUR_WORDS)})\b"
)


def facts(explanation: str) -> dict[str, str]:
    """The colours that an explanation gives to terms: {"?lorvia": "purple"}; a term with two colours is left out."""
    found: dict[str, set[str]] = {}
    for match in _FACT.finditer(" ".join(explanation.lower().replace("’", "'").split())):
        found.setdefault("?" + (match["a"] or match["b"]), set()).add(lexicon.COLOUR_WORDS[match["colour"]])
    return {term: colours.pop() for term, colours in found.items() if len(colours) == 1}
