"""Read the world's English. In: a text. Out: the ops it asks for (`parse`, the inverse of `language`), or the facts it states.

Every word must be part of a clause, a courtesy, or a phrase that keeps the rest as it is. A text with any other word, or with
two meanings, is not understood: nothing is guessed. `glean` skips what it does not understand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.words import grammar, lexicon
from pipeline.backends.world.words.chunks import read_chunks
from pipeline.backends.world.words.clauses import build
from pipeline.backends.world.words.nouns import THEM, is_unclear, nouns
from pipeline.backends.world.words.patterns import PatternMatch, TrieNode, walk
from pipeline.backends.world.words.spans import TooDeep
from pipeline.backends.world.words.tokens import tokens
from pipeline.backends.world.words.topics import Topic, clash, topic

_BEFORE_GERUNDS = ("mind", "about", "by", "try")
_JOINTS = frozenset((",", ";", "and", "then", "also"))
"""Words after which a clause may leave out its verb."""
_BREAKS = frozenset(".,;:!?\n")
_COMING = frozenset(("add", "have", "count", "background", "light", "add_from", "combine"))
"""Keys of orders that do not change things of the scene."""
_EACH = frozenset(("all", "both", "each", "every"))
_RANKS = frozenset((*lexicon.ORDINALS, "last", "next"))
"""Words that number the orders, unless a noun follows: "second star" is one star of several."""
LONGEST = 2000
"""The most characters of a text that is read; instructions have far fewer."""
_MOST = 100
"""The most clauses and asides of a text; real texts have a tenth as many."""


class NotUnderstood(ValueError):
    """A text is not understood. `piece` is the part that has no reading, or the whole text when it has several."""

    def __init__(self, piece: str) -> None:
        super().__init__(f"I do not understand {piece!r}")
        self.piece = piece


def _tokenise(text: str) -> tuple[list[str], list[str]]:
    """The tokens of a text, with gerunds replaced by their verbs; and the tokens as they were written."""
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
    """The state after the words so far.

    `verb` is the range of tokens of the last clause with a verb. `modal`: that clause has a "should". `topic`: see `topics`.
    `begun`: a clause was read. `described`: a picture was described, "wished" or "stated" as existing ("it is night").
    """

    mode: _Mode = ""
    verb: tuple[int, int] | None = None
    modal: bool = False
    topic: Topic = ()
    begun: bool = False
    described: Literal["", "wished", "stated"] = ""


class _Text:
    """One text and all its readings. `reached` is the farthest token of any reading, where an error is reported."""

    def __init__(self, text: str) -> None:
        self.tokens, raw = _tokenise(text)
        self.chunks = read_chunks(self.tokens, raw)
        self.reached = 0
        self._depth = 0
        self._read: dict[tuple[int, _State, bool], frozenset[tuple[Op, ...]]] = {}

    def readings(self, i: int, state: _State, broken: bool) -> frozenset[tuple[Op, ...]]:
        """The readings of the tokens from `i` on; two at most, which make the text unclear. `broken`: a clause may begin."""
        key = (i, state, broken)
        if key not in self._read:
            if self._depth == _MOST:
                raise TooDeep(" ".join(self.tokens[i:]))
            self._depth += 1
            readings: set[tuple[Op, ...]] = set()
            for reading in self._readings(i, state, broken):
                readings.add(reading)
                if len(readings) > 1:
                    break
            self._read[key] = frozenset(readings)
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
            if key in ("opening", "drawing") and (state.begun or not broken):
                continue
            if key == "alone" and state.mode != "picture":
                continue  # in an order it would ask to remove all other things
            onward = replace(state, mode=_MODES.get(key, state.mode))
            yield from self.readings(end, onward, True)
        for end, ops, onward in self.clauses(i, state, broken):
            for rest in self.readings(end, onward, not onward.begun):
                yield (*ops, *rest)

    def asides(self, i: int) -> Iterator[tuple[int, str]]:
        """The asides that begin at token `i`: the end and key of each."""
        for m in self._walk(grammar.aside_words(), i):
            word = self.tokens[i] if m.end == i + 1 else ""
            ranked = word in _RANKS and any(True for _ in nouns(self.chunks, m.end))
            if not (ranked or (word == "just" and self.chunks("selector", m.end))):  # "just the star" is that one only
                yield m.end, m.key

    def clauses(self, i: int, state: _State, broken: bool) -> Iterator[tuple[int, tuple[Op, ...], _State]]:
        """The clauses that begin at a token: the end, the ops and the state after each."""
        for match, verb, mode in self._matches(i, state, broken):
            opens = match.key == "light_with"
            if not (opens or self._may_end(match.end)):
                continue
            ordered = mode == "orders" and state.described
            if ordered and (state.described == "stated" or match.key not in _COMING):
                continue  # "there is a star. make it red": is the star new, or in the scene already?
            if match.key == "replace" and self._replaces_several_by_one(i, match):
                continue
            ops = build(match.key, match.bound, () if ordered else state.topic, mode == "picture")
            if ops is not None:
                modal = self._has_modal(i, match.end)
                passing = match.key in ("background", "light")
                next_topic = topic(ops) or (state.topic if passing else ())
                if verb is not None and verb == state.verb and not passing:
                    next_topic = (*state.topic, *next_topic)  # "add a star and a ring. make it red": which of the two?
                described = self._description_state(i, match, state, mode)
                yield (
                    match.end,
                    tuple(ops),
                    _State("picture" if opens else mode, verb, modal, next_topic, not opens, described),
                )

    def _description_state(
        self, i: int, match: PatternMatch, state: _State, mode: _Mode
    ) -> Literal["", "wished", "stated"]:
        if state.mode == "orders" or mode == "orders":
            return state.described
        if match.key in ("background", "light") and "is" in self.tokens[i : match.end]:
            return "stated"
        return state.described or ("wished" if mode in ("", "picture") else "")

    def _replaces_several_by_one(self, i: int, match: PatternMatch) -> bool:
        """Whether one thing shall replace several: "replace the stars with a ring" may mean each of them, or all at once."""
        several = any(target.every or target == THEM for target in match.bound["the"])
        return several and match.bound["new"].how == "one" and not _EACH & set(self.tokens[i : match.end])

    def _may_end(self, i: int) -> bool:
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
            for node in self._nodes_after_verb(*state.verb):
                yield from ((match, state.verb, mode) for match in self._walk(node, i))
        if state.modal and i and self.tokens[i - 1] in _JOINTS:
            yield from ((match, state.verb, mode) for match in self._walk(grammar.elided(), i))

    def _walk(self, node: TrieNode, i: int) -> Iterator[PatternMatch]:
        return (match for match in walk(node, i, self.tokens, self.chunks, {}) if match.end > i)

    def _nodes_after_verb(self, start: int, end: int) -> Iterator[TrieNode]:
        """The nodes of the grammar after the verb of a clause, for every length that the verb may have."""
        root = grammar.root()
        kinds = [(element[:-1], node) for element, node in root.chunks.items() if element[0] == "<"]
        verb = next((i for i in range(start, end) if any(self.chunks(kind, i) for kind, _ in kinds)), start)
        yield from (node for kind, node in kinds if self.chunks(kind, verb))
        node: TrieNode | None = root
        for i in range(verb, end):
            node = node.words.get(self.tokens[i]) if node else None
            if node:
                yield node

    def _has_modal(self, start: int, end: int) -> bool:
        return any(True for i in range(start, end) for _ in self.chunks("<must", i))


@lru_cache(maxsize=4096)
def _parse_once(text: str) -> tuple[Op, ...]:
    if len(text) > LONGEST:
        raise NotUnderstood(text[:LONGEST])
    reader = _Text(text)
    try:
        if any(is_unclear(reader.chunks, i) for i in range(len(reader.tokens))):
            raise NotUnderstood(text)
        readings = reader.readings(0, _State(), True)
    except TooDeep as deep:
        raise NotUnderstood(text) from deep
    if len(readings) > 1:
        raise NotUnderstood(text)
    if not readings or () in readings:
        raise NotUnderstood(" ".join(reader.tokens[reader.reached :]) or text)
    (ops,) = readings
    if clash(ops):
        raise NotUnderstood(text)
    return ops


def parse(text: str) -> list[Op]:
    """The ops that a text asks for.

    Raises NotUnderstood when a word of it is not understood, or all of it in two ways, or it is longer than LONGEST.
    """
    return list(_parse_once(text))


def glean(text: str) -> list[Op]:
    """The ops in a text that may hold other words, too; these are skipped. A text longer than LONGEST yields no ops."""
    if len(text) > LONGEST:
        return []
    try:
        return _glean(text)
    except TooDeep:
        return []


def _glean(text: str) -> list[Op]:
    reader, state, ops, i, broken = _Text(text), _State(mode="orders"), list[Op](), 0, True
    while i < len(reader.tokens):
        candidates = list(reader.clauses(i, state, broken))
        if candidates:
            i, clause_ops, state = max(candidates, key=lambda clause: clause[0])
            ops += clause_ops
            broken = False
            continue
        skipped = max((end for end, _ in reader.asides(i)), default=i + 1)
        broken = skipped > i + 1 or reader.tokens[i] in _BREAKS or bool(list(reader.asides(i)))
        i = skipped
    return ops


_FACT = re.compile(
    rf"\b(?:the colou?r of (?P<a>{'|'.join(lexicon.TERMS)})|(?P<b>{'|'.join(lexicon.TERMS)})'s colou?r) is "
    rf"(?P<colour>{'|'.join(lexicon.COLOUR_WORDS)})\b"
)


def facts(explanation: str) -> dict[str, str]:
    """The colours that an explanation gives to terms: {"?lorvia": "purple"}. A term with two colours is omitted."""
    colours_by_term: dict[str, set[str]] = {}
    for match in _FACT.finditer(" ".join(explanation.lower().replace("’", "'").split())):
        colours_by_term.setdefault("?" + (match["a"] or match["b"]), set()).add(lexicon.COLOUR_WORDS[match["colour"]])
    return {term: colours.pop() for term, colours in colours_by_term.items() if len(colours) == 1}
