"""Saying and reading are exact inverses, for every op."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.looks import (
    BACKGROUNDS,
    CLOTH,
    COLOURS,
    DIRECTED,
    EXOTIC_SHAPES,
    FACINGS,
    MARKS,
    PLACES,
    SHAPES,
    SIZES,
    TEXTURES,
    TONES,
)
from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.words import wordings
from pipeline.backends.world.words.language import join, photo, phrase, shortest_phrase
from pipeline.backends.world.words.lexicon import TERMS
from pipeline.backends.world.words.orders import CLOSINGS, LONGEST, orders
from pipeline.backends.world.words.reading import parse
from pipeline.backends.world.words.topics import clash


def maybe(values):
    return st.none() | st.sampled_from(tuple(values))


def one_of(values):
    return st.sampled_from(tuple(values))


COLOUR = one_of((*COLOURS, *(f"?{t}" for t in TERMS)))
SHAPE = one_of((*SHAPES, *EXOTIC_SHAPES))
TEXT = st.from_regex(r"[A-Z]{1,4}|[0-9]{1,3}", fullmatch=True)
PICTURE = st.integers(1, 4)


@st.composite
def looks(draw, shape=SHAPE):
    """A look as it may be described; marks, poses and texts where a shape bears them."""
    kind = draw(shape)
    cloth, size = kind in CLOTH, draw(maybe(SIZES))
    facing = draw(maybe(FACINGS)) if kind in DIRECTED else None
    chipped = draw(st.none() | st.booleans()) if cloth else None
    texture, mark = (draw(maybe((*TEXTURES, "plain"))), draw(maybe((*MARKS, "")))) if cloth else (None, None)
    return Look(
        kind, draw(st.none() | COLOUR), size, texture, mark, facing, chipped, draw(TEXT) if kind == "sign" else None
    )


def selectors(every=False, depth=2):
    near = (
        st.none()
        if not depth
        else st.none()
        | st.builds(Near, one_of(("left", "right", "above", "below", "beside")), selectors(depth=depth - 1))
    )
    return st.builds(
        Selector, looks(st.none() | SHAPE), maybe(PLACES), near, st.booleans() if every else st.just(False)
    )


ONE, ANY = selectors(), selectors(every=True)
SPOT = st.none() | one_of(PLACES) | st.builds(Near, one_of(("left", "right", "above", "below", "beside")), ONE)
PLAIN_LOOK = st.builds(
    Look,
    colour=st.none() | COLOUR,
    size=maybe(SIZES),
    texture=maybe((*TEXTURES, "plain")),
    mark=maybe(MARKS),
    text=st.none() | TEXT,
)
CHANGE = st.one_of(
    st.builds(Look, colour=COLOUR),
    st.builds(Look, size=one_of(SIZES)),
    st.builds(Look, texture=one_of((*TEXTURES, "plain"))),
    st.builds(Look, mark=one_of((*MARKS, ""))),
    st.builds(Look, text=TEXT),
    PLAIN_LOOK.filter(lambda look: look.colour or look.size or look.texture),
)
ADD, COUNT = st.builds(ops.Add, looks(), SPOT), st.builds(ops.Count, looks(), st.integers(1, 9))
GROUND, LIGHT = st.builds(ops.Background, one_of(BACKGROUNDS)), st.builds(ops.Light, one_of(TONES))
OP = st.one_of(
    ADD,
    COUNT,
    GROUND,
    LIGHT,
    st.builds(ops.Remove, ANY),
    st.builds(ops.Replace, ANY, looks()),
    st.builds(ops.Alter, ANY, CHANGE),
    st.builds(ops.Complete, ANY),
    st.builds(ops.Turn, ANY, one_of((*FACINGS, "around", "clockwise", "counterclockwise"))),
    st.builds(ops.MatchOthers, SHAPE),
    st.builds(ops.Move, ONE, SPOT),
    st.builds(ops.Push, ONE, one_of(FACINGS)),
    st.builds(ops.Swap, ONE, ONE).filter(lambda op: op.target != op.other),
    st.builds(ops.Later),
    st.builds(ops.Behind),
    st.builds(ops.Clean, maybe(PLACES)),
    st.builds(ops.AddFrom, PICTURE, SPOT),
    st.builds(ops.ReplaceFrom, ANY, PICTURE),
    st.builds(ops.TransferFrom, ANY, PICTURE, one_of(("colour", "pattern"))),
)
OFTEN = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@OFTEN
@given(st.lists(OP, min_size=1, max_size=6).filter(lambda clauses: not clash(clauses)), st.integers(0, 2**32))
def test_orders_are_read_back_exactly(clauses, seed):
    rng = np.random.default_rng(seed)
    text = join([phrase(op, rng) for op in clauses], rng)
    assert parse(text) == clauses
    ordered = orders(clauses, rng)
    assert len(ordered) <= LONGEST
    assert parse(ordered) == clauses or len("; ".join(map(shortest_phrase, clauses))) > LONGEST - 60
    assert parse(f"  Could you PLEASE {text.upper()}  {CLOSINGS[seed % len(CLOSINGS)]}. Thanks! ") == clauses


@OFTEN
@given(
    st.lists(st.one_of(ADD, COUNT, GROUND, LIGHT), min_size=1, max_size=6).filter(lambda clauses: not clash(clauses)),
    st.integers(0, 2**32),
)
def test_pictures_are_read_back_exactly(clauses, seed):
    rng = np.random.default_rng(seed)
    assert parse(join([phrase(op, rng, picture=True) for op in clauses], rng, picture=True)) == clauses


def test_every_op_has_at_least_four_wordings():
    tables = (
        wordings.WORDINGS,
        wordings.PICTURE_WORDINGS,
        wordings.LIGHTS,
        wordings.PICTURE_LIGHTS,
        wordings.TURNS,
        wordings.ALTERS,
    )
    assert all(len(set(options)) >= 4 for table in tables for options in table.values())
    assert all(len(set(options)) >= 4 for options in (wordings.MOVES, wordings.CLEANINGS, wordings.FACINGS))


def test_a_photo_cannot_say_everything():
    with pytest.raises(ValueError, match="no words for later"):
        photo([ops.Later()])
