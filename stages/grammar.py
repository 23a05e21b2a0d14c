"""Which events may follow one another: a small language of patterns, for what a rung adds and for what a trainer reads.

In: patterns, built from `Token`s in tuples (one after the other), `Many` (again and again) and `Either` (one of several); and the
letters of events. Out: the tokens that the letters match, so that whoever reads an event also knows its position in the mask.

    G image   + judged and passed   - judged and failed   R reflection   D diagnosis   P plan   S sub-task

Before any image the words (W) may stand that its model said along with it: every pattern allows them, none names them. Scores (L)
may stand anywhere: they are left out when events are read, and no trainer sees them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from stages.records import Evaluation, Event, Kind

Position: TypeAlias = str
"""Where a segment stands in the sentence of its mode, as the mask names it: first, earlier, previous, step, last, ..."""

LETTERS: Mapping[Kind, str] = MappingProxyType(
    {
        "words": "W",
        "generation": "G",
        "evaluation": "E",
        "reflection": "R",
        "diagnosis": "D",
        "decomposition": "P",
        "subtask": "S",
        "score": "L",
    }
)


@dataclass(frozen=True, slots=True)
class Token:
    """One event: its letter, and in a sentence its position and whether it is trained."""

    letter: str
    position: Position = ""
    trained: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of event the letter stands for."""
        return (
            "evaluation" if self.letter in "+-" else next(k for k, letter in LETTERS.items() if letter == self.letter)
        )

    def at(self, position: Position, trained: bool) -> "Token":
        """This event in a sentence."""
        return Token(self.letter, position, trained)

    @property
    def words(self) -> "Token | None":
        """The words that may stand before it, in its position; None where it is no image."""
        return Token(LETTERS["words"], self.position, self.trained) if self.letter == LETTERS["generation"] else None


@dataclass(frozen=True, slots=True)
class Many:
    """`pattern` at least `least` and at most `most` times in a row."""

    pattern: "Pattern"
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Either:
    """One of several patterns."""

    patterns: tuple["Pattern", ...]


Pattern: TypeAlias = Token | Many | Either | tuple["Pattern", ...]

IMAGE, PASSED, FAILED, REFLECTION, DIAGNOSIS, PLAN, SUBTASK = (Token(letter) for letter in "G+-RDPS")
NOTHING: Pattern = ()
ANY_VERDICT = Either((PASSED, FAILED))


def letter_of(event: Event) -> str:
    """The letter of an event; a judgement's tells whether it passed."""
    if event.kind != "evaluation":
        return LETTERS[event.kind]
    return "+" if isinstance(event.payload, Evaluation) and event.payload.passed else "-"


def letters_of(events: Sequence[Event]) -> str:
    """The letters of events, in order; scores left out. A judgement that was replaced after a dispute has the letter of the one
    that replaced it, which has no letter of its own then.
    """
    spelled: list[Event | None] = list(events)
    for old, new in replaced(events).items():
        spelled[old], spelled[new] = spelled[new], None
    return "".join(letter_of(event) for event in spelled if event is not None and event.kind != "score")


def replaced(events: Sequence[Event]) -> dict[int, int]:
    """The places of judgements that were replaced after a dispute, each with the place of the one that replaced it."""
    places: dict[int, int] = {}
    for new, event in enumerate(events):
        if isinstance(event.payload, Evaluation) and event.payload.dispute is not None:
            of_same = [n for n, e in enumerate(events[:new]) if _is_same_question(e, event)]
            places |= dict.fromkeys(of_same[-1:], new)
    return places


def _is_same_question(event: Event, other: Event) -> bool:
    return (event.kind, event.try_number, event.against) == (other.kind, other.try_number, other.against)


def fit(pattern: Pattern, letters: str) -> tuple[Token, ...] | None:
    """The tokens that `letters` match as a whole, the first way that fits; None where they do not match."""
    return next((tokens for end, tokens in _ways(pattern, letters, 0) if end == len(letters)), None)


ALPHABET = "G image, + passed, - failed, R reflection, D diagnosis, P plan, S sub-task; W words before any image"


def spell(pattern: Pattern) -> str:
    """A pattern as a person reads it: letters, "(...){least,most}" for `Many`, "(a|b)" for `Either`."""
    match pattern:
        case Token(letter):
            return letter
        case Many(inner, least, most):
            return f"({spell(inner)}){{{least},{most}}}"
        case Either(patterns):
            return f"({'|'.join(map(spell, patterns))})" if patterns else "nothing, ever"
        case _:
            return "".join(map(spell, pattern)) or "no events"


def tokens_of(pattern: Pattern) -> Iterator[Token]:
    """Every distinct token of a pattern, in the order in which it first stands there; words that may lead one in are left out."""
    yield from dict.fromkeys(_tokens(pattern))


def _tokens(pattern: Pattern) -> Iterator[Token]:
    match pattern:
        case Token():
            yield pattern
        case Many(inner, _, most):
            yield from _tokens(inner) if most else ()
        case Either(patterns):
            for one in patterns:
                yield from _tokens(one)
        case _:
            for one in pattern:
                yield from _tokens(one)


def _ways(pattern: Pattern, letters: str, start: int) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """Every way in which `pattern` matches from `start` on: where it ends, and the tokens on the way."""
    match pattern:
        case Token(letter):
            lead = (pattern.words,) if pattern.words and letters[start : start + 1] == pattern.words.letter else ()
            end = start + len(lead) + 1
            if letters[end - 1 : end] == letter:
                yield end, (*lead, pattern)
        case Either(patterns):
            for one in patterns:
                yield from _ways(one, letters, start)
        case Many(inner, least, most):
            # fewest first: the shortest reading wins where several would fit
            if least <= 0:
                yield start, ()
            if most > 0:
                again = Many(inner, max(least - 1, 0), most - 1)
                # a pattern that took nothing would be tried for ever
                yield from _joined(_ways(inner, letters, start), start, lambda at: _ways(again, letters, at))
        case ():
            yield start, ()
        case (first, *rest):
            yield from _joined(_ways(first, letters, start), -1, lambda at: _ways(tuple(rest), letters, at))


def _joined(
    heads: Iterable[tuple[int, tuple[Token, ...]]],
    unmoved: int,
    tails: Callable[[int], Iterator[tuple[int, tuple[Token, ...]]]],
) -> Iterator[tuple[int, tuple[Token, ...]]]:
    for at, head in heads:
        if at != unmoved:
            yield from ((end, head + tail) for end, tail in tails(at))


def numbering(kinds: Sequence[tuple[Kind, int]]) -> str | None:
    """What is wrong with the indices of these events in order: each kind counts up by one, words are those of the image after them,
    and a judgement is of the image before it.

    None where they are right. So every image stands once.
    """
    for n, (kind, index) in enumerate(kinds):
        if kind == "words" and ("generation", index) not in kinds[n + 1 : n + 2]:
            return f"words {index} are not followed by image {index}"
    # not every image has words, so these do not count up
    kinds = [(kind, index) for kind, index in kinds if kind != "words"]
    # a row is read without the record: only kinds and indices say whether it is one trajectory
    latest: dict[Kind, int] = {}
    for n, (kind, index) in enumerate(kinds):
        if kind == "generation" and kind not in latest and index != 1:
            return f"the first image is {index}, not 1"
        if kind == "subtask" and ("generation", index) not in kinds[n + 1 : n + 2]:
            return f"sub-task {index} is not followed by image {index}"
        if kind == "evaluation" and index != latest.get("generation"):
            return f"evaluation {index} does not follow image {index}"
        if kind in latest and index != latest[kind] + 1:
            return f"{kind} {index} follows {kind} {latest[kind]}"
        latest[kind] = index
    return None
