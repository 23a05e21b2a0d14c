"""Reads a single edit: what it changes, on what things, and whether anything else may depend on it. A light reader of English.

In: an instruction, and its sub-category where the source names one. Out: a `Clause`, or None where it is not understood or holds
several edits: such a row is joined with nothing.

What it does not know it takes for the name of a thing, so that it keeps two edits apart rather than join what may conflict.
"""

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.composing import lexicon as words
from pipeline.composing.category import category_of

Scope = Literal["things", "background", "tone_lighting", "style", "viewpoint", "temporal_evolution"]

_POLITE = re.compile(
    r"^(please|kindly|now|could you|can you|would you|will you|i want you to|i would like you to|i'd like you to|let's|and|then)"
    r"\b[,\s]*(please\s+)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|'[^']*'(?=\W|$)")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+", re.IGNORECASE)
_AGAIN = re.compile(r"(?:[,;.:]|\band\b|\bthen\b|\balso\b)\s*(?:then |also |please |finally )*([a-z]+)", re.IGNORECASE)
_ORDERS = (
    "add put insert draw include remove delete erase replace change turn substitute exchange swap complete restore repair "
    "make show let cover give recolour recolor paint resize redraw write move shift bring relocate rotate push slide shove "
    "switch set convert transform fix wipe mirror flip shrink enlarge apply"
)
_AFTER_A_NAME = (
    "to|into|with|by|for|from|in|on|at|of|that|is|are|so|until|above|below|beside|next|as|clockwise|counterclockwise|points?|become|say|"
    "read|look|around|90|180|up|down|left|right"
)
_GOAL = re.compile(
    r"\b(?:at|in|on|to|into|toward|towards)\s+the\s+((?:(?:top|bottom|upper|lower|left|right|center|centre|middle|far)\s*)+)"
)
_NEAR = re.compile(
    r"\b(next to|beside|above|below|to the (?:left|right) of|left of|right of|near|under|over|behind|in front of)\b"
)
_SUBJECT = re.compile(rf"\bthe\s+((?:[a-z-]+\s+){{0,4}}?[a-z]+)(?=\s+(?:{_AFTER_A_NAME})\b|[.,;]|\s*$)")


@dataclass(frozen=True, slots=True)
class Clause:
    """`text`: the order without courtesies, small at its beginning, without a full stop. `things`: names of all things it mentions,
    those that may mean the same folded into one. `changes`: what of the picture it is about. `goal`: the place where it puts
    something, "" for anywhere; None where it puts nothing anywhere. `subject`: the first thing it names that is there already."""

    text: str
    category: str
    scope: Scope
    things: frozenset[str]
    colours: frozenset[str]
    goal: str | None
    subject: str | None

    @property
    def puts(self) -> Literal["", "there", "near", "anywhere"]:
        """How it says where something goes: at a place of the picture, next to a thing, or not at all; "" where nothing goes
        anywhere."""
        if self.goal is None:
            return ""
        return "anywhere" if not self.goal else "near" if _NEAR.match(self.goal) else "there"


def read(instruction: str, category: str | None = None) -> Clause | None:
    """The edit that an instruction asks for; a `category` that is none of the method's is worked out from the words."""
    text = _core(instruction)
    bare = _QUOTED.sub(" ", text)
    if _holds_several(bare):
        return None
    said = tokens(bare)
    known = category if category in words.CATEGORIES else category_of(text)
    if known is None:
        return None
    scope: Scope = known if known in _SCOPES else "things"  # type: ignore[assignment]
    things = frozenset(fold(token) for token in said if _names_a_thing(token))
    if scope == "things" and (not things or words.PRONOUNS & set(said) - _own_pronouns(bare)):
        return None
    colours = frozenset(said) & words.COLOURS
    return Clause(text, known, scope, things, colours, _goal(bare, known), _subject(bare, known))


_SCOPES = ("background", "tone_lighting", "style", "viewpoint", "temporal_evolution")


def tokens(text: str) -> list[str]:
    """The words of a text, small, without what it quotes."""
    return [token.lower() for token in _WORD.findall(_QUOTED.sub(" ", text))]


def quotes(text: str) -> list[str]:
    """What it quotes."""
    return [quoted[1:-1] for quoted in _QUOTED.findall(text)]


def _core(instruction: str) -> str:
    text = " ".join(instruction.split()).rstrip(" .!")
    while (shorter := _POLITE.sub("", text, count=1)) != text:
        text = shorter
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _holds_several(text: str) -> bool:
    """Whether another order follows the first."""
    return any(match[1].lower() in _ORDERS.split() for match in _AGAIN.finditer(text)) or bool(
        re.search(r"[.;]\s+\w", text)
    )


def _names_a_thing(token: str) -> bool:
    ignored = (words.COLOURS, words.SIZES, words.PATTERNS, words.NUMBERS, words.PLACES, words.VERBS, words.ASPECTS)
    if token.isdigit() or token in words.FUNCTION or token in words.WHOLE or token in words.PRONOUNS:
        return False
    return not any(token in group for group in ignored)


def fold(token: str) -> str:
    """One name for all words that may mean the same thing: singular, and of its kind."""
    if token in words.GENERIC:
        return "thing"
    for name in (token, _singular(token)):
        if name in words.KINDS:
            return words.KINDS[name]
    return _singular(token)


def _singular(token: str) -> str:
    token = token.removesuffix("'s")
    if token.endswith("ies") and len(token) > 4:
        return f"{token[:-3]}y"
    if token.endswith(("ches", "shes", "xes", "sses", "zes")):
        return token[:-2]
    return token[:-1] if token.endswith("s") and not token.endswith(("ss", "us", "is")) and len(token) > 3 else token


_OWN_PRONOUNS = re.compile(r"\b(so that|until|as far as|as|what|exactly)\b.*\b(it|they)\b|\bit exactly\b")


def _own_pronouns(text: str) -> set[str]:
    """Pronouns that mean a thing of the same clause, or the picture: "so that it is", "as they do", "make it night"."""
    return {"it", "they"} if _OWN_PRONOUNS.search(text) else set()


def _goal(text: str, category: str) -> str | None:
    if category not in ("addition", "spatial_arrangement", "composition", "motion", "count"):
        return None
    text = text.lower()
    if re.search(r"\b(swap|exchange|trade|change places|switch)\b", text):
        return None
    if near := _NEAR.search(text):
        return text[near.start() :]
    places = _GOAL.findall(text)
    return " ".join(places[-1].split()) if places else ""


def _subject(text: str, category: str) -> str | None:
    if category in ("addition", "count", "anomaly_correction", *_SCOPES):
        return None
    found = _SUBJECT.search(text.lower())
    if found is None:
        return None
    named = found[1].split()
    while named and not _names_a_thing(named[-1]):  # "the lamp bigger"
        named.pop()
    return " ".join(named) or None
