"""Token estimates, against the figures that were measured with the trainers, and against rendered rows."""

import pytest

from tests.training.rows import climbed
from training.render.bagel import plan_of
from training.render.estimates import (
    BAGEL_CAP,
    bagel_image_tokens,
    estimate,
    image_tokens_at,
    largest_size,
)
from training.render.rendered import RenderProblem

LARGE = (1024, 1024)
MARKS = 2
"""Special tokens around each of BAGEL's elements."""


def test_bagels_elements_are_those_that_were_measured():
    vae, vit = bagel_image_tokens("vae_image", LARGE) - MARKS, bagel_image_tokens("vit_image", LARGE) - MARKS
    assert (vae, vit) == (4096, 1369)
    assert 2 * vae + vit == 9561, "an intermediate image: noised, clean and seen"


def test_bagel_skips_two_steps_at_1024_and_takes_them_smaller():
    row = climbed("multistep", steps=2)
    assert estimate(row, "bagel", LARGE).tokens > BAGEL_CAP
    size = largest_size([row], "bagel", BAGEL_CAP)
    assert estimate(row, "bagel", size).tokens <= BAGEL_CAP < estimate(row, "bagel", (size[0] * 2, size[1] * 2)).tokens


def test_bagels_images_are_those_of_its_plan():
    row = climbed("reflection", rounds=2, references=2)
    elements = [e for e in plan_of(row) if e.type != "text"]
    assert estimate(row, "bagel", LARGE).images == sum(bagel_image_tokens(e.type, LARGE) for e in elements)


def test_emu_images_are_lines_with_their_ends():
    assert image_tokens_at("emu3", (512, 512)) == 64 * 65 + len("64*64") + 4
    assert image_tokens_at("emu3", (16, 16)) == image_tokens_at("emu3", (512, 512)), (
        "its processor makes small ones larger"
    )
    assert image_tokens_at("emu3.5", LARGE) == 64 * 65 - 1 + len("64*64") + 3
    assert image_tokens_at("emu3.5", (64, 64)) == image_tokens_at("emu3.5", LARGE), "its code brings all to one area"


def test_texts_are_counted_where_a_tokenizer_counts():
    row = climbed("direct")
    words = sum(len((s.text or "").split()) for s in row.segments)
    exact = estimate(row, "emu3.5", count=lambda text: len(text.split()))
    assert 0 < exact.texts - words < 50
    assert exact.tokens == exact.images + exact.texts


def test_a_row_that_no_size_makes_small_enough_is_named():
    row = climbed("multistep", steps=5)
    with pytest.raises(
        RenderProblem, match=f"row {row.id}: it takes [0-9]+ tokens with emu3 at any size, and the cap is 9000"
    ):
        largest_size([climbed("direct"), row], "emu3", 9000)
    assert largest_size([], "emu3", 9000) == LARGE
