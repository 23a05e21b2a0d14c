"""The wording of a text as decontamination compares it: its words without those that carry no meaning, and where its clauses end.

In: an instruction. Out: a `Wording`. Case, width, punctuation, plural and the spelling of numbers are gone, articles and politeness
too; words that say the same to an image model (photo and picture, remove and delete) are one. Order and prepositions stay:
they decide what stands left of what.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\W_]+|[.,;:!?()\[\]{}\"“”|\n—–…。、「」]| - "
)
_ENDS = frozenset('.,;:!?()[]{}"“”|\n—–…。、「」') | {" - "}
_EMPTY_WORDS = """
a an the of and or is are be been being was were to into this that these those it its s there please kindly just
"""
_VERB_WORDS = """
change add remove replace make draw show keep move rotate fill complete adjust set use give dye generate let apply
"""
_PHRASE_WORDS = "with in at on below during by from"
_SETTING_WORDS = """
light lighting sunlight moonlight sunset sunrise dusk dawn night noon morning evening afternoon day hour winter summer spring autumn
style background foreground focus bokeh weather sky lens quality resolution detail 4k 8k
"""
_PHRASES, _SETTINGS = frozenset(_PHRASE_WORDS.split()), frozenset(_SETTING_WORDS.split())
_EMPTY, _VERBS = frozenset(_EMPTY_WORDS.split()), frozenset(_VERB_WORDS.split())
_OPENERS = frozenset({"while", "whilst", "then", "but"})
_GIVEN = frozenset({"the", "this", "that", "given", "original", "provided"})
_COUNTS = frozenset(
    ["a", "an", "another", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)
_ALIKE = (
    "photo photograph picture image pic foto shot",
    "change alter turn modify transform convert switch",
    "add insert put place include",
    "remove delete erase eliminate",
    "replace swap substitute exchange",
    "make render",
    "draw sketch paint",
    "show display depict present",
    "color colour hue",
    "grey gray",
    "big large huge",
    "small little tiny",
    "correct right fix",
    "below under beneath underneath",
    "above over",
    "person human",
    "zero 0",
    "one 1 single",
    "two 2",
    "three 3",
    "four 4",
    "five 5",
    "six 6",
    "seven 7",
    "eight 8",
    "nine 9",
    "ten 10",
)
_CLASS = {word: words.split()[0] for words in _ALIKE for word in words.split()}


@dataclass(frozen=True, slots=True)
class Wording:
    """`words` that carry meaning, in order, each in its plainest form. `ends`: the places between them, from 0 to `len(words)`, at
    which a clause begins or ends; both outer ones are."""

    words: tuple[str, ...]
    ends: frozenset[int]


def wording(text: str) -> Wording:
    """How the text is worded. A text of signs alone has no words."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    tokens = _TOKEN.findall(folded)
    words: list[str] = []
    ends = {0}
    for n, token in enumerate(tokens):
        if token in _ENDS or token in _OPENERS:
            if token != "," or not _lists_on(tokens, n + 1):
                ends.add(len(words))
        elif token in _EMPTY:
            if token == "and" and n + 1 < len(tokens) and plain_word(tokens[n + 1]) in _VERBS:
                ends.add(len(words))
        else:
            word = plain_word(token)
            if word == "photo" and words[-1:] in (["in"], ["from"]) and tokens[n - 1] in _GIVEN:
                words.pop()  # "in the picture" says nothing of it
            else:
                words.append(word)
    ends = {end for end in ends if end <= len(words)} | {len(words)} | set(_settings(words))
    return Wording(tuple(words), frozenset(ends))


def _settings(words: list[str]) -> Iterator[int]:
    """Where a phrase begins that tells of light, hour, style or background alone, as in "a dog at sunset": it sets the scene as a
    clause would, while "a dog in a kitchen" is another picture."""
    openings = [n for n, word in enumerate(words) if word in _PHRASES]
    for n, nxt in pairwise([*openings, len(words)]):
        tells = any(word in _SETTINGS and before != "traffic" for before, word in pairwise(words[n:nxt]))
        if tells or (words[n] == "with" and words[nxt : nxt + 2] == ["in", "background"]):
            yield n


def _lists_on(tokens: list[str], place: int) -> bool:
    """Whether a further thing is named there, as in "a dog, a cat and a bird", not a clause begun."""
    token, after = (*tokens[place : place + 2], "", "")[:2]
    if token in ("and", "or"):
        return plain_word(after) not in _VERBS
    return token in _COUNTS and plain_word(after) != "photo"


@lru_cache(20_000)
def plain_word(token: str) -> str:
    """The plainest form of a lower-case word: singular, a number as a word, one of all that say the same."""
    if token in _CLASS:
        return _CLASS[token]
    singular = _singular(token)
    return _CLASS.get(singular, singular)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]
