"""A row becomes tokens, and the tokens with what rides along the row again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from tests.training.rows import climbed, reweighted, rows
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.restore import restore
from training.render.tiny import Tiny

TINY = Tiny()
READ = {"type": "text", "role": "user", "kind": "", "index": 9, "text": None, "loss": 9.0, "next_special": None}


def bare(row):
    """What rides along, and nothing of what tokens hold."""
    return replace(row, segments=tuple(replace(s, **READ) for s in row.segments))


@settings(max_examples=15, deadline=None)
@given(rows())
def test_a_row_becomes_tokens_and_the_row_again(row):
    rendered = render(row, TINY.grammar, TINY.images)
    # which image is whose rides along as its number; the row's images need their segments for that
    assert restore(rendered, bare(row), TINY.grammar, TINY.tokens(row)) == row


def test_weights_come_back_too():
    row = reweighted(climbed("reflection"), [0, 0, 0, 0.5, 2, 1, 0.25])
    rendered = render(row, TINY.grammar, TINY.images)
    assert restore(rendered, bare(row), TINY.grammar, TINY.tokens(row)) == row


def test_tokens_that_are_none_of_the_row_are_refused():
    row, other = climbed("direct"), climbed("direct", seed=3)
    rendered = render(row, TINY.grammar, TINY.images)
    with pytest.raises(RenderProblem, match=r"segments.0: its tokens are those of another image"):
        restore(rendered, bare(other), TINY.grammar, TINY.tokens(other))
    with pytest.raises(RenderProblem, match="4 segments in the tokens, 7 ride along"):
        restore(rendered, bare(climbed("reflection")), TINY.grammar, TINY.tokens(row))
    weights = rendered.weights.copy()
    weights[rendered.spans[-2].start] = 0
    with pytest.raises(RenderProblem, match=r"segments.3 is trained in part"):
        restore(replace(rendered, weights=weights), bare(row), TINY.grammar, TINY.tokens(row))
    cut = replace(rendered, input_ids=rendered.input_ids[:-1], weights=np.ones(len(rendered) - 1))
    with pytest.raises(RenderProblem, match="the answer is not ended"):
        restore(cut, bare(row), TINY.grammar, TINY.tokens(row))
