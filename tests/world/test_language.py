"""Saying and reading are exact inverses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.world import ops
from pipeline.world.language import KEEP, PICTURE_WORDINGS, WORDINGS, join, orders, phrase
from pipeline.world.ops import Look, Selector
from pipeline.world.reading import NotUnderstood, glean, parse
from pipeline.world.scene import BACKGROUNDS, COLOURS, EXOTIC_SHAPES, EXOTIC_TEXTURES, PLACES, SHAPES, SIZES

SHAPE = st.sampled_from((*SHAPES, *EXOTIC_SHAPES))
COLOUR, SIZE = st.sampled_from(list(COLOURS)), st.sampled_from(list(SIZES))
TEXTURE, PLACE = st.sampled_from(EXOTIC_TEXTURES), st.sampled_from(PLACES)
LOOK = st.builds(Look, st.none() | SHAPE, st.none() | COLOUR, st.none() | SIZE, st.none() | TEXTURE)
NEW = st.builds(Look, SHAPE, st.none() | COLOUR, st.none() | SIZE, st.none() | TEXTURE)
SELECTOR = st.builds(Selector, LOOK, st.none() | PLACE)
GROUND = st.builds(ops.Background, st.sampled_from(list(BACKGROUNDS)))
ADD, COUNT = st.builds(ops.Add, NEW, PLACE), st.builds(ops.Count, NEW, st.integers(1, 9))
OP = st.one_of(
    ADD,
    COUNT,
    GROUND,
    st.builds(ops.Remove, SELECTOR),
    st.builds(ops.Replace, SELECTOR, NEW),
    st.builds(ops.Recolour, SELECTOR, COLOUR),
    st.builds(ops.Resize, SELECTOR, SIZE),
    st.builds(ops.Move, SELECTOR, PLACE),
    st.builds(ops.Swap, SELECTOR, SELECTOR),
    st.builds(ops.Clean, PLACE),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(OP, min_size=1, max_size=6), st.integers(0, 2**32))
def test_orders_are_read_back_exactly(wanted: list[ops.Op], seed: int) -> None:
    rng = np.random.default_rng(seed)
    text = join([phrase(op, rng) for op in wanted], rng)
    assert parse(text) == wanted
    assert parse(orders([phrase(op, rng) for op in wanted], rng)) == wanted
    assert parse(f"  Could you PLEASE {text.upper()}  {KEEP}. Thanks! ") == wanted


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(ADD, COUNT, GROUND), min_size=1, max_size=6), st.integers(0, 2**32))
def test_pictures_are_read_back_exactly(wanted: list[ops.Op], seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert parse(join([phrase(op, rng, picture=True) for op in wanted], rng, picture=True)) == wanted


def test_every_op_has_at_least_four_wordings() -> None:
    assert all(len(set(w)) >= 4 for table in (WORDINGS, PICTURE_WORDINGS) for w in table.values())


@pytest.mark.parametrize("text", ["", "please", "a photo of a bench", "make it nicer", KEEP])
def test_other_words_are_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse(text)


def test_glean_passes_other_words_over() -> None:
    found = glean("The sky is off. Remove the red circle, and be careful; make the background mint")
    assert found == [ops.Remove(Selector(Look("circle", "red"))), ops.Background("mint")]
