"""Texts as screens compare them. In: an instruction. Out: it without case, width, punctuation and spacing."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """An instruction without case, width, punctuation and spacing, in which copies of it may differ."""
    if text.isascii():  # most are, and need no second look
        folded = text.lower()
        return _SEPARATORS.sub(" ", folded).strip() or folded.strip()
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", folded)).strip()
    return words or folded.strip()  # else all instructions of signs alone would be one
