"""Words that have no place in a training set. In: an instruction. Out: a `Dropped` that names the word, or None.

The list is `unsafe_words_en.txt`, whose head says where it comes from, its licence, and what was left out of it. A word counts
whole and as it is normalised for comparison, a phrase word by word; a manifest adds words and allows others.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pipeline.screening.dropped import Dropped
from pipeline.screening.spec import UnsafeScreen
from pipeline.screening.text import normalise

LIST = Path(__file__).with_name("unsafe_words_en.txt")
_MARK = "#"


@cache
def listed() -> frozenset[str]:
    """The words and phrases of the list, normalised."""
    lines = LIST.read_text("utf-8").splitlines()
    return frozenset(normalise(line) for line in lines if line.strip() and not line.startswith(_MARK))


class UnsafeWords:
    """The list as a manifest has it."""

    def __init__(self, spec: UnsafeScreen) -> None:
        allowed = {normalise(word) for word in spec.allow}
        self._phrases = _by_first_word((listed() | {normalise(word) for word in spec.add}) - allowed)

    def judge(self, text: str) -> Dropped | None:
        """Which listed word the text holds, the first one; None where it holds none."""
        words = normalise(text).split()
        for n, word in enumerate(words):
            for phrase in self._phrases.get(word, ()):
                if tuple(words[n : n + len(phrase)]) == phrase:
                    return Dropped("unsafe_words", f"holds {' '.join(phrase)!r}")
        return None


def _by_first_word(phrases: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    sorted_by: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases):
        words = tuple(phrase.split())
        sorted_by.setdefault(words[0], []).append(words)
    return sorted_by
