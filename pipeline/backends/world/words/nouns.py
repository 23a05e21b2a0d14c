"""Read noun phrases. In: tokens. Out: descriptions of things of the scene (`Selector`) and of new things (`New`).

A phrase that contradicts itself ("a large small star", "a red star with a black spot") is not read. Pronouns are read as `IT`
and `THEM`; `topics` replaces these by the things mentioned last.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.backends.world.scenes.looks import TEXT
from pipeline.backends.world.scenes.ops import Look, Selector
from pipeline.backends.world.words.qualities import TURNABLE, adjectives, heads, with_feature, with_quality
from pipeline.backends.world.words.spans import Spans, idiom

IT, THEM = Selector(Look("it")), Selector(Look("them"))
_PRONOUNS = {
    "it": IT,
    "this": IT,
    "that": IT,
    "them": THEM,
    "they": THEM,
    "both": THEM,
    "both of them": THEM,
    "all of them": THEM,
}
_DEFINITE = ("the", "this", "that", "these", "those")
_EVERY = ("every", "each", "every single")
_ALL = (
    "all",
    "all the",
    "all of the",
    "both",
    "both the",
    "both of the",
    "each of the",
    "all these",
    "every one of the",
)
_ONE = (
    "a",
    "an",
    "one",
    "another",
    "one more",
    "a single",
    "a new",
    "an additional",
    "an extra",
    "one single",
    "yet another",
)
_PAIRS = {"a pair of": 2, "a couple of": 2, "a trio of": 3}
_MORE = ("more", "additional", "extra", "new", "further")


@dataclass(frozen=True, slots=True)
class New:
    """New things: their look, their number, and `how` the number counts ("more": in addition to those of the scene)."""

    look: Look
    number: int = 1
    how: Literal["one", "many", "more", "fresh"] = "one"


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun with its adjectives and features; `end` is the token after it."""

    end: int
    look: Look
    plural: bool
    place: str | None = None


def nouns(spans: Spans, i: int) -> Iterator[Noun]:
    """Adjectives, a noun, and the features after it."""
    look: Look | None = Look()
    place, upside = None, False
    while look is not None:
        if text(spans, i) is not None and spans.raw[i + 1 : i + 2] in (
            ["sign"],
            ["signs"],
        ):  # as written: in a text all in capitals, every word would look like a sign's text
            look, i = with_quality(look, "text", text(spans, i)), i + 1
            continue
        for end, (shape, plural) in spans.looked_up(heads(), i):
            headed = replace(look, shape=shape)
            if not upside or shape in TURNABLE:
                for many in (plural, True) if shape == "fish" else (plural,):  # one word for both
                    yield from _featured(spans, Noun(end, headed, many, place), 3)
        step = next(spans.looked_up(adjectives(), i, 3), None)
        if step is None:
            return
        end, (part, value) = step
        upside |= spans.tokens[i] == "upside"
        if part == "place":
            if place is not None:
                return
            place = value
        else:
            look = with_quality(look, part, value)
        i = end + (spans.has(end, ",") and _adjective_follows(spans, end + 1))


def _adjective_follows(spans: Spans, i: int) -> bool:
    return any(True for _ in spans.looked_up(adjectives(), i, 3))


def _featured(spans: Spans, noun: Noun, left: int) -> Iterator[Noun]:
    yield noun
    if not left:
        return
    for end, key, bound in spans.match(idiom("FEATURES"), noun.end):
        if (look := with_feature(noun.look, key, bound)) is not None:
            yield from _featured(spans, replace(noun, end=end, look=look), left - 1)


def is_unclear(spans: Spans, i: int) -> bool:
    """Whether it is unclear if an earlier adjective applies to this noun, too: "ring" in "the red star and ring"."""
    after = next((end for end, _ in spans.looked_up(heads(), i)), None)
    if after is None or not i or spans.tokens[i - 1] != "and":
        return False
    stop = i - 1 - spans.has(i - 2, ",")
    starts = (j for j in range(max(1, stop - 3), stop) if any(end == stop for end, _ in spans.looked_up(heads(), j)))
    return any(spans.tokens[j - 1] in adjectives() for j in starts)


def text(spans: Spans, i: int) -> str | None:
    """A sign's text: in quotes, a number, or in capitals after a word that is not; None for any other token."""
    if i >= len(spans.tokens) or not spans.raw[i].isascii():  # the capitals of "ß" are two letters
        return None
    word = spans.tokens[i]
    if word[0] == '"':
        text = word.strip('"').upper()
    elif word.isdigit() or (word.isalpha() and spans.raw[i].isupper() and not spans.raw[max(i - 1, 0)].isupper()):
        text = word.upper()
    else:
        return None
    return text if TEXT.fullmatch(text) else None


def definite(spans: Spans, i: int) -> Iterator[tuple[int, Selector]]:
    """One noun phrase for things of the scene."""
    starts: list[tuple[int, str]] = [(i, "bare")]
    if spans.has(i, *_DEFINITE):
        starts = [(i + 1, "the")]
    starts += [(end, "every") for end, _ in spans.looked_up(dict.fromkeys(_EVERY), i)]
    for end, _ in spans.looked_up(dict.fromkeys(_ALL), i):
        starts.append((end, "all"))
    for start, how in starts:
        for noun in nouns(spans, start):
            one_word = noun.look.shape == "fish"  # "the fish" is one
            plural = noun.plural and not (how == "the" and one_word)
            agrees = how in ("the", "all") if plural else how != "all"
            if agrees and not (how == "bare" and noun.look.shape is None):
                yield from _placed(spans, noun, how == "every" or plural)


def _placed(spans: Spans, noun: Noun, every: bool) -> Iterator[tuple[int, Selector]]:
    yield noun.end, Selector(noun.look, noun.place, None, every)
    places = [(noun.end, noun.place)]
    if noun.place is None:
        places += [(end, b["at"]) for end, key, b in spans.match(idiom("RELATIVE"), noun.end) if key == "at"]
        for end, place in places[1:]:
            yield end, Selector(noun.look, place, None, every)
    for start, place in places:
        for end, key, bound in spans.match(idiom("RELATIVE"), start):
            if key == "near":
                yield end, Selector(noun.look, place, bound["nears"], every)


def several(spans: Spans, i: int) -> Iterator[tuple[int, tuple[Selector, ...]]]:
    """A list of one or more things of the scene."""
    both = spans.has(i, "both")
    for start in (i, i + 1) if both else (i,):
        yield from _listed(spans, start, ())


def _listed(spans: Spans, i: int, before: tuple[Selector, ...]) -> Iterator[tuple[int, tuple[Selector, ...]]]:
    for end, selector in spans("selector", i):
        selectors = (*before, selector)
        if before and _reaches_back(spans, i, end, before[-1], selector):
            continue
        yield end, selectors
        after = end + spans.has(end, ",")
        after += spans.has(after, "and")
        if after > end and len(selectors) < 6:
            yield from _listed(spans, after, selectors)


def _reaches_back(spans: Spans, i: int, end: int, before: Selector, last: Selector) -> bool:
    """Whether it is unclear if the last place applies to the thing before, too: "the star and the ring at the top"."""
    if before in (IT, THEM) or before.place or before.near:
        return False
    return (last.place, last.near) != (None, None) and all(
        noun.end < end for noun in nouns(spans, i + spans.has(i, *_DEFINITE))
    )


def selector(spans: Spans, i: int) -> Iterator[tuple[int, Selector]]:
    """A thing of the scene, or a pronoun."""
    yield from spans.looked_up(_PRONOUNS, i)
    yield from definite(spans, i)


def new(spans: Spans, i: int) -> Iterator[tuple[int, New]]:
    """New things."""
    for end, _ in spans.looked_up(dict.fromkeys(_ONE), i):
        yield from ((n.end, New(n.look)) for n in coming(spans, end, False))
    for end, number in (*spans("number", i), *spans.looked_up(_PAIRS, i)):
        more = spans.has(end, *_MORE)
        if number > 1:
            how: Literal["more", "many"] = "more" if more else "many"
            yield from ((n.end, New(n.look, number, how)) for n in coming(spans, end + more, True))
    if spans.has(i, "another"):
        for end, number in spans("number", i + 1):
            yield from ((n.end, New(n.look, number, "more")) for n in coming(spans, end, True))
    yield from ((n.end, New(n.look)) for n in coming(spans, i, False) if n.look.shape)


def coming(spans: Spans, i: int, plural: bool) -> Iterator[Noun]:
    """Nouns that may follow an article or a number: of that number, and without a place."""
    return (n for n in nouns(spans, i) if n.plural == plural and n.place is None)


def fresh(spans: Spans, i: int) -> Iterator[tuple[int, New]]:
    """A bare plural, as in "replace them with hearts"."""
    return ((n.end, New(n.look, how="fresh")) for n in coming(spans, i, True))


def many(spans: Spans, i: int) -> Iterator[tuple[int, tuple[Look, int]]]:
    """A number of things: "exactly two red stars"."""
    exactly = spans.has(i, "exactly", "precisely")
    i += exactly
    for end, number in (*spans("number", i), *spans.looked_up(_PAIRS, i)):
        yield from ((n.end, (n.look, number)) for n in coming(spans, end, number != 1))


def exactly(spans: Spans, i: int) -> Iterator[tuple[int, Any]]:
    """A number of things, after "exactly"."""
    return iter(spans("many", i) if spans.has(i, "exactly", "precisely") else ())
