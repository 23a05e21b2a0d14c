"""Rendering, masking and reading again, on rows that the real ladder made."""

import numpy as np
import pytest
from hypothesis import given, settings

from stages.dialects import render as render_text
from stages.records import Evaluation, payload_from
from tests.training.rows import RECIPE, climbed, reweighted, rows
from training.render.parse import parse
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.tiny import Tiny

TINY = Tiny()
QUICK = settings(max_examples=15, deadline=None)


@QUICK
@given(rows())
def test_one_walk_gives_tokens_labels_and_spans(row):
    rendered = render(row, TINY.grammar, TINY.images)
    trained = np.zeros(len(rendered), bool)
    for span in rendered.spans[:-1]:
        segment = row.segments[span.segment]
        assert (span.kind, span.index, span.loss) == (segment.kind, segment.index, segment.loss)
        trained[span.start : span.stop] = segment.loss > 0
    end = rendered.spans[-1]
    assert (end.kind, end.stop, end.loss) == ("end", len(rendered), 1)
    trained[end.start :] = True
    assert ((rendered.labels != -100) == trained).all()
    assert (rendered.labels[trained] == rendered.input_ids[trained]).all()
    assert ((rendered.weights > 0) == trained).all()


@QUICK
@given(rows())
def test_an_answer_is_read_as_it_was_rendered(row):
    rendered = render(row, TINY.grammar, TINY.images)
    answer = parse(rendered.input_ids, TINY.images, TINY.grammar)
    assert (answer.problem, answer.mode) == (None, row.mode)
    made = [s for s in row.segments if s.role == "assistant"]
    assert [(s.kind, s.index, s.text) for s in answer.segments] == [(s.kind, s.index, s.text) for s in made]
    for read, written in zip(answer.segments, made, strict=True):
        if written.payload is not None and isinstance(verdict := payload_from(written.payload), Evaluation):
            assert [(c.axis, c.reason, c.passed) for c in read.said.claims] == [
                (a.axis, a.reason, a.passed) for a in verdict.axes
            ]
            assert render_text(verdict, answer.dialect, read.index) == read.text


def test_a_fractional_loss_is_a_weight():
    row = climbed("direct")
    half = reweighted(row, [0.0, 0.0, 0.5, 0.25])
    rendered = render(half, TINY.grammar, TINY.images)
    assert {s.kind: float(rendered.weights[s.start]) for s in rendered.spans} == {
        "reference": 0, "instruction": 0, "generation": 0.5, "evaluation": 0.25, "end": 0.25,
    }  # fmt: skip
    assert (rendered.labels != -100).sum() == (rendered.weights > 0).sum()


@pytest.mark.parametrize("mode", RECIPE.modes)
def test_images_that_were_made_tokens_before_give_the_same(mode):
    row = climbed(mode)
    tokens = {n: TINY.images.encode(cell.bytes) for n, cell in enumerate(row.images)}
    first, second = render(row, TINY.grammar, TINY.images), render(row, TINY.grammar, tokens)
    assert (first.input_ids == second.input_ids).all()
    with pytest.raises(RenderProblem, match="no tokens of image 1"):
        render(row, TINY.grammar, {0: tokens[0]})
