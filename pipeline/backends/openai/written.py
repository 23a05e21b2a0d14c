"""Pictures that a model writes into its words: as addresses, as Markdown, as HTML, as JSON, as data URIs, as bare base64.

In: the text of an answer. Out: its pictures and the words beside them; and whether a text without a picture is words at all,
for only words can be a refusal.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.backends.openai.carriers import pictures_in
from pipeline.backends.openai.encoded import is_address, is_data_uri, shows_picture

_LONGEST_WORDS = 20_000  # characters in which words are looked for
# Every repetition is bounded, or begins where no other can: a hostile text must not take quadratic time.
_RUN = r"[A-Za-z0-9+/_%-]++=*+"
_BREAK = r"[ \t]*(?:\\r\\n|\\n|\r\n|\r|\n)[ \t]*"
_LINES = rf"{_RUN}(?:{_BREAK}{_RUN}(?={_BREAK}|[ \t]*[\"'`)>\]]|[ \t]*$))*"
_HEADER = r"data:(?=image/|;|[\w.+-]{1,80}/)[\w.+/-]{0,80}(?:\s?;\s?[\w.+=:-]{1,80}){0,8}\s?,\s?"
_QUOTED_URI = re.compile(rf"(?<=[(\"'`<])\s*({_HEADER}[^()\"'`<>]+)(?=[)\"'`>])", re.IGNORECASE)
_BARE_URI = re.compile(_HEADER + _LINES, re.IGNORECASE)
_BARE_BASE64 = re.compile(
    rf"(?<![A-Za-z0-9+/_=-])(?:base64:(?://)?)?((?:iVBORw0KGgo|/9j/|_9j_|R0lGOD|UklGR|Qk[0-3]){_LINES})"
)
_MARKDOWN = re.compile(r"!\[[^\[\]]{0,4000}\]\(\s*<?([^()\s>]{1,8192}+)>?[^()\n]{0,400}\)")
_TAG = re.compile(r"<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']?([^\"'<>\s]{1,8192})[^<>]{0,2000}>", re.IGNORECASE)
_NO_ADDRESS = (
    r"\s<>\"'`\\^{|}\[\]\u200b-\u200f\u2060\ufeff。，、；：！？）】」』》”’"  # an address ends there: in Chinese, too
)
_ADDRESS = re.compile(rf"https?://[^{_NO_ADDRESS}]{{1,8192}}", re.IGNORECASE)
_SUFFIX = r"\.(?:png|jpe?g|webp|gif|bmp|avif|heic|tiff?|jp2|svg)"
_PICTURE_FILE = re.compile(rf"{_SUFFIX}([?#]|$)", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2,}|[^\W\d_a-zA-Z]")
_EMPTY_FRAME = re.compile(
    r"!?\[[^\[\]]{0,4000}\]\(\s*<?\s*>?(?:\s[^()\n]{0,400})?\)|<img\b[^<>]{0,4000}>|<\s*>|\(\s*\)|``+|\"\"|''|\*{4}",
    re.IGNORECASE,
)
_NO_WORDS = (
    re.compile(r"<(svg|html|script|style)\b.*", re.IGNORECASE | re.DOTALL),
    re.compile(r"```\w+\n.*?(```|$)", re.DOTALL),
    re.compile(r"\{.*\}", re.DOTALL),
    re.compile(r"!?\[[^\[\]]{0,4000}\](\([^()]{0,8192}\))?"),
    re.compile(r"<[^<>]{0,400}>"),
    re.compile(r"[A-Za-z0-9+/_=-]{40,}"),
    re.compile(rf"\S+{_SUFFIX}\b", re.IGNORECASE),
)
_NAMES_PICTURE = re.compile(rf"\[[^\[\]]{{0,4000}}\]\([^()\s]|[A-Za-z0-9+/_=-]{{40,}}|\S{_SUFFIX}\b", re.IGNORECASE)
"""Words about a picture that is not there, such as [your image](sandbox:/cat.png)."""
_ANNOUNCES = re.compile(
    r"\W*(sure|of course|certainly|absolutely|ok(ay)?|done|finished|here('s|’s| is| are| you (go|are))|(i|i('|’)ve|i have) "
    r"(just )?(created|generated|made|drawn|edited)|(generat|creat|draw|render|process|load)ing|((the|your) )?(image|picture)"
    r" (is|was|has been) (ready|done|finished|made|created|generated)|好的|这是|以下是|已生成|正在|生成中)(?![a-z])",
    re.IGNORECASE,
)
"""Words that announce a picture. Where none follows, the model has not declined: it may be asked again."""
_DECLINES = re.compile(
    r"\b(can(no|')t|can ?not|unable|sorry|apologi[sz]e|won['’]?t|not able|not allowed|declin\w*|refus\w*|violat\w*|"
    r"polic(y|ies)|prohibit\w*|inappropriate|safety|moderat\w*|not permitted|against)\b|can[’]t|"
    r"抱歉|无法|不能|無法|申し訳|できません|죄송|désolé|leider|lo siento|не могу",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a text holds. `sure` is False where an address stands among words, and may be no picture's."""

    pictures: tuple[str, ...]
    words: str
    sure: bool = True


def written(text: str) -> Written:
    """The pictures in a text, in order, and the words beside them."""
    bare = _unfenced(text)
    value = _json(bare) if bare[:1] in ("{", "[") else bare
    if not isinstance(value, str) and (pictures := tuple(pictures_in(value))):
        sure = any(not is_address(picture) or _PICTURE_FILE.search(picture) for picture in pictures)
        return Written(pictures, " ".join(_sentences(value)), sure)
    for patterns in ((_QUOTED_URI, _BARE_URI, _BARE_BASE64), (_MARKDOWN, _TAG)):
        if inline := _taken(text, *patterns):
            return inline
    return _by_address(text)


def is_refusal(text: str) -> bool:
    """Whether a text without a picture is words, which decline: and not code, a blob, a placeholder or a file's name."""
    start = text[:_LONGEST_WORDS]
    if declines(start):
        return True
    if not isinstance(_json(_unfenced(start)), str):
        return False
    if _ANNOUNCES.match(start) or _NAMES_PICTURE.search(start):
        return False
    for pattern in (_ADDRESS, *_NO_WORDS):
        start = pattern.sub(" ", start)
    return bool(_LETTERS.search(start))


def declines(text: str) -> bool:
    """Whether a text speaks of not doing what it was asked for."""
    return bool(_DECLINES.search(text[:_LONGEST_WORDS]))


def _taken(text: str, *patterns: re.Pattern[str]) -> Written | None:
    spans = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            picture = html.unescape(match[match.lastindex or 0]).strip()
            if pattern is not _BARE_BASE64 or shows_picture(picture):
                spans.append((match.start(), -match.end(), picture))
    pictures, left, at = [], [], 0
    for begin, end, picture in sorted(spans):
        if begin >= at:
            pictures.append(picture)
            left.append(text[at:begin])
            at = -end
    return Written(tuple(pictures), _tidy("".join((*left, text[at:])))) if pictures else None


def _by_address(text: str) -> Written:
    """Addresses in words: those of files of pictures before others, which may be of a page that the words speak of."""
    addresses: list[str] = []

    def take(match: re.Match[str]) -> str:
        addresses.append(match[0].rstrip(").,;:!?*_"))
        return match[0][len(addresses[-1]) :]

    words = _tidy(_ADDRESS.sub(take, text.replace("\\/", "/")))
    files = tuple(address for address in addresses if _PICTURE_FILE.search(address))
    return Written(files or tuple(addresses), words, bool(files) or not _LETTERS.search(words))


def _tidy(words: str) -> str:
    """Words without the brackets and quotes that are left empty where a picture stood."""
    return _EMPTY_FRAME.sub("", words).strip()


def _unfenced(text: str) -> str:
    match = re.fullmatch(r"\s*```\w*\s*\n(.*?)\s*```\s*", text, re.DOTALL)
    return (match[1] if match else text).strip().strip("`").strip()


def _json(text: str) -> Any:
    """What a text holds as JSON; the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _sentences(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in JSON that are words and no pictures."""
    if isinstance(value, str):
        if " " in value.strip() and not is_data_uri(value) and not shows_picture(value):
            yield value.strip()
    elif depth < 8 and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _sentences(inner, depth + 1)
