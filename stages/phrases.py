"""A small language for turns of phrase, so that rules about words can be read: one phrase a line.

In: lines, and named sets of words; an indented line goes on with the line before. Out: `Phrase`s, and the words of a text that
they fit.

    judge|critic said      one of these words, then that one; upper and lower case are one
    judg*  _               any ending of it; any one word
    <gone>                 one of a named set; its entries are phrases of their own, divided by commas
    very?                  may be missing
    ^ attempt              only at the beginning of a clause
    <owner> ~ attempt      not where one of these stands before it
    last picture - on      not where this follows
    round + .|had          only where one of these follows; . is the end of a clause
    score ! <music>        not in a text that has one of these words anywhere: there it is content
    /[1-5]\\s?/\\s?5/        a regular expression without blanks, where words do not do
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_GAP = r",?\s+"
_CLAUSE_END = r"\s*(?:[.,;:!?)\]]|$)"
_CLAUSE_START = r"(?:^|[.,;:!?(]\s*)"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A turn of phrase; `before` is what may not stand in front of it, `topic` what may stand nowhere in the text."""

    pattern: re.Pattern[str]
    before: re.Pattern[str] | None
    topic: re.Pattern[str] | None

    def matches(self, text: str) -> Iterator[str]:
        """The words of `text` that it fits."""
        for match in self.pattern.finditer(text):
            if self.topic is not None and self.topic.search(text) is not None:
                return
            if self.before is None or self.before.search(text[: match.start()]) is None:
                yield match[0].strip(" .,;:!?()")


def word_sets(lines: str) -> dict[str, str]:
    """The sets of `lines`: on each its name, then its entries."""
    sets = {}
    for line in _lines(lines):
        name, entries = line.split(maxsplit=1)
        sets[name] = entries
    return sets


def phrases(lines: str, sets: Mapping[str, str]) -> tuple[Phrase, ...]:
    """The phrases of `lines`, one a line. Raises KeyError for a set that is not there."""
    return tuple(_phrase(line.split(), sets) for line in _lines(lines))


def _lines(text: str) -> list[str]:
    """The lines of `text`; one that is indented goes on with the line before, and its words with those before a |."""
    return re.sub(r"\|\n\s+", "|", re.sub(r"(?<!\|)\n[ ]+", " ", text)).split("\n")[1:-1]


def _phrase(tokens: list[str], sets: Mapping[str, str]) -> Phrase:
    tokens, topics = (tokens[: tokens.index("!")], tokens[tokens.index("!") + 1 :]) if "!" in tokens else (tokens, [])
    forbidden, tokens = (
        (tokens[: tokens.index("~")], tokens[tokens.index("~") + 1 :]) if "~" in tokens else ([], tokens)
    )
    ends = [n for n, token in enumerate(tokens) if token in ("-", "+")] or [len(tokens)]
    words, tails = tokens[: ends[0]], [tokens[n:m] for n, m in zip(ends, [*ends[1:], len(tokens)], strict=True)]
    start = _CLAUSE_START if words[0] == "^" else r"(?<![\w'])"
    body = _sequence([word for word in words if word != "^"], sets)
    rest = "".join(_tail(tail[0], tail[1:], sets) for tail in tails if tail)
    before = re.compile(rf"(?<!\w){_sequence(forbidden, sets)}{_GAP}$", re.IGNORECASE) if forbidden else None
    topic = re.compile(rf"(?<!\w){_sequence(['|'.join(topics)], sets)}(?!\w)", re.IGNORECASE) if topics else None
    return Phrase(re.compile(rf"{start}{body}(?!\w){rest}", re.IGNORECASE), before, topic)


def _tail(sign: str, tokens: list[str], sets: Mapping[str, str]) -> str:
    """What may not follow (-), or must (+)."""
    if sign == "-":
        return rf"(?!{_GAP}{_sequence(tokens, sets)}(?!\w))"
    words = [word for word in tokens[0].split("|") if word != "."]
    ways = ([_CLAUSE_END] if "." in tokens[0].split("|") else []) + [
        rf"{_GAP}(?:{_word(w, sets)})(?!\w)" for w in words
    ]
    return f"(?={'|'.join(ways)})"


def _sequence(tokens: list[str], sets: Mapping[str, str]) -> str:
    """The tokens one after the other, those with a ? being free to be missing."""
    pattern, first = "", True
    for token in tokens:
        optional, bare = token.endswith("?"), token.removesuffix("?")
        ways = bare[1:-1] if bare.startswith("/") else "|".join(_word(word, sets) for word in bare.split("|"))
        piece = f"(?:{ways})"
        if first:
            pattern += f"(?:{piece}{_GAP})?" if optional else piece
            first = optional
        else:
            pattern += f"(?:{_GAP}{piece})?" if optional else f"{_GAP}{piece}"
    return pattern


def _word(word: str, sets: Mapping[str, str]) -> str:
    if word.startswith("<"):
        entries = sets[word.strip("<>")].split(",")
        return "|".join(_sequence(entry.split(), sets) for entry in entries if entry.strip())
    return re.escape(word).replace(r"\*", r"[\w-]*").replace("_", r"[\w-]+")
