"""Leak groups tie what tells the same, and a generic instruction over many pictures does not swallow them."""

import json
from collections import Counter

from pipeline.planning import leaks
from pipeline.screening.text import normalise
from stages.identity import digest
from stages.records import ImageRef, Sample
from tests.sources.tables import shared_data

from .rows import sample


def kris() -> list[Sample]:
    rows = json.loads((shared_data() / "kris_bench.json").read_text("utf-8"))
    return [
        sample(row["ins_en"], *(picture(f"{row['type']}/{name}") for name in names(row["ori_img"])), row=n)
        for n, row in enumerate(rows)
    ]


def names(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def picture(name: str) -> ImageRef:
    return ImageRef(digest(name), 64, 64, "JPEG")


def test_rows_of_kris_bench_are_tied_by_their_pictures_alone() -> None:
    made = kris()
    groups = leaks.name_groups(made)
    sizes = Counter(groups.values())
    assert len(made) == 1267
    assert max(sizes.values()) <= 12  # by text it was 72
    by_picture: dict[str, set[str]] = {}
    for one in made:
        for image in one.references:
            by_picture.setdefault(image.sha256, set()).add(groups[one.id])
    assert all(len(tied) == 1 for tied in by_picture.values())
    most_said, count = Counter(normalise(one.instruction) for one in made).most_common(1)[0]
    assert count == 30
    assert len({groups[one.id] for one in made if normalise(one.instruction) == most_said}) >= 10


def test_prompts_without_pictures_are_tied_by_their_text() -> None:
    one, other, edit = (
        sample("Add a cat!", row=1),
        sample("add a  cat", row=2),
        sample("add a cat", picture("x"), row=3),
    )
    groups = leaks.name_groups([one, other, edit])
    assert groups[one.id] == groups[other.id] != groups[edit.id]
