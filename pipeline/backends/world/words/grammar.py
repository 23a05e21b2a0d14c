"""The whole grammar, as tries made once. In: the tables of patterns. Out: where a reading of each kind begins."""

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
    """All orders."""
    return trie(
        (key, [*patterns, *_asked(patterns)]) for key, patterns in (*THINGS, *LOOKS, *SCENE, *SPEECH, *SPEECH_SCENE)
    )


def _asked(patterns: Sequence[str]) -> Iterator[str]:
    """What "the star should be red" is as a question: "could the star be red?"."""
    asks = "(could|can|may|might|could not|cannot|can not|is there any chance|any chance)"
    for pattern in patterns:
        for modal in (" <must>", " (<must>|<may>)", " (<must>|<may>|gets|get|to|is to|are to)", " <may>"):
            if modal in pattern and pattern.split(modal)[0] in _SUBJECTS:
                yield f"{asks} {pattern.replace(modal, ' [kindly] [please] [could]', 1)}"


_SUBJECTS = ("{the}", "{new}", "{one}", "{one} and {one:other}", "{sub}")


@cache
def items() -> TrieNode:
    """Clauses of a picture's description."""
    return trie(pictures.ITEMS)


@cache
def settings() -> TrieNode:
    """What is said of the whole picture in passing."""
    return trie(pictures.SETTINGS)


@cache
def aside_words() -> TrieNode:
    """Fillers, openings, and ways of saying that the rest stays as it is."""
    kept = ("kept", asides.KEPT)
    alone = ("alone", ("[and] nothing else",))
    return trie(
        (("filler", asides.FILLERS), alone, ("opening", pictures.OPENINGS), ("drawing", pictures.DRAWINGS), kept)
    )


@cache
def elided() -> TrieNode:
    """What goes on after "the star should be red and ..."."""
    return trie(
        (
            ("alter", ("{the} [be] [(painted|turned|made|coloured|colored)] {adj}",)),
            ("move", ("{the} [(be moved|moved|go)] ({dest}|{still})",)),
            ("replace", ("{the} [(be|become|turned into|into)] {new}",)),
            ("remove", ("{the} [be] (removed|deleted|erased|gone)",)),
        )
    )
