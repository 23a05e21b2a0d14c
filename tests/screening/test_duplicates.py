"""Rows that repeat an earlier one stay out, those that only resemble one stay, and a run that was killed goes on alike."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BuildError
from pipeline.screening import index
from pipeline.screening.duplicates import similarity
from pipeline.screening.screen import Screen
from pipeline.screening.text import normalise

from .rows import at, encoded, judged, sample, scene, spec

NEAR = {"duplicates": {"exact": True, "near_text": 0.85, "near_images": 3}}
WORDS = tuple("abcdefghijklmnopqrst"[n] + word for n, word in enumerate(("red", "dog", "river", "stone") * 5))


@given(
    texts=st.lists(
        st.sampled_from(["Add a cat", "add a CAT!", "paint it", " paint  it.", "x", "?!", "..."]), max_size=12
    )
)
@settings(max_examples=40)
def test_of_equal_rows_the_first_stays(texts: list[str]) -> None:
    with Screen(spec(duplicates={"exact": True}), None) as screen:
        kept = [text for n, text in enumerate(texts, 1) if judged(screen, text, n) is None]
        assert screen.counts() == ({"duplicate": len(texts) - len(kept)} if len(kept) < len(texts) else {})
    assert [normalise(text) for text in kept] == list(dict.fromkeys(map(normalise, texts)))


def test_a_row_repeats_one_of_another_source_and_says_which() -> None:
    with Screen(spec(duplicates={"exact": True}), None) as screen:
        assert screen.judge(sample("Add a cat.", source="ultraedit"), at(7, "x.parquet")) is None
        dropped = screen.judge(sample("add a cat", source="other"), at(3))
    assert dropped is not None
    assert dropped.detail == "the same instruction and references as row 7 of x.parquet in ultraedit"


def test_near_texts_are_found_and_every_one_that_is_dropped_is_near() -> None:
    draw, found, kept = random.Random(4), 0, []
    with Screen(spec(**NEAR), None) as screen:
        for n in range(400):
            words = draw.choices(WORDS, k=20)
            text, near = " ".join(words), " ".join(words[:19])
            assert judged(screen, text, 2 * n + 1) is None
            kept.append(normalise(text))
            if similarity(normalise(text), normalise(near)) >= 0.85:
                found += judged(screen, near, 2 * n + 2) == "near_duplicate"
        assert found >= 390
        # one word of seven: as far as two prompts of one template are
        assert judged(screen, "a photo of a dog right of a teddy bear", 9001) is None
        assert judged(screen, "a photo of a dog left of a teddy bear", 9002) is None


def test_an_edit_repeats_another_only_where_its_picture_does() -> None:
    one, other = scene(1), scene(2)
    jpeg, scaled = encoded(one, "JPEG", quality=80), encoded(one.resize((200, 150)))
    with Screen(spec(**NEAR), None) as screen:
        assert judged(screen, "make it snowy", 1, encoded(one)) is None
        assert judged(screen, "make it snowy", 2, encoded(other)) is None
        assert judged(screen, "make it rainy today", 3, encoded(one)) is None
        assert judged(screen, "make it snowy", 4, encoded(one)) == "duplicate"
        assert judged(screen, "Make it snowy!", 5, jpeg) == "near_duplicate"
        assert judged(screen, "make it snowy", 6, scaled) == "near_duplicate"
        assert judged(screen, "make it snowy", 7) is None
        assert judged(screen, "make it snowy", 8, encoded(one), encoded(other)) is None


def test_the_same_shapes_in_another_colour_are_another_picture() -> None:
    with Screen(spec(**NEAR), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(scene(3, "#c02020"))) is None
        assert judged(screen, "add a hat", 2, encoded(scene(3, "#2020c0"))) is None


def test_pictures_alone_may_be_near() -> None:
    with Screen(spec(duplicates={"near_images": 3}), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(scene(1))) is None
        assert judged(screen, "add a hat", 2, encoded(scene(1), "JPEG", quality=70)) == "near_duplicate"
        assert judged(screen, "add a hat please", 3, encoded(scene(1))) is None


@pytest.mark.parametrize("recent", [20, index.MOST_RECENT])
def test_a_killed_run_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    draw = random.Random(2)
    texts = [" ".join(draw.choices(WORDS, k=draw.choice((3, 12)))) for _ in range(300)]
    with Screen(spec(**NEAR), None) as screen:
        whole = [judged(screen, text, n) for n, text in enumerate(texts)]
        counts = screen.counts()
    monkeypatch.setattr(index, "MOST_RECENT", recent)
    with Screen(spec(**NEAR), tmp_path) as screen:
        before = [judged(screen, text, n) for n, text in enumerate(texts[:200])]
    with Screen(
        spec(**NEAR), tmp_path
    ) as screen:  # what was planned after row 120 was lost: those rows are judged again
        forgotten = [judged(screen, text, n) for n, text in enumerate(texts) if n >= 120]
        screen.roll_back()
        after = [judged(screen, text, n) for n, text in enumerate(texts) if n >= 120]
        assert [*before[:120], *after] == whole
        assert forgotten == after
        assert screen.counts() == counts
    with pytest.raises(BuildError, match="filled by other screens"):
        Screen(spec(duplicates={"exact": True}), tmp_path)
