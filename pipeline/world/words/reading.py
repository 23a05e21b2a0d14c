"""Reading the world's English. In: a text. Out: the ops it asks for (`parse`, which undoes `language`), or the facts it states.

Every word must be part of a clause, a courtesy, or a way of saying that the rest stays as it is; a text with a word too many,
or with two meanings, is not understood. Nothing is ever guessed. `glean` passes over what it does not understand.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from pipeline.world.scenes.ops import Op
from pipeline.world.words import asides, lexicon
from pipeline.world.words import grammar_pictures as pictures
from pipeline.world.words.chunks import read
from pipeline.world.words.clauses import built
from pipeline.world.words.grammar_looks import LOOKS
from pipeline.world.words.grammar_scene import SCENE
from pipeline.world.words.grammar_things import THINGS
from pipeline.world.words.patterns import Match, Node, trie, walk
from pipeline.world.words.topics import Topic, clash, topic

_BEFORE_GERUNDS = ("mind", "about", "by", "try")
_JOINTS = frozenset((",", ";", "and", "then", "also"))
"""What may stand before a clause that leaves out its verb."""
_BREAKS = frozenset(".,;:!?\n")
_EXPANDED = {
    "i'd": "i would",
    "let's": "let us",
    "it's": "it is",
    "there's": "there is",
    "that's": "that is",
    "don't": "do not",
    "doesn't": "does not",
}
_TOKEN = re.compile(r'"[^"]*"|[^\W\d_]+|\d+|\'s\b|[^\s\w]|\n')
_QUOTED = re.compile(r"[“”„\"]([^“”„\"]*)[“”„\"]|(?<!\w)[‘']([\w ]{1,20}[.,!]?)[’'](?!\w)")
_MARKER = re.compile(r"(?m)^\s*(?:\d[.)]|[-*•])\s+|(?<!\S)\(?\d\)\s+|(?<=[.;:!?]\s)\d\.\s+(?=[A-Za-z])")


class NotUnderstood(ValueError):
    """A piece of text that is no clause of this language, or is one in several ways; `piece` holds it."""

    def __init__(self, piece: str) -> None:
        super().__init__(f"I do not understand {piece!r}")
        self.piece = piece


def tokens(text: str) -> tuple[list[str], list[str]]:
    """The words and stops of a text, in lower case and as they were; a quoted text is one token that begins with a quote."""
    text = _QUOTED.sub(lambda m: f'"{(m[1] or m[2] or "").strip().rstrip(".,!")}"', text)
    text = _MARKER.sub("\n", text).replace("’", "'").replace("&", " and ").replace("°", " degrees ")
    text = re.sub(r"\s[-–]+\s|—", " , ", text)
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
    text = re.sub(r"\b\w+'\w+\b", lambda m: _EXPANDED.get(m[0].lower(), m[0]), text)
    text = re.sub(r"\b(I?ts)\b", lambda m: "it's", text, flags=re.IGNORECASE)
    raw = _TOKEN.findall(text)
    lower = [t.lower() for t in raw]
    return [_base(t) if i and lower[i - 1] in _BEFORE_GERUNDS else t for i, t in enumerate(lower)], raw


@cache
def _base(word: str) -> str:
    """The verb that a gerund belongs to: "making" to "make"; other words stay as they are."""
    stem = word.removesuffix("ing")
    verbs = {verb.split()[0] for group in lexicon.VERBS.values() for verb in group.split("|")} | set(_root().words)
    options = (stem, f"{stem}e", stem[:-1]) if stem != word else ()
    return next((verb for verb in options if verb in verbs), word)


@cache
def _root() -> Node:
    return trie((key, [*patterns, *_asked(patterns)]) for key, patterns in (*THINGS, *LOOKS, *SCENE))


def _asked(patterns: Sequence[str]) -> Iterator[str]:
    """What "the star should be red" is as a question: "could the star be red?"."""
    return (f"(could|can|may|might) {p.replace(' <must>', '', 1)}" for p in patterns if p.startswith("{the} <must>"))


@cache
def _items() -> Node:
    return trie(pictures.ITEMS)


@cache
def _settings() -> Node:
    return trie(pictures.SETTINGS)


@cache
def _asides() -> Node:
    """Fillers, openings, and ways of saying that the rest stays as it is."""
    kept = ("kept", asides.KEPT)
    return trie((("filler", asides.FILLERS), ("opening", pictures.OPENINGS), ("drawing", pictures.DRAWINGS), kept))


@cache
def _elided() -> Node:
    """What goes on after "the star should be red and ..."."""
    return trie((("alter", ("{the} {adj}",)), ("move", ("{the} ({dest}|{still})",))))


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


class _Text:
    """One text and all ways of reading it."""

    def __init__(self, text: str) -> None:
        self.tokens, raw = tokens(text)
        self.chunks = read(self.tokens, raw)
        self.reached = 0
        self._read: dict[tuple[int, _State, bool], frozenset[tuple[Op, ...]]] = {}

    def readings(self, i: int, state: _State, broken: bool) -> frozenset[tuple[Op, ...]]:
        """The ways of reading the tokens from `i` on, two of them at most; `broken`: a clause may begin here."""
        key = (i, state, broken)
        if key not in self._read:
            found: set[tuple[Op, ...]] = set()
            for reading in self._readings(i, state, broken):
                found.add(reading)
                if len(found) > 1:
                    break
            self._read[key] = frozenset(found)
        return self._read[key]

    def _readings(self, i: int, state: _State, broken: bool) -> Iterator[tuple[Op, ...]]:
        self.reached = max(self.reached, i)
        if i == len(self.tokens):
            yield ()
            return
        if self.tokens[i] in _BREAKS:
            yield from self.readings(i + 1, state, True)
            return
        for end, key in self.asides(i):
            if key in ("opening", "drawing") and (state.spoken or not broken):
                continue
            onward = replace(state, mode=_MODES.get(key, state.mode))
            yield from self.readings(end, onward, True)
        for end, done, onward in self.clauses(i, state, broken):
            for rest in self.readings(end, onward, not onward.spoken):
                yield (*done, *rest)

    def asides(self, i: int) -> Iterator[tuple[int, str]]:
        """Words from `i` on that ask for nothing."""
        return ((m.end, m.key) for m in self._walk(_asides(), i))

    def clauses(self, i: int, state: _State, broken: bool) -> Iterator[tuple[int, tuple[Op, ...], _State]]:
        """The clauses that begin at a token: where each ends, its ops, and the state after it."""
        for match, verb, mode in self._matches(i, state, broken):
            opens = match.key == "light_with"
            if not (opens or self._ends(match.end)):
                continue
            done = built(match.key, match.bound, state.topic, mode == "picture")
            if done is not None:
                modal = self._modal(i, match.end)
                spoken = topic(done) or (state.topic if match.key in ("background", "light") else ())
                yield match.end, tuple(done), _State("picture" if opens else mode, verb, modal, spoken, not opens)

    def _ends(self, i: int) -> bool:
        """Whether a clause may end before a token."""
        if i == len(self.tokens) or self.tokens[i] in _BREAKS:
            return True
        return any(True for _ in self.asides(i)) or any(True for _ in self._walk(_settings(), i))

    def _matches(self, i: int, state: _State, broken: bool) -> Iterator[tuple[Match, tuple[int, int] | None, _Mode]]:
        mode = state.mode
        yield from ((match, state.verb, mode) for match in self._walk(_settings(), i))
        if not broken:
            return
        yield from ((match, (i, match.end), "orders") for match in self._walk(_root(), i))
        if mode != "orders":
            yield from ((match, state.verb, mode or "picture") for match in self._walk(_items(), i))
        if state.verb is not None and i and self.tokens[i - 1] in _JOINTS:
            for node in self._after(*state.verb):
                yield from ((match, state.verb, mode) for match in self._walk(node, i))
        if state.modal and i and self.tokens[i - 1] in _JOINTS:
            yield from ((match, state.verb, mode) for match in self._walk(_elided(), i))

    def _walk(self, node: Node, i: int) -> Iterator[Match]:
        return (match for match in walk(node, i, self.tokens, self.chunks, {}) if match.end > i)

    def _after(self, start: int, end: int) -> Iterator[Node]:
        """Where in the grammar one is after the verb of a clause, however long that verb is taken to be."""
        root = _root()
        kinds = [(element[:-1], node) for element, node in root.chunks.items() if element[0] == "<"]
        verb = next((i for i in range(start, end) if any(self.chunks(kind, i) for kind, _ in kinds)), start)
        yield from (node for kind, node in kinds if self.chunks(kind, verb))
        node: Node | None = root
        for i in range(verb, end):
            node = node.words.get(self.tokens[i]) if node else None
            if node:
                yield node

    def _modal(self, start: int, end: int) -> bool:
        return any(True for i in range(start, end) for _ in self.chunks("<must", i))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Op, ...]:
    reader = _Text(text)
    found = reader.readings(0, _State(), True)
    if len(found) > 1:
        raise NotUnderstood(text)
    if not found or () in found:
        raise NotUnderstood(" ".join(reader.tokens[reader.reached :]) or text)
    (done,) = found
    if clash(done):
        raise NotUnderstood(text)
    return done


def parse(text: str) -> list[Op]:
    """The ops that a text asks for. Raises NotUnderstood when a word of it is not understood, or all of it in two ways."""
    return list(_parsed(text))


def glean(text: str) -> list[Op]:
    """The ops in a text that may hold other words too; those are passed over."""
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
