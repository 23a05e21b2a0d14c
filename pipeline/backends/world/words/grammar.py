"""The whole grammar as cached tries. In: the tables of patterns. Out: the root of the trie for each kind of reading."""

from collections.abc import Iterator, Sequence
from functools import cache

from pipeline.backends.world.words import asides
from pipeline.backends.world.words import grammar_pictures as pictures
from pipeline.backends.world.words.grammar_looks import LOOKS
from pipeline.backends.world.words.grammar_scene import SCENE
from pipeline.backends.world.words.grammar_speech import SPEECH
from pipeline.backends.world.words.grammar_speech_scene import SPEECH_SCENE
from pipeline.backends.world.words.grammar_things import THINGS
from pipeline.backends.world.words.patterns import TrieNode, trie


@cache
def root() -> TrieNode:
    """The trie of all orders."""
    return trie(
        (key, [*patterns, *_as_questions(patterns)])
        for key, patterns in (*THINGS, *LOOKS, *SCENE, *SPEECH, *SPEECH_SCENE)
    )


def _as_questions(patterns: Sequence[str]) -> Iterator[str]:
    """Patterns of orders as questions: "the star should be red" becomes "could the star be red"."""
    asks = "(could|can|may|might|could not|cannot|can not|is there any chance|any chance)"
    for pattern in patterns:
        for modal in (" <must>", " (<must>|<may>)", " (<must>|<may>|gets|get|to|is to|are to)", " <may>"):
            if modal in pattern and pattern.split(modal)[0] in _SUBJECTS:
                yield f"{asks} {pattern.replace(modal, ' [kindly] [please] [could]', 1)}"


_SUBJECTS = ("{the}", "{new}", "{one}", "{one} and {one:other}", "{sub}")


@cache
def items() -> TrieNode:
    """The trie of the clauses that describe a new picture."""
    return trie(pictures.ITEMS)


@cache
def settings() -> TrieNode:
    """The trie of phrases about the whole picture, which may stand beside other clauses."""
    return trie(pictures.SETTINGS)


@cache
def aside_words() -> TrieNode:
    """The trie of fillers, openings, and phrases that keep the rest as it is."""
    unchanged = ("kept", asides.KEPT)
    alone = ("alone", ("[and] nothing else",))
    return trie(
        (("filler", asides.FILLERS), alone, ("opening", pictures.OPENINGS), ("drawing", pictures.DRAWINGS), unchanged)
    )


@cache
def elided() -> TrieNode:
    """The trie of clauses without a verb after a modal: "the star should be red and ..."."""
    return trie(
        (
            ("alter", ("{the} [be] [(painted|turned|made|coloured|colored)] {adj}",)),
            ("move", ("{the} [(be moved|moved|go)] ({dest}|{still})",)),
            ("replace", ("{the} [(be|become|turned into|into)] {new}",)),
            ("remove", ("{the} [be] (removed|deleted|erased|gone)",)),
        )
    )
