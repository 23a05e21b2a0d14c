"""Which texts every database can hold.

In: a text from a browser or a file. Out: whether it can be kept. PostgreSQL holds no NUL, and no database half a character.
"""


def can_be_kept(text: str) -> bool:
    """False for a text with a NUL or a lone surrogate in it."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))
