"""Plain text: what a trainer may be given to read. Nothing in it can be taken for a marker, and nothing in it is invisible.

In: texts of judges, image models and users; the markers that the manifest declares (`output.markers`). Out: the same texts made
plain, for the rows that are published; the record keeps them as they came. What becomes of each kind:

    markers         `<image>`, `<|im_end|>`, `[INST]`, the labels of the dialects and the like stand in round brackets: `(image)`;
                    a declared marker of another shape gets a blank inside
    control signs   NUL, ESC and all others are taken out, terminal colours whole; in a text of one line, line ends are blanks
    invisible signs bidirectional marks, zero-width signs, tags and half characters are taken out; a joiner stays between two
                    signs that need it (emoji, Arabic), a variation selector stays single
    ticks, crosses  in what a judge said: at the end taken out, else written as words, since a verdict ends in one
    nothing left    the reply is malformed (`check_legible`)

Making plain twice changes nothing more, so that a row can be checked by itself.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any, TypeVar, get_type_hints

from stages.dialects import CROSS, LABELS, TICK
from stages.errors import Malformed
from stages.records import Judgement, Payload, Words

P = TypeVar("P", bound=Payload)

_LABELS = "|".join(re.escape(label).replace("1", r"\d{1,9}").replace(r"\ ", r"\s{1,9}") for label in LABELS)
# every repetition is bounded: a reply may be a hundred thousand signs of one kind
_MARKER = re.compile(
    rf"<\s{{0,9}}/?\s{{0,9}}(?P<label>(?i:{_LABELS}))\s{{0,9}}>"
    # one word, or several that begin with a letter, in angle brackets, as all families of models spell theirs
    r"|[<＜﹤]{1,3}(?P<tag>[|｜]?[/\\]?[^\W\d][^<>＜＞﹤﹥\n]{0,80}|[^\s<>＜＞﹤﹥]{1,80}|[|｜][^<>＜＞﹤﹥\n]{1,80}[|｜])[>＞﹥]{1,3}"
    r"|\[(?P<square>/?(?:INST|SYS|CLS|SEP|MASK|[gs]MASK|PAD|UNK|BOS|EOS|EOT|IMG|IMAGE|VIDEO|AUDIO|THINK|ARGS|PREFIX|MIDDLE|SUFFIX|USER|ASSISTANT"
    r"|SYSTEM|TOOLS?|unused\d+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)|/[A-Z]+)\]"
)
_TICKS, _CROSSES = f"{TICK}✔🗸☑✅", f"{CROSS}✘✖☒❌❎🗙"
# not where one is what is spoken of ("shows a ✓")
_LAST_MARKS = re.compile(rf"(?<![\s:–—-])(?<!\ba)(?<!\ban)(?<!\bthe)[\s:–—-]*(?:[{_TICKS}{_CROSSES}][\ufe0f\s]*)+$")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_SELECTORS = re.compile(r"([\ufe00-\ufe0f])[\ufe00-\ufe0f]+")
_JOINERS = "\u200c\u200d"
# format signs that are seen: they embrace the digits after them
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
# letters and marks by their class, and yet nothing to be seen; and the sign that stands for an object left out
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufffc")
# most texts hold none of all this
_HARMLESS = re.compile(r"[ -;=@-Z\\^-~\n?>\]À-ž‘’“”–—…°×]*")


def plain(text: str, markers: Sequence[str] = ()) -> str:
    """`text` without anything that could be taken for a marker, and without what cannot be seen. Its lines stay lines."""
    if _HARMLESS.fullmatch(text) is None:
        text = _visible(text)
        while (again := _MARKER.sub(_in_round_brackets, text)) != text:
            text = again
    return _without(text, tuple(markers)) if markers else text


def plain_line(text: str, markers: Sequence[str] = ()) -> str:
    """What a judge said, made plain, in one line, without ticks and crosses."""
    line = " ".join(_visible(text).split())
    line = _LAST_MARKS.sub("", line)
    for signs, word in ((_TICKS, "tick"), (_CROSSES, "cross")):
        line = re.sub(rf"[{signs}]\ufe0f?", word, line)
    return plain(line, markers)


def plain_payload(payload: P, markers: Sequence[str] = ()) -> P:
    """`payload` with all its texts made plain; words that came with an image may have several lines."""
    make = plain if isinstance(payload, Words) else plain_line
    mapped: P = _map_texts(payload, partial(make, markers=tuple(markers)))
    return mapped


def check_legible(payload: Payload, reply: str) -> None:
    """Raises Malformed where nothing of a text is left once it is plain."""

    def check(text: str) -> str:
        if text.strip() and not re.search(r"\w", plain_line(text)):
            raise Malformed(reply, f"a text holds nothing that can be read: {text.strip()[:40]!r}")
        return text

    _map_texts(payload, check)


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A record with `change` made to every text in it. Literals are no texts, nor is what names calls and models."""
    if isinstance(value, Judgement) or not is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for name, hint in _fields(type(value)):
        old = getattr(value, name)
        if hint is str:
            changes[name] = change(old)
        elif isinstance(old, tuple):
            changes[name] = tuple(change(v) if isinstance(v, str) else _map_texts(v, change) for v in old)
    return replace(value, **changes)


@cache
def _fields(record: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(record)
    return tuple((field.name, hints[field.name]) for field in fields(record))


def _in_round_brackets(match: re.Match[str]) -> str:
    inner = match["label"] or match["tag"] or match["square"]
    return f"({inner.strip('|｜').strip()})"


def _visible(text: str) -> str:
    """`text` without control signs and invisible ones; all its line ends are alike."""
    if _HARMLESS.fullmatch(text):
        return text
    text = _LINE_ENDS.sub("\n", _COLOURS.sub("", text))
    kept = [c for c in text if c in "\n\t" or c in _JOINERS or _is_seen(c)]
    ends = ("", *kept, "")
    joined = (c for n, c in enumerate(kept, 1) if c not in _JOINERS or _needs_joiner(ends[n - 1], ends[n + 1]))
    return _SELECTORS.sub(r"\1", "".join(joined))


def _is_seen(sign: str) -> bool:
    code = ord(sign)
    if sign in _UNSEEN or 0xE0100 <= code <= 0xE01EF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
        return False
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs") or sign in _SEEN


def _needs_joiner(before: str, after: str) -> bool:
    """True between two signs of a script that joins, or of an emoji."""
    return all(sign > "\u02ff" and sign not in _JOINERS for sign in (before, after))


@lru_cache(maxsize=64)
def _declared(markers: tuple[str, ...]) -> re.Pattern[str]:
    # the longest first, so that one which begins like another is not left in part
    return re.compile("|".join(re.escape(marker) for marker in sorted(markers, key=len, reverse=True)))


def _without(text: str, markers: tuple[str, ...]) -> str:
    """`text` with a blank inside every declared marker; a marker holds none, so none can come about by it."""
    pattern = _declared(markers)
    while (again := pattern.sub(_torn, text)) != text:
        text = again
    return text


def _torn(match: re.Match[str]) -> str:
    marker = match[0]
    middle = 1 if marker[0] in "<[({" else len(marker) // 2
    return f"{marker[:middle]} {marker[middle:]}"
