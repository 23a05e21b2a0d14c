"""The JSON objects in a model's words: read strictly first, then in the ways in which models are known to miss JSON.

In: text. Out: its objects in order, keys as they are compared (`folded`), or `Unreadable`. Loosely read are single and typographic
quotes, quotes and line breaks within a string, comments, trailing and missing commas, bare keys, Python's words. What breaks off is
unreadable, and so is a key given twice. No library does this part: those that read loose JSON end a reply that was cut off, and let
the last of two equal keys win. The work is bounded: each character is read a few times at most.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NoReturn

MOST_OBJECTS = 64
DEEPEST = 24
LONGEST_FORM = 2000

_GAP = r"(?:\s|//[^\n]{0,400}(?:\n|$)|#[^\n]{0,400}(?:\n|$)|/\*[^*]{0,400}\*/)*"
_WORD = r"[A-Za-z_][\w-]{0,60}"
_QUOTED = r"""(?:"[^"\n]{1,80}"|'[^'\n]{1,80}'|[“”„][^“”\n]{1,80}[“”]|[‘’][^‘’\n]{1,80}[‘’]|`[^`\n]{1,80}`)"""
_KEY = rf"(?:{_QUOTED}|{_WORD})\s{{0,9}}[:：]"
_OPEN = re.compile(rf"\{{{_GAP}{_KEY}")
_SKIP, _BARE = re.compile(_GAP), re.compile(_WORD)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?![\w.])")
_SHARE = re.compile(r"\d{1,3}\s?/\s?\d{1,3}(?![\w.])")
_AFTER_WORD = re.compile(rf"{_GAP}(?:[,，}}\]]|{_KEY})")
# what must follow the quote that ends a string: any other quote belongs to the text
_AFTER_KEY = re.compile(rf"{_GAP}[:：]")
_AFTER_VALUE = re.compile(rf"{_GAP}(?:\}}|[,，]{_GAP}(?:\}}|{_KEY})|(?<=\s){_KEY})")
_AFTER_ITEM = re.compile(rf"{_GAP}[\],，]")
_ENDS = {'"': '"', "'": "'", "`": "`", "“": '”"', "”": '”"', "„": "“”", "‘": "’'", "’": "’'"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/", "\n": "\n"}
_CODES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_SPECIAL = {opened: re.compile(rf"[\\{ends}{'“' if opened == '“' else ''}]") for opened, ends in _ENDS.items()}
_BRACE = re.compile("[{}]")
# what stands in a form instead of an answer
_BLANK = re.compile(r"\b1 ?(?:to|-|–) ?5\b(?!\")|\btrue (?:or|\|) false\b|(?:\.\.\.|…)\s*[\]}]|: *\.\.\.")
_NARROW = {"：": ":", "，": ","}  # as they are typed in Chinese
_WORDS = {"true": True, "false": False, "null": None, "none": None}


class Unreadable(ValueError):
    """The words hold no reply that can be relied on; the message says why."""


class Fields(dict[str, Any]):
    """An object of a reply: its values by the folded form of their keys, and `written`, the keys as they were written."""

    written: dict[str, str]


@lru_cache(4096)
def folded(key: str) -> str:
    """A key as it is compared: "Error Type", "errorType" and "**error-type**" are one."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.strip("*_`\"' :\t\n"))
    return re.sub(r"[\s_\-]+", "_", spaced).casefold()


def objects(text: str) -> list[Fields]:
    """The JSON objects that stand in the text, one beside the other. Raises Unreadable where one is begun and does not end."""
    bare = text.strip()
    # a server that enforces a schema may put any number of blanks anywhere
    if bare.startswith("{") and (sole := _read_strictly(bare, 0)) and sole[1] == len(bare):
        return [sole[0]]
    whole: list[Fields] = []
    place = 0
    while begin := _OPEN.search(text, place):
        if len(whole) == MOST_OBJECTS:
            raise Unreadable(f"the reply holds more than {MOST_OBJECTS} JSON objects")
        try:
            value, place = _read_strictly(text, begin.start()) or _LooseReader(text, begin.start()).read()
            whole.append(value)
        except Unreadable:
            place = _end_of_form(text, begin.start())
            if not place:
                raise
    return whole


def _end_of_form(text: str, place: int) -> int:
    """Where the form of an answer ends that is only quoted, with "1 to 5" for a score; 0 where this is none."""
    depth = 0
    for brace in _BRACE.finditer(text, place, place + LONGEST_FORM):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.end() if _BLANK.search(text, place, brace.end()) else 0
    return 0


def _read_strictly(text: str, place: int) -> tuple[Fields, int] | None:
    # models write NaN and Infinity, which no other reader of the record would take
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse, strict=False)
    try:
        value, end = decoder.raw_decode(text, place)
    except Unreadable:
        raise
    except ValueError:  # no JSON from here on, or a number beyond reason
        return None
    except RecursionError:
        raise Unreadable("its JSON is nested beyond reason") from None
    return value, end


def _refuse(name: str) -> NoReturn:
    raise Unreadable(f"{name} is no JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> Fields:
    fields = Fields()
    for key, value in pairs:
        if folded(key) in fields:
            raise Unreadable(f"{key[:40]!r} is given twice")
        fields[folded(key)] = value
    fields.written = {folded(key): key for key, _ in pairs}
    return fields


class _LooseReader:
    """Reads one object from a place on. Whatever is not clear raises Unreadable."""

    def __init__(self, text: str, place: int) -> None:
        self._text, self._place = text, place

    def read(self) -> tuple[Fields, int]:
        """The object and the place after it."""
        return self._object(1), self._place

    def _fail(self) -> NoReturn:
        if self._place >= len(self._text):
            raise Unreadable("its JSON object breaks off")
        raise Unreadable(f"its JSON object cannot be read at {self._text[self._place : self._place + 30]!r}")

    def _next(self) -> str:
        """The next character that means something, not yet taken; empty at the end."""
        gap = _SKIP.match(self._text, self._place)
        self._place = gap.end() if gap else self._place
        return self._text[self._place : self._place + 1]

    def _take(self, character: str) -> bool:
        if _NARROW.get(self._next(), self._next()) != character:
            return False
        self._place += 1
        return True

    def _value(self, depth: int, after: re.Pattern[str]) -> Any:
        if depth > DEEPEST:
            raise Unreadable("its JSON is nested beyond reason")
        first = self._next()
        if first == "{":
            return self._object(depth + 1)
        if first == "[":
            return self._list(depth + 1)
        return self._string(after) if first in _ENDS and first else self._bare()

    def _object(self, depth: int) -> Fields:
        self._place += 1
        pairs: list[tuple[str, Any]] = []
        while not self._take("}"):
            key = self._string(_AFTER_KEY) if self._next() in _ENDS and self._next() else self._bare_key()
            if not self._take(":"):
                self._fail()
            pairs.append((key, self._value(depth, _AFTER_VALUE)))
            # a missing comma is no doubt: another key follows
            self._take(",")
        return _object(pairs)

    def _list(self, depth: int) -> list[Any]:
        self._place += 1
        items: list[Any] = []
        while not self._take("]"):
            items.append(self._value(depth, _AFTER_ITEM))
            if not self._take(",") and self._next() != "]":
                self._fail()
        return items

    def _bare_key(self) -> str:
        match = _BARE.match(self._text, self._place) or self._fail()
        self._place = match.end()
        return match[0]

    def _bare(self) -> Any:
        """A number, a share such as 4/5 (as text), or one word."""
        match = _SHARE.match(self._text, self._place) or _NUMBER.match(self._text, self._place)
        match = match or _BARE.match(self._text, self._place)
        if match is None or not _AFTER_WORD.match(self._text, match.end()):
            self._fail()
        self._place = match.end()
        word = match[0]
        if word.casefold() in ("nan", "infinity"):
            _refuse(word)
        if _NUMBER.fullmatch(word):
            return float(word) if "." in word else int(word)
        return _WORDS.get(word.casefold(), word)

    def _string(self, after: re.Pattern[str]) -> str:
        """A string. It ends at the first of its quotes that is followed by what may follow a string."""
        text, opened = self._text, self._text[self._place]
        parts, start = [], self._place + 1
        while match := _SPECIAL[opened].search(text, start):
            place, piece = match.start(), match[0]
            parts.append(text[start:place])
            start = place + 1
            if piece == "\\":
                piece, start = _unescape(text, place)
            elif piece == "“":
                start = max(start, text.find("”", place, place + 200) + 1)
                piece = text[place:start]
            elif after.match(text, start):
                self._place = start
                whole = "".join(parts)
                # three quotes, as in Python
                return whole[2:-2] if len(whole) > 3 and whole[:2] == whole[-2:] == '""' else whole
            elif after is _AFTER_ITEM and not text[place - 1 : place + 2 : 2].isalpha():
                break  # in a list the next quote could end this item as well as begin another
            parts.append(piece)
        self._place = start if match else len(text)
        return self._fail()


def _unescape(text: str, place: int) -> tuple[str, int]:
    """What the escape at `place` stands for, and the place after it; one that JSON does not know stays as it is."""
    if code := _CODES.match(text, place):
        return json.loads(f'"{code[0]}"'), code.end()
    escaped = text[place + 1 : place + 2]
    return _ESCAPES.get(escaped, "\\" + escaped), place + 2
