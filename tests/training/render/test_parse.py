"""Answers of models, well formed and not: nothing is raised, and what is wrong is named with its place."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.policy import Policy
from stages.rungs import read_recipe
from tests.training.rows import RECIPE, climbed
from training.render.answer import read_answer
from training.render.parse import answer_of, parse
from training.render.render import render
from training.render.tiny import SIZE, Tiny, special
from training.render.tokenizers import ImageTokens

TINY = Tiny()
G = b"an image"
GOOD = "<Evaluate Instruction>: done ✓\n<Evaluate Quality>: clean ✓"
BAD = "<Evaluate Instruction>: not done ✗\n<Evaluate Quality>: clean ✓"
R = "<Start Reflective Editing>:\n<Failure Analysis>: no hat\n<Improvement Plan>: a hat"
P = "<Start Multi-Step Editing>: little by little\n1. a cat\n2. a hat"


def s(number):
    return f"<Step {number} Instruction>: step {number}"


def read(*parts, **known):
    return read_answer(parts, RECIPE, **known)


def after(*texts):
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("parts", "mode"),
    [
        ([G, GOOD], "direct"),
        ([G, after(BAD, R), G, GOOD], "reflection"),
        ([G, after(BAD, R), G, after(BAD, R), G, after(BAD, R), G, GOOD], "reflection"),
        ([G, after(BAD, P, s(1)), G, GOOD], "multistep"),
        ([G, after(BAD, P, s(1)), G, after(BAD, s(2)), G, GOOD], "multistep"),
        ([G, after(BAD, P, s(1)), G, after(GOOD, s(2)), G, after(GOOD, s(3)), G, GOOD], "multistep"),
        (["I draw.", G, after(BAD, R, "Again,\nslowly."), G, GOOD], "reflection"),
        ([G, BAD, "\n", R, G, GOOD[:20], GOOD[20:]], "reflection"),
    ],
)
def test_a_valid_answer_has_its_mode(parts, mode):
    answer = read(*parts)
    assert (answer.problem, answer.mode) == (None, mode)
    assert len(answer.images) == sum(part is G for part in parts)


@pytest.mark.parametrize(
    ("parts", "letters"),
    [
        ([], ""),
        (["no image at all"], "W"),
        ([G], "G"),
        ([G, BAD], "G-"),
        ([G, G, GOOD], "GG+"),
        ([G, after(GOOD, R), G, GOOD], "G+RG+"),
        ([G, after(BAD, R), G, BAD], "G-RG-"),
        ([G, after(BAD, P), G, GOOD], "G-PG+"),
        ([G, after(BAD, P, s(1)), G, BAD], "G-PSG-"),
        ([G, after(BAD, R), G, after(BAD, R), G, after(BAD, R), G, after(BAD, R), G, GOOD], "G-RG-RG-RG-RG+"),
        ([G, after(BAD, R), G, after(BAD, P, s(2)), G, GOOD], "G-RG-PSG+"),
        ([G, GOOD + "\nthat is all"], "G+W"),
    ],
)
def test_any_other_structure_is_told_by_its_letters(parts, letters):
    answer = read(*parts)
    assert (answer.letters, answer.mode) == (letters, None)
    assert f"{letters or 'nothing'} is no answer; an answer reads G+ or (G-R){{0,2}}G-RG+ or" in answer.problem


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([G, after(BAD, P, s(2)), G, GOOD], "the text after image 1: step 2 stands where step 1 should"),
        (
            [G, after(BAD, R), G, "<Evaluate Instruction>: ok ✓"],
            "the text after image 2: the judgement names instruction; it has",
        ),
        (
            [G, after(BAD, R), G, f"<think>{GOOD}</think>"],
            "the text after image 2: it is in the think dialect, and the answer",
        ),
        (["<Evaluate Quality>: of what", G, GOOD], "the text before the first image: line 1: a judgement names"),
    ],
)
def test_a_text_that_does_not_fit_is_named_with_its_place(parts, problem):
    answer = read(*parts)
    assert answer.problem.startswith(problem)
    assert answer.mode is None
    assert len(answer.images) == sum(part is G for part in parts), (
        "images behind what cannot be read are images all the same"
    )


def test_axes_and_dialect_may_be_known_before():
    assert read(G, GOOD, axes=("instruction", "quality"), dialect="paper").problem is None
    assert (
        "it has to name instruction, consistency, quality"
        in read(G, GOOD, axes=("instruction", "consistency", "quality")).problem
    )
    assert "in the paper dialect, and the answer in the think one" in read(G, GOOD, dialect="think").problem


def test_of_an_image_that_shows_nothing_new_the_instruction_alone_may_be_judged():
    nothing = "<Evaluate Instruction>: Nothing was changed. ✗"
    for axes in (None, ("instruction", "quality")):
        assert read(G, after(nothing, R), G, GOOD, axes=axes).mode == "reflection"
        assert read(G, after(BAD, R), G, after(nothing, R), G, GOOD, axes=axes).mode == "reflection"
        passed = nothing.replace("✗", "✓")
        assert "the judgement names instruction; it has to name" in read(G, after(BAD, R), G, passed, axes=axes).problem
    assert (
        "the judgement names quality; it has"
        in read(G, after("<Evaluate Quality>: dull ✗", R), G, GOOD, axes=("instruction", "quality")).problem
    )


def test_the_ladder_says_what_is_an_answer():
    short = read_recipe(Policy(ladder=("direct", "reflect"), reflection_rounds=1))
    parts = [G, after(BAD, R), G, after(BAD, R), G, GOOD]
    assert read(*parts).mode == "reflection"
    assert read_answer(parts, short).problem == "G-RG-RG+ is no answer; an answer reads G+ or (G-R){0,0}G-RG+"


@cache
def tokens_of(mode="multistep", **changes):
    row = climbed(mode, **changes)
    rendered = render(row, TINY.grammar, TINY.images)
    return answer_of(rendered.input_ids, TINY.grammar)


def test_an_image_is_decoded_only_where_it_is_asked_for():
    ids = tokens_of("direct")
    kept, decoded = parse(ids, None, TINY.grammar), parse(ids, TINY.images, TINY.grammar)
    assert isinstance(kept.images[0], ImageTokens)
    assert TINY.images.encode(decoded.images[0]) == kept.images[0]


def test_an_image_that_cannot_be_decoded_stays_tokens():
    class Strict(type(TINY.images)):
        def decode(self, tokens):
            raise ValueError("too small")

    answer = parse(tokens_of("direct"), Strict(), TINY.grammar)
    assert answer.problem == "token 0: the image that begins here cannot be decoded (too small)"
    assert (answer.letters, isinstance(answer.images[0], ImageTokens)) == ("G+", True)


def test_what_follows_the_end_is_padding():
    ids = tokens_of("direct")
    assert parse([*ids, special("<pad>"), special("<line>")], None, TINY.grammar).problem is None


BREAKS = {
    "cut in a text": (lambda ids: ids[:-20], "the answer is not ended"),
    "cut in an image": (lambda ids: ids[:8], "token 8: line 2 of an image of 3*2 has 0 tokens of 2"),
    "no size": (lambda ids: [ids[0], *ids[4:]], "token 0: an image begins without a size"),
    "another size": (
        lambda ids: [*ids[:1], ord("4"), *ids[2:]],
        "token 14: line 4 of an image of 4*2 has 0 tokens of 2",
    ),
    "a size of nought": (lambda ids: [*ids[:1], ord("0"), *ids[2:]], "token 0: an image begins without a size"),
    "a line too long": (
        lambda ids: [*ids[:7], ids[6], *ids[7:]],
        "token 7: the end of line 1 of an image of 3*2 is expected, and",
    ),
    "a text within": (lambda ids: [*ids[:6], 65, *ids[7:]], "token 6: line 1 of an image of 3*2 has 1 tokens of 2"),
    "a colour outside": (
        lambda ids: [*ids[:20], SIZE - 1, *ids[20:]],
        "token 20: <colour 63> stands outside of any image",
    ),
    "a turn within": (
        lambda ids: [*ids[:20], special("<user>"), *ids[20:]],
        "token 20: <user> stands outside of any image",
    ),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_tokens_that_break_off_are_named_with_their_place(kind):
    broken, problem = BREAKS[kind]
    answer = parse(broken(tokens_of()), TINY.images, TINY.grammar)
    assert problem in answer.problem
    assert answer.mode is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, SIZE - 1), max_size=80), st.integers(0, 300), st.integers(0, 60))
def test_no_tokens_raise(noise, at, gone):
    ids = tokens_of("reflection")
    mixed = [*ids[:at], *noise, *ids[at + gone :]]
    answer = parse(np.array(mixed), TINY.images, TINY.grammar)
    assert (answer.problem is None) == (answer.mode is not None)
    assert answer.letters.count("G") <= len(answer.images)
    if not noise and not gone:
        assert answer.mode == "reflection"


def test_a_text_that_holds_a_token_of_the_grammar_is_refused():
    row = climbed("direct")

    class Careless(type(TINY.text)):
        def encode(self, text):
            return TINY.text.encode_marked(text)

    grammar = replace(TINY.grammar, text=Careless())
    marked = replace(
        row, segments=tuple(replace(x, text="<end>") if x.kind == "instruction" else x for x in row.segments)
    )
    with pytest.raises(ValueError, match=r"segments.1: its text holds the token <end>"):
        render(marked, grammar, TINY.images)
