"""Untrusted text made safe and short enough to show. Model replies and data rows are text, never markup and never control.

In: any string. Out: a string without terminal escapes, control characters or overrides of the reading direction.
"""

import unicodedata

_HIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\ufeff")


def plain(text: str) -> str:
    """`text` with line feeds kept, tabs as spaces, and every other control or direction character shown as U+FFFD."""
    unified = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(c if c == "\n" or _shown(c) else "\ufffd" for c in unified)


def clip(text: str, limit: int) -> str:
    """`plain` text of at most `limit` characters, an ellipsis where something was cut."""
    shown = plain(text[: limit + 1]).strip()
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1].rstrip() + "…"


def spoken(code: str) -> str:
    """A code as words: missing_knowledge -> missing knowledge."""
    return clip(code, 80).replace("_", " ")


def _shown(c: str) -> bool:
    return c not in _HIDDEN and unicodedata.category(c) not in ("Cc", "Cs")
