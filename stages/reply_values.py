"""The single values of a reply, as models are known to write them.

In: a value out of a JSON object. Out: a text, a score of 1 to 5, or whether a demand is met; `Unreadable` where that is in doubt.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from stages.json_objects import Unreadable, folded

_SCORE = re.compile(
    r"(?:score|rating)?\s*[:=]?\s*\**([+-]?\d{1,6}(?:\.\d{1,6})?)\**(?:\s*(?:/|out of|of)\s*(\d{1,6}))?(?:\s*(?:stars?|points?))?"
    r"(?:\s*(?:[-–—:,;(\n]|\.\s)\s*(\D.*))?\.?",
    re.DOTALL | re.IGNORECASE,
)
HIGHEST = 5
_MET = frozenset((
    "true", "yes", "met", "satisfied", "fulfilled", "done", "pass", "passed", "ok", "present", "y", "fully", "fully_met",
    "✓", "✔", "✅",
))  # fmt: skip
_UNMET = frozenset((
    "false", "no", "not_met", "unmet", "not_satisfied", "unsatisfied", "not_fulfilled", "missing", "fail", "failed", "absent",
    "n", "✗", "✘", "❌",
))  # fmt: skip
# in part is not met: half of what was asked for is not what was asked for
_PARTLY = frozenset(["partial", "partially", "partly", "partially_met", "partly_met", "mostly", "mostly_met"])


def text(value: Any) -> str:
    """A text that says something, in characters that can be written down again."""
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        value = " ".join(_sentence(v.strip()) for v in value if v.strip())
    if not isinstance(value, str):
        raise Unreadable(f"{_shown(value)} is no text")
    if not value.strip():
        raise Unreadable("is empty")
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Unreadable("holds half a character (a lone surrogate)")
    return value.strip()


def score(value: Any) -> tuple[int, str | None]:
    """A whole score from 1 to 5, and the words that follow it in one text with it."""
    words: str | None = None
    if isinstance(value, str):
        match = _SCORE.fullmatch(value.strip())
        if match is None or (match[2] and int(match[2]) != HIGHEST):
            raise Unreadable(f"{_shown(value)} is no whole number from 1 to {HIGHEST}")
        words = match[3] and match[3].strip().removesuffix(")").strip()
        value = float(match[1])
    # Python takes true for 1
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in range(1, HIGHEST + 1):
        raise Unreadable(f"{_shown(value)} is no whole number from 1 to {HIGHEST}")
    return int(value), words or None


def met(value: Any) -> bool:
    """Whether a demand is met; one that is met in part is not."""
    if isinstance(value, bool):
        return value
    word = (
        {1: "yes", 0: "no"}.get(value) if isinstance(value, int) else folded(value) if isinstance(value, str) else None
    )
    if word in _MET:
        return True
    if word in _UNMET or word in _PARTLY:
        return False
    raise Unreadable(f"{_shown(value)} does not say whether it is met")


def one_of(options: Iterable[str], value: Any) -> str:
    """The option that is named, however it is written; as it stands where it is none."""
    name = option_in(value)
    if name not in options:
        raise Unreadable(f"{_shown(value)} is none of {', '.join(options)}")
    return name


def option_in(value: Any) -> str:
    """The folded form of what a value names before it says more: "none" of ["None - all is well."]; empty where it is no text."""
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    return folded(re.split(r"[:(–—]|\s-\s", value)[0].rstrip(" .!")) if isinstance(value, str) else ""


def pick(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value under the first of these names that has one, else None."""
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _sentence(part: str) -> str:
    return part if part.endswith((".", "!", "?", ";", ",", ":")) else part + "."


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"
