"""Rows: the words lead to the target, the pictures show where it starts, and every kind of task comes up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from pipeline.backends.world.oracle.truth import Truth, is_right
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.looks import EXOTIC_SHAPES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import apply, settle_background, starting_scene
from pipeline.backends.world.scenes.physics import LAWS
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.scenes.terms import resolve_terms, terms
from pipeline.backends.world.sight.vision import see
from pipeline.backends.world.source import WorldRow, WorldSpec, row, rows
from pipeline.backends.world.tasks.categories import CATEGORIES
from pipeline.backends.world.words.reading import facts, parse

SPEC = WorldSpec(kind="world", name="w", count=170, clauses=dict.fromkeys(range(1, 7), 1.0), exotic=0.15, terms=0.2)
SEEDS = (20_260, 3, 4)


@pytest.fixture(scope="module")
def sample() -> list[WorldRow]:
    small = SPEC.model_copy(update={"size": 96})  # of most rows the words alone are looked at
    return [*rows(SPEC, SEEDS[0]), *(one for seed in SEEDS[1:] for one in rows(small, seed))]


def understood(row: WorldRow) -> list[Op]:
    term_colours = facts(row.explanation or "")
    return [resolve_terms(op, term_colours) for op in parse(row.instruction)]


def result_of(clauses: Sequence[Op], pictures: tuple[Scene, ...]) -> Scene:
    start, context = starting_scene(clauses, pictures), Context(pictures)
    return settle_background(apply(start, clauses, context), clauses, start, context)


def test_the_words_lead_to_the_target(sample: list[WorldRow]) -> None:
    for one in sample:
        truth, clauses = one.truth, understood(one)
        assert len(clauses) == truth.count, one.instruction
        assert starting_scene(clauses, truth.pictures) == truth.start
        assert result_of(clauses, truth.pictures) == truth.target, one.instruction
        assert truth.target.misfit is None


def test_the_pictures_show_where_it_starts(sample: list[WorldRow]) -> None:
    for one in sample[: SPEC.count]:
        truth = one.truth
        assert len(one.references) == len(truth.pictures)
        assert one.task == ("t2i", "edit", "compose")[min(len(one.references), 2)]
        for image, scene in zip(one.references, truth.pictures, strict=True):
            assert see(image).settled() == scene.settled()
        if one.task == "edit":
            assert not is_right(one.references[0], truth)
        assert Truth.load(truth.dump()) == truth


def test_an_explanation_stands_where_something_needs_one(sample: list[WorldRow]) -> None:
    needed: Counter[str] = Counter()
    for one in sample:
        kinds, spoken_terms = {op.kind for op in one.truth.clauses}, terms(parse(one.instruction))
        shapes = {t.shape for t in one.truth.target.things}
        why = {
            "exotic": bool(shapes & set(EXOTIC_SHAPES)),
            "term": bool(spoken_terms),
            "push": "push" in kinds,
            "later": "later" in kinds,
        }
        assert (one.explanation is not None) == any(why.values())
        assert one.truth.exotic == why["exotic"]
        assert set(facts(one.explanation or "")) == spoken_terms
        if why["later"]:
            assert all(law in (one.explanation or "").lower() for shape, law in LAWS.items() if shape in shapes)
        needed.update(name for name, is_so in why.items() if is_so)
    assert set(needed) == {"exotic", "term", "push", "later"}


def test_a_row_depends_on_seed_and_index_alone(sample: list[WorldRow]) -> None:
    assert row(SPEC, SEEDS[0], 77) == sample[77]
    assert row(SPEC, SEEDS[0] + 1, 77) != sample[77]
    assert sample[77].row_id == "00077"


def test_another_writer_words_the_same_tasks(sample: list[WorldRow]) -> None:
    def terse(clauses: Sequence[Op], rng: np.random.Generator, picture: bool = False) -> str:
        return f"{len(clauses)} {picture}"

    for i in range(20):
        other, one = row(SPEC, SEEDS[0], i, terse), sample[i]
        assert other.instruction == f"{one.truth.count} {one.task == 't2i'}"
        assert replace(other, instruction=one.instruction) == one


def test_all_kinds_of_tasks_come_up_about_evenly() -> None:
    spec = WorldSpec(kind="world", name="w", count=600, size=96)
    samples = list(rows(spec, 7))
    kinds = Counter(one.category for one in samples)
    assert set(kinds) == {*CATEGORIES, "text_to_image"}
    assert all(20 <= kinds[name] <= 25 for name in CATEGORIES), kinds
    assert 148 <= kinds["text_to_image"] <= 152
    causes = Counter(one.truth.cause for one in samples)
    assert 0.42 < causes["prompt_too_complex"] / len(samples) < 0.58
    assert causes["rendering_limit"] > causes["missing_knowledge"] > 20
    assert {len(one.truth.pictures) for one in samples if one.task == "compose"} == {2, 3}


def test_the_demo_shows_every_sub_category_three_times() -> None:
    demo = yaml.safe_load((Path(__file__).parents[3] / "manifests" / "demo.yaml").read_text("utf-8"))
    (source,) = demo["sources"]
    spec = WorldSpec.model_validate(source | {"size": 96})
    kinds = Counter(one.category for one in rows(spec, demo["seed"]))
    assert spec.count == 240
    assert [name for name in (*CATEGORIES, "text_to_image") if kinds[name] < 3] == []


def test_a_checker_asks_for_what_was_said_and_no_more(sample: list[WorldRow]) -> None:
    for one in sample:
        spec, target = one.checker_spec, one.truth.target
        assert sum(part["count"] for part in spec["include"]) == len(target.things) <= 8
        assert spec.get("background", target.background) == target.background
        unplaced = [part for part in spec["include"] if "position" not in part]
        assert not unplaced or one.truth.loose
        assert ("background" in spec) == (
            one.truth.start.things != () or "background" in {o.kind for o in one.truth.clauses}
        )


WRONG: list[dict[str, object]] = [
    {"sise": 3},
    {"t2i": 2},
    {"clauses": {7: 1}},
    {"clauses": {1: 0}},
    {"size": 40},
    {"categories": {"style": 1}},
    {"categories": {"text": -1}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_spec_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorldSpec.model_validate({"kind": "world", "name": "w", "count": 1} | wrong)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"categories": {"style": 1}}, "'style' is no sub-category of the world; take addition, "),
        ({"categories": {"text": 1}}, "none of composition, .* compose is 0.15; give one, or set compose to 0"),
        ({"categories": {"composition": 1}}, "none of addition, .* give one, or set compose to 1"),
        ({"categories": {"text": 0}, "compose": 0}, "none of addition, .* compose is 0; give one"),
    ],
)
def test_categories_are_checked_in_one_line(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as caught:
        WorldSpec.model_validate({"kind": "world", "name": "w", "count": 1} | fields)
    assert len(caught.value.errors()) == 1


def test_weights_of_categories_are_heeded() -> None:
    spec = WorldSpec(kind="world", name="w", count=40, t2i=0, compose=0, size=96, categories={"text": 3, "count": 1})
    assert set(Counter(one.category for one in rows(spec, 1))) == {"text", "count"}
    spec = WorldSpec(kind="world", name="w", count=20, t2i=0, compose=1, size=96, categories={"composition": 1})
    assert {one.category for one in rows(spec, 1)} == {"composition"}
    assert not list(rows(WorldSpec(kind="world", name="w", count=0, t2i=1, categories={}), 1))


def test_non_square_canvases() -> None:
    one = row(SPEC.model_copy(update={"size": (320, 192), "t2i": 0.0}), 1, 0)
    assert (one.width, one.height) == (320, 192)
    assert see(one.references[0]).settled() == one.truth.pictures[0].settled()
