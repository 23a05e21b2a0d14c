"""Any text at all is read or not understood: nothing else is raised, and soon."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.backends.world.words import asides, idioms, lexicon, remarks, spans
from pipeline.backends.world.words import grammar_pictures as pictures
from pipeline.backends.world.words.grammar_looks import LOOKS
from pipeline.backends.world.words.grammar_scene import SCENE
from pipeline.backends.world.words.grammar_speech import SPEECH
from pipeline.backends.world.words.grammar_speech_scene import SPEECH_SCENE
from pipeline.backends.world.words.grammar_things import THINGS
from pipeline.backends.world.words.reading import LONGEST, NotUnderstood, glean, parse
from tests.backends.world.steps import count_steps

TABLES = (*THINGS, *LOOKS, *SCENE, *SPEECH, *SPEECH_SCENE, *pictures.ITEMS, *pictures.SETTINGS, *idioms.NEARS)
WORDS = sorted(
    {
        *re.findall(r"[a-z]+", " ".join(p for _, patterns in (*TABLES, *remarks.MENDED) for p in patterns)),
        *re.findall(r"[a-z]+", " ".join((*lexicon.VERBS.values(), *asides.FILLERS, *lexicon.COLOUR_WORDS))),
        *re.findall(r"[a-z]+", " ".join((*lexicon.CELL_WORDS, *lexicon.NUMBERS, *lexicon.ORDINALS, *lexicon.TERMS))),
    }
)
COMMON = (
    "the star",
    "the circle",
    "a heart",
    "to the left",
    "to the right",
    "at the top",
    "above",
    "of",
    "and",
    "is",
    "it",
)
VERBS = (
    "move",
    "remove",
    "make",
    "add",
    "swap",
    "turn",
    "put",
    "should be",
    "should go",
    "change",
    "replace",
    "with",
    "into",
)
ODD = (
    *".,;:!?\n\"'’“”()→²ßİK٣#&°-",
    "5",
    "12",
    "'s",
    "red",
    "large",
    "night",
    "picture 2",
    'says "HI"',
    "there are",
    "two stars",
)
MOST_STEPS = 2_500_000  # twice what the worst of the texts below takes
PIECE = st.sampled_from(COMMON) | st.sampled_from(VERBS) | st.sampled_from(ODD) | st.sampled_from(WORDS)


@pytest.fixture(scope="module", autouse=True)
def _grammar():
    """The tables of the grammar, which are made once, at the first reading."""
    assert parse("remove the star")


def ends(text):
    """Reads a text both ways; whatever comes but NotUnderstood, or after too much work, is an error."""

    def read():
        with suppress(NotUnderstood):
            assert parse(text)
        assert isinstance(glean(text), list)

    assert count_steps(read) < MOST_STEPS


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECE, max_size=25))
def test_words_in_any_order_are_read_or_not_understood(pieces):
    ends(" ".join(pieces))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_characters_are_read_or_not_understood(text):
    ends(text)


@pytest.mark.parametrize(
    "piece",
    [
        *(". ", "\n", "!", "and ", "please ", "star above ", "the star and ", "red, ", "Remove the star. ", '"'),
        *("remove the star above ", "make it red and ", "move the star to the left and ", "add a star, ", "- ", "1. "),
    ],
)
def test_texts_that_go_on_and_on_end_soon(piece):
    ends((piece * LONGEST)[:LONGEST])
    ends("remove the star " + (piece * LONGEST)[: LONGEST - 20])
    ends(piece * 50_000)


@pytest.mark.parametrize("piece", ["remove the star above the ring. ", "the star and the ring, ", "\n"])
def test_a_text_that_takes_too_many_steps_is_not_understood(monkeypatch, piece):
    text = "remove the heart. " + piece * 40
    monkeypatch.setattr(spans, "MOST_STEPS", 15)
    with pytest.raises(NotUnderstood):
        parse(text)
    assert glean(text) == []


def test_a_text_that_is_too_long_is_not_understood():
    fits = "Remove the star." + "\n" * (LONGEST - 16)
    assert parse(fits) == glean(fits)
    with pytest.raises(NotUnderstood):
        parse(fits + "\n")
    assert glean(fits + "\n") == []


@pytest.mark.parametrize(
    "tail", ["to the left and the circle to the right", "left of the ring and the circle to the right"]
)
def test_a_move_may_leave_out_its_second_verb(tail):
    assert [op.kind for op in parse(f"Move the star {tail}.")] == ["move", "move"]
