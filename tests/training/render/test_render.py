"""Rendering, masking and reading again, on rows that the real ladder made."""

import re
from dataclasses import replace

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
            assert [(c.axis, c.reason, c.passed) for c in read.content.claims] == [
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


def text_of(rendered, where):
    return TINY.text.decode(rendered.input_ids[where].tolist())


def test_what_opens_a_segment_is_trained_with_it():
    """The decision to think on: the break and the label of a plan, the start and the size of an image, the end."""
    rendered = render(climbed("multistep"), TINY.grammar, TINY.images)
    trained, masked = text_of(rendered, rendered.labels != -100), text_of(rendered, rendered.labels == -100)
    image = r"<image>3\*2<pixels>(<colour \d+><colour \d+><line>){3}<frame></image>"
    verdict = (
        r"<Evaluate Instruction>: .*?\n<Evaluate Consistency>: .*?\n<Evaluate Quality>: .*?\n<Evaluate Knowledge>: .*?"
    )
    plan = r"\n<Start Multi-Step Editing>: one thing at a time\n1. find the cat\n2. make a hat"
    steps = rf"\n<Step 1 Instruction>: find the cat{image}{verdict}✓\n<Step 2 Instruction>: make a hat{image}{verdict}✓"
    assert re.fullmatch(f"{verdict}✗{plan}{steps}<end>", trained)
    assert re.fullmatch(f"<begin><user>{image}give the cat a red hat<assistant>{image}", masked)


def test_before_a_masked_segment_nothing_is_trained_to_open_it():
    rendered = render(climbed("reflection", rounds=2, words="I draw."), TINY.grammar, TINY.images)
    trained = text_of(rendered, rendered.labels != -100)
    # the words before the last image are context, the image is not
    assert re.search(r"put a red hat on the cat<image>", trained)
    assert trained.count("<image>") == 1
    assert "I draw." not in trained


BROKEN = {
    "a special before what is masked": (
        {2: {"next_special": "im_start"}, 3: {"loss": 0.0}},
        "segments.2: next_special is im_start, and by",
    ),
    "none before what is trained": (
        {2: {"next_special": None}},
        "segments.2: next_special is None, and by the loss of what follows",
    ),
    "a negative loss": ({3: {"loss": -1.0}}, "segments.3: its loss is -1.0; a weight is 0 or more"),
    "a loss that is no number": ({3: {"loss": float("nan")}}, "segments.3: its loss is nan"),
    "a user who speaks again": ({3: {"role": "user"}}, "segments.2: a user speaks after the answer has begun"),
    "no answer": ({2: {"role": "user"}, 3: {"role": "user"}}, "it holds no answer"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_row_that_contradicts_itself_is_named(kind):
    changes, problem = BROKEN[kind]
    row = climbed("direct")
    segments = tuple(replace(s, **changes.get(n, {})) for n, s in enumerate(row.segments))
    with pytest.raises(RenderProblem, match=f"row {row.id}: {problem}"):
        render(replace(row, segments=segments), TINY.grammar, TINY.images)


def test_tokens_of_another_vocabulary_are_named():
    row = climbed("direct")
    tokens = {n: replace(TINY.images.encode(cell.bytes), ids=(7,) * 6) for n, cell in enumerate(row.images)}
    with pytest.raises(
        RenderProblem, match=f"row {row.id}: segments.0: the token 7 is none of an image in the vocabulary"
    ):
        render(row, TINY.grammar, tokens)


def test_an_image_that_is_none_is_named():
    row = climbed("direct")
    broken = replace(row, images=(row.images[0], replace(row.images[1], bytes=b"no image")))
    with pytest.raises(RenderProblem, match=f"row {row.id}: an image cannot be made tokens"):
        render(broken, TINY.grammar, TINY.images)
