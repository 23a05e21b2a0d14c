"""Leak groups are whole, do not depend on the order of samples, and are split by their name alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.manifest.spec import Splits
from pipeline.planning import leaks, samples
from pipeline.screening.text import normalise
from stages.records import Checker, ImageRef, Sample

from .tables import climbing_trajectories, make_plan, table, write_jsonl


def sample(row_id: int, text: str, images: tuple[int, ...]) -> Sample:
    return samples.make(
        source="s",
        row_id=str(row_id),
        instruction=text,
        explanation=None,
        references=[ImageRef(f"{n:064d}", 8, 8, "PNG") for n in images],
        first=None,
        task="t2i",
        category=None,
        size=(64, 64),
        licence="other",
        checker=Checker(),
    )


TEXTS = st.sampled_from(["Add a cat", "add a CAT!", "paint it", "  add   a cat", "?!", "...", "Straße", "STRASSE", "x"])
ROWS = st.lists(st.tuples(TEXTS, st.lists(st.integers(0, 12), max_size=3).map(tuple)), max_size=25)


@given(rows=ROWS, seed=st.integers(0, 5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_groups_are_whole_least_and_independent_of_order(
    rows: list[tuple[str, tuple[int, ...]]], seed: int, data: st.DataObject
) -> None:
    made = [sample(n, text, images) for n, (text, images) in enumerate(rows)]
    splits = Splits(validation=0.3, rl=0.3)
    placed = leaks.assign(made, seed, splits)
    shuffled = leaks.assign(data.draw(st.permutations(made)), seed, splits)
    assert sorted(placed, key=lambda s: s.id) == sorted(shuffled, key=lambda s: s.id)

    def are_linked(a: Sample, b: Sample) -> bool:
        if a.references or b.references:
            return bool(set(a.references) & set(b.references))
        return normalise(a.instruction) == normalise(b.instruction)

    reach = {s.id: {s.id} for s in placed}  # a slow reference: spread until nothing changes
    for _ in placed:
        for a in placed:
            for b in placed:
                if are_linked(a, b):
                    reach[a.id] |= reach[b.id]
    for a in placed:
        assert {b.id for b in placed if b.leak_group == a.leak_group} == reach[a.id]
        assert {b.split for b in placed if b.leak_group == a.leak_group} == {a.split}
        assert a.climb == ("direct" if a.split == "rl" else "full")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Add a cat.", "add  a\ncat", True),
        ("ＡＤＤ a cat", "add a cat", True),
        ("Straße", "STRASSE", True),
        ("add_a-cat", "add a cat", True),
        ("?!", "...", False),
        ("make 1 cat", "make 2 cats", False),
        ("加一只猫", "加一只狗", False),
    ],
)
def test_normal_text(one: str, other: str, same: bool) -> None:
    assert (normalise(one) == normalise(other)) is same


def test_shares_are_met_and_the_seed_matters() -> None:
    splits = Splits(validation=0.1, rl=0.3, rl_climb="none")
    made = [sample(n, f"text {n}", ()) for n in range(4000)]
    placed = leaks.assign(made, 1, splits)
    counts = {split: sum(s.split == split for s in placed) for split in ("train", "validation", "rl")}
    assert abs(counts["validation"] - 400) < 100  # five standard deviations
    assert abs(counts["rl"] - 1200) < 150
    assert {s.climb for s in placed if s.split == "rl"} == {"none"}
    assert [s.split for s in placed] != [s.split for s in leaks.assign(made, 2, splits)]
    assert [replace(s, split="train", climb="full", leak_group="") for s in placed] == made


def test_groups_reach_over_sources(tmp_path: Path) -> None:
    one = table(write_jsonl(tmp_path / "a.jsonl", [{"prompt": "Add a cat"}]))
    other = table(write_jsonl(tmp_path / "b.jsonl", [{"prompt": "add a cat!"}])) | {"name": "other"}
    first, second = climbing_trajectories(make_plan(tmp_path, one, other))
    assert first.sample.id != second.sample.id
    assert first.sample.leak_group == second.sample.leak_group
