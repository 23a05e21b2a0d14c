"""The world's README tells the truth: every sub-category with an instruction that is one, every word of the vocabulary."""

import re
from pathlib import Path

import pytest

from pipeline.backends.world.scenes import looks
from pipeline.backends.world.tasks.categories import CATEGORIES, category
from pipeline.backends.world.words.reading import parse

WORLD = Path(__file__).parents[3] / "pipeline" / "backends" / "world"
TEXT = (WORLD / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\| [^|`]+ \| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE)


def test_every_sub_category_has_its_line_and_no_other() -> None:
    assert [name for name, _ in EXAMPLES] == list(CATEGORIES)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_is_an_instruction_of_its_sub_category(name: str, example: str) -> None:
    assert category(parse(example)[0]) == name


def test_examples_of_new_pictures_are_understood() -> None:
    photos = re.findall(r'"(a photo of [^"]+)"', TEXT)
    assert len(photos) == 6
    assert [op.kind for text in photos for op in parse(text) if op.kind not in ("add", "count")] == []


def test_the_whole_vocabulary_is_told() -> None:
    documented = set(re.findall(r"\w+", TEXT.split("## What can be asked")[0]))
    things = {*looks.SHAPES, *looks.EXOTIC_SHAPES, *looks.COLOURS, *looks.SIZES, *looks.TEXTURES, *looks.MARKS}
    assert {*things, *looks.BACKGROUNDS, *looks.TONES, *looks.FACINGS} <= documented


def test_its_pictures_are_there_and_small() -> None:
    paths = re.findall(r"\]\((pictures/[\w.]+)\)", TEXT)
    assert len(paths) == 2
    assert all((WORLD / name).stat().st_size < 100_000 for name in paths)
