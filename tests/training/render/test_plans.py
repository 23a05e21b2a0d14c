"""BAGEL's plan and single-turn rows: both hold what the row holds, with the same masks."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.training.rows import RECIPE, climbed, reweighted, rows
from training.render.bagel import SPECIAL_TOKENS, plan_of, unplan
from training.render.decompose import decompose
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.tiny import Tiny

TINY = Tiny()
QUICK = settings(max_examples=12, deadline=None)
BLANK = {"type": "text", "text": None, "image_index": -1, "loss": 9.0, "vae": False, "vit": False, "cfg_drop": False}


def blanked(row):
    """A row that holds nothing of what a plan holds."""
    return replace(row, segments=tuple(replace(s, **BLANK, next_special=None) for s in row.segments))


@QUICK
@given(rows())
def test_a_row_becomes_a_plan_and_the_row_again(row):
    assert unplan(plan_of(row), blanked(row)) == row


@QUICK
@given(rows())
def test_an_image_has_up_to_three_elements_of_which_the_last_one_is_trained_to_go_on(row):
    plan = plan_of(row)
    for n, segment in enumerate(row.segments):
        own = [e for e in plan if e.segment == n]
        assert [e.special for e in own[:-1]] == [None] * (len(own) - 1)
        assert own[-1].special == segment.next_special
        assert sum(e.loss for e in own) == segment.loss
        assert not any(e.loss and e.enable_cfg for e in own)
        if segment.type == "image":
            noised, clean, seen = int(segment.loss), int(segment.vae), int(segment.vit)
            expected = [("vae_image", 1)] * noised + [("vae_image", 0)] * clean + [("vit_image", 0)] * seen
            assert [(e.type, e.loss) for e in own] == expected


def test_an_element_is_what_bagel_reads():
    numbers = {special: n for n, special in enumerate(SPECIAL_TOKENS, start=100)}
    entries = [element.entry(numbers) for element in plan_of(climbed("direct", references=0))]
    assert entries == [
        {"type": "text", "enable_cfg": 1, "loss": 0, "special_token_loss": 1, "special_token_label": 100},
        {"type": "vae_image", "enable_cfg": 0, "loss": 1, "special_token_loss": 0, "special_token_label": None},
        {"type": "vit_image", "enable_cfg": 0, "loss": 0, "special_token_loss": 1, "special_token_label": 101},
        {"type": "text", "enable_cfg": 0, "loss": 1, "special_token_loss": 1, "special_token_label": 102},
    ]


def test_fractions_and_elements_out_of_order_are_refused():
    row = climbed("direct")
    with pytest.raises(RenderProblem, match=r"segments.2: its loss is 0.5"):
        plan_of(reweighted(row, [0, 0, 0.5, 1]))
    plan = list(plan_of(climbed("multistep")))
    at = next(n for n, e in enumerate(plan) if e.loss and e.type == "vae_image")
    plan[at : at + 2] = reversed(plan[at : at + 2])
    with pytest.raises(RenderProblem, match="are no elements of one segment"):
        unplan(plan, climbed("multistep"))
    with pytest.raises(RenderProblem, match="the plan is of segments"):
        unplan(plan[:-1], climbed("multistep"))


def trained_tokens(row):
    rendered = render(row, TINY.grammar, TINY.images)
    return [
        (s.kind, s.index, tuple(rendered.labels[s.start : s.stop]))
        for s in rendered.spans
        if (rendered.labels[s.start : s.stop] != -100).any()
    ]


def without_breaks(trained):
    """Without the break before a text, which is there only where a text stands before it."""
    between = tuple(TINY.grammar.between)
    return [
        (kind, index, ids[len(between) :] if ids[: len(between)] == between else ids) for kind, index, ids in trained
    ]


@QUICK
@given(rows())
def test_single_turns_train_what_the_row_trains_each_once(row):
    turns = decompose(row)
    assert without_breaks([one for turn in turns for one in trained_tokens(turn)]) == without_breaks(
        trained_tokens(row)
    )
    for turn in turns:
        assert unplan(plan_of(turn), blanked(turn)) == turn
        assert {i for s in turn.segments for i in (s.image_index, *s.inputs)} - {-1} == set(range(len(turn.images)))
        assert len({s.kind for s in turn.segments if s.role == "user"}) == 1 + bool(
            row.n_images and "reference" in {s.kind for s in row.segments}
        )


@pytest.mark.parametrize("mode", RECIPE.modes)
def test_a_turn_is_made_from_images_that_it_shows(mode):
    for turn in decompose(climbed(mode, rounds=3, steps=4, references=2)):
        shown = set()
        for segment in turn.segments:
            if segment.kind == "generation" and segment.loss:
                assert set(segment.inputs) <= shown
            shown.add(segment.image_index)
