"""What somebody else says, in short. In: a text. Out: its first sentence, to stand within another."""

import re

ROOM = 170
_END = re.compile(r"(?<=[.!?])\s")
_NAMES = re.compile(r"I\b|[A-Z]{2}")


def gist(text: str) -> str:
    """The first sentence of a text in at most ROOM characters, without its stop and its capital; empty for no text."""
    first = _END.split(" ".join(text.split()), maxsplit=1)[0].rstrip(".!? ")
    if len(first) > ROOM:
        mark = next(mark for mark in (";", ",", " ") if mark in first[:ROOM] or mark == " ")
        first = first[:ROOM].rsplit(mark, 1)[0].rstrip(",;: ")
    return first if _NAMES.match(first) else first[:1].lower() + first[1:]
