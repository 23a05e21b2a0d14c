"""Rows: one reading each, reachable by words, by clauses one at a time, and by plans."""

import pytest
from pydantic import ValidationError

from pipeline.world import ops
from pipeline.world.plans import decompose, split
from pipeline.world.reading import parse
from pipeline.world.scene import Scene, empty
from pipeline.world.source import WorldRow, WorldSpec, row, rows
from pipeline.world.truth import is_right
from pipeline.world.vision import see

SPEC = WorldSpec(kind="world", name="w", count=150, clauses=dict.fromkeys(range(1, 7), 1.0), exotic=0.15)


@pytest.fixture(scope="module")
def sample() -> list[WorldRow]:
    return list(rows(SPEC, 20_260))


def start(of: WorldRow) -> Scene:
    return see(of.reference) if of.reference else empty()


def test_words_and_pixels_lead_to_the_target(sample: list[WorldRow]) -> None:
    for one in sample:
        clauses = parse(one.instruction)
        assert len(clauses) == one.truth.clauses
        assert ops.apply(start(one), clauses) == one.truth.target
        assert (one.explanation is not None) == one.truth.exotic
        assert one.reference is None or not is_right(one.reference, one.truth)


def test_plans_lead_to_the_target_in_as_many_steps_as_asked(sample: list[WorldRow]) -> None:
    for one in sample:
        scene, clauses = start(one), parse(one.instruction)
        for least, most in ((2, 5), (2, 2), (5, 5)):
            steps = decompose(scene, clauses, least, most)
            assert least <= len(steps) <= most, (one.instruction, steps)
            assert all(steps)
            done = ops.apply(scene, [op for step in steps for op in step])
            assert done.settled() == one.truth.target.settled(), (one.instruction, steps)
            if any(isinstance(op, ops.Background) for op in clauses) and len(clauses) > 1:
                assert isinstance(steps[-1][-1], ops.Background)


def test_splitting_changes_nothing(sample: list[WorldRow]) -> None:
    for one in sample:
        scene = start(one)
        for op in parse(one.instruction):
            parts, after = split(op, scene), ops.perform(scene, op)
            assert len(parts) > 1
            assert ops.apply(scene, parts).settled() == after.settled()
            scene = after


def test_a_row_depends_on_seed_and_index_alone(sample: list[WorldRow]) -> None:
    assert row(SPEC, 20_260, 77) == sample[77]
    assert row(SPEC, 20_261, 77) != sample[77]
    assert sample[77].row_id == "00077"


def test_all_kinds_of_tasks_come_up(sample: list[WorldRow]) -> None:
    kinds = {one.category for one in sample}
    assert kinds == {
        "addition", "removal", "replacement", "color", "size", "count", "spatial_arrangement", "background",
        "text_to_image",
    }  # fmt: skip
    for one in sample:
        found = sum(part["count"] for part in one.checker_spec["include"])
        assert found == len(one.truth.target.things) <= 8


@pytest.mark.parametrize("wrong", [{"sise": 3}, {"t2i": 2}, {"clauses": {7: 1}}, {"clauses": {1: 0}}, {"size": 40}])
def test_a_wrong_spec_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorldSpec.model_validate({"kind": "world", "name": "w", "count": 1} | wrong)


def test_non_square_canvases() -> None:
    one = row(SPEC.model_copy(update={"size": (320, 192), "t2i": 0.0}), 1, 0)
    assert (one.width, one.height) == (320, 192)
    assert ops.apply(start(one), parse(one.instruction)) == one.truth.target
