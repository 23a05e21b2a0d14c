"""Packing and truncation: no row sees another, no image is cut, and what is lost is said."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mask import IMAGES
from tests.training.rows import RECIPE, climbed
from training.render.packing import PADDING, block_attention, pack
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.tiny import Tiny, special
from training.render.truncation import truncate

TINY = Tiny()
ROWS = [
    render(climbed(mode, seed=n, rounds=n + 1, steps=n + 2), TINY.grammar, TINY.images)
    for mode in RECIPE.modes
    for n in range(3)
]
LONGEST = max(map(len, ROWS))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ROWS), max_size=8), st.integers(LONGEST, 3 * LONGEST))
def test_packed_rows_are_all_there_in_order_and_apart(rows, length):
    sequences = list(pack(rows, length, pad=special("<pad>")))
    assert [row for one in sequences for row in one.rows] == rows
    for one in sequences:
        at = 0
        for n, row in enumerate(one.rows):
            here = slice(at, at + len(row))
            assert (one.input_ids[here] == row.input_ids).all()
            assert (one.labels[here][1:] == row.labels[1:]).all()
            assert (one.weights[here][1:] == row.weights[1:]).all()
            assert one.labels[at] == -100
            assert (one.position_ids[here] == np.arange(len(row))).all()
            assert (one.sequence_ids[here] == n).all()
            at += len(row)
        assert len(one.input_ids) == length
        assert (one.sequence_ids[at:] == PADDING).all()
        assert (one.labels[at:] == -100).all()
        assert (one.input_ids[at:] == special("<pad>")).all()
    # a sequence is closed only for a row that does not fit
    for one, following in pairwise(sequences):
        assert sum(map(len, one.rows)) + len(following.rows[0]) > length


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 4))
def test_a_token_sees_its_own_row_up_to_itself(lengths, padding):
    ids = np.repeat([*range(len(lengths)), PADDING], [*lengths, padding])
    mask = block_attention(ids)
    for line in range(len(ids)):
        for column in range(len(ids)):
            assert mask[line, column] == (column <= line and ids[line] == ids[column])


def test_a_row_that_is_too_long_is_refused_by_name():
    with pytest.raises(RenderProblem, match=f"row {ROWS[-1].id}: .* do not fit into a sequence of 100; truncate it"):
        list(pack([ROWS[-1]], 100))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ROWS), st.integers(1, LONGEST + 10))
def test_a_cut_never_goes_through_an_image_and_says_what_it_took(row, length):
    cut = next((s.start for s in row.spans if s.kind in IMAGES and s.start < length < s.stop), length)
    if not (row.weights[:cut] > 0).any():
        with pytest.raises(RenderProblem, match=f"row {row.id}: of {len(row)} tokens the first {length} hold nothing"):
            truncate(row, length)
        return
    kept, lost = truncate(row, length)
    if lost is None:
        assert kept is row
        return
    assert len(kept) <= length < len(row)
    assert len(kept) + lost.tokens == len(row)
    assert kept.trained + lost.trained == row.trained
    assert lost.end, "the end is the last of all, and it is never lost in silence"
    assert "end" in lost.words
    whole = {(s.start, s.stop) for s in row.spans}
    for span in (*kept.spans, *lost.spans):
        assert span.kind not in IMAGES or (span.start, span.stop) in whole
    assert [s.start for s in (*kept.spans, *lost.spans)] == sorted({*(s.start for s in row.spans), lost.spans[0].start})
