"""Untrusted text made safe and short enough to show. Model replies and data rows are text, never markup and never control.

In: any string. Out: a string without terminal escapes, control characters or overrides of the reading direction.
"""

import unicodedata

from rich.cells import cell_len, chop_cells

_HIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\ufeff")
_JOINERS = frozenset("\u200c\u200d")
"""Of the invisible characters the two that some scripts and emoji need."""


def plain(text: str) -> str:
    """`text` with line feeds kept, tabs as spaces, and every other control or direction character shown as U+FFFD."""
    unified = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(c if c == "\n" or _shown(c) else "\ufffd" for c in unified)


def clip(text: str, limit: int) -> str:
    """`plain` text of at most `limit` characters, an ellipsis where something was cut."""
    shown = plain(text[: limit + 1]).strip()
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1].rstrip() + "…"


def one_line(text: str, width: int) -> str:
    """`plain` text on one line of at most `width` columns of a terminal, without a colon that nothing follows."""
    return cut(" ".join(plain(text[: 8 * width]).split()), width).rstrip(" :,;")


def cut(text: str, width: int) -> str:
    """`text` itself, or its beginning and an ellipsis where it is wider than `width` columns of a terminal."""
    return text if cell_len(text) <= width else chop_cells(text, max(width - 1, 1))[0].rstrip() + "…"


def spoken(code: str) -> str:
    """A code as words: missing_knowledge -> missing knowledge."""
    return clip(code, 80).replace("_", " ")


def _shown(c: str) -> bool:
    return c in _JOINERS or (c not in _HIDDEN and unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
