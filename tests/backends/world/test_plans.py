"""Plans on scenes alone: whatever is asked, the steps lead there, each over a picture that can be drawn."""

import pytest

from pipeline.backends.world.models.concrete import spell_out, split
from pipeline.backends.world.models.demand import follow
from pipeline.backends.world.models.desk import Desk
from pipeline.backends.world.models.faults import compare
from pipeline.backends.world.models.generator import carry_out
from pipeline.backends.world.models.plans import decompose
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.scenes.perform import apply, perform, starting_scene
from pipeline.backends.world.scenes.scene import Scene, Thing, empty
from tests.backends.world.climber import FLAWLESS, desk_of, drafts


def wrong(desk: Desk, clauses: list[Op] | tuple[Op, ...], image: Scene) -> list[object]:
    """What a judge without error finds."""
    demand = follow(desk, clauses, {}, image)
    shapes = frozenset(t.shape for t in demand.scene.things)
    return list(compare(desk.start, demand, image, shapes, keeps=desk.start != empty()))


@pytest.mark.parametrize(("least", "seed"), [(2, 1), (4, 2)])
def test_steps_lead_to_what_was_asked_however_many_there_must_be(least: int, seed: int) -> None:
    for draft, rng in drafts(250, seed):
        desk = desk_of(draft)
        clauses = [ops.Background("grey"), *draft.clauses] if draft.now.misfit else draft.clauses
        steps = decompose(desk.start, clauses, least, 5, Context(desk.pictures))
        assert least <= len(steps) <= 5
        assert starting_scene(steps[0], desk.pictures) == desk.start  # what the first step is understood to work on
        scene = desk.start
        for step in steps:
            before, scene = scene, carry_out(scene, step, desk.pictures, FLAWLESS, rng)
            assert scene.misfit is None
            assert not wrong(Desk(desk.pictures, before), step, scene), (draft.clauses, step)
        assert not wrong(desk, draft.clauses, scene), (draft.clauses, steps)


def test_every_part_of_a_plan_is_concrete() -> None:
    for draft, _ in drafts(200, 3):
        desk = desk_of(draft)
        for op in spell_out(desk.start, draft.clauses, Context(desk.pictures)):
            assert not isinstance(op, ops.Count | ops.MatchOthers | ops.Later | ops.Push)
            if isinstance(op, ops.Add | ops.AddFrom | ops.Move):
                assert isinstance(op.place, str)
            target = getattr(op, "target", None)
            assert target is None or (target.place and target.look.colour and not target.every)


STAR = Thing("star", "red", "medium", "top left")
SIGN = Thing("sign", "blue", "large", "bottom", text="OPEN")
RING = Thing("ring", "blue", "small", "right")
HERE = Scene.of("mint", (STAR, SIGN, RING), ("center",))
THAT = Selector(Look("star"))
LONE = Scene.of("grey", (Thing("circle", "pink", "large", "center", texture="striped", mark="spot"),))
SINGLE: tuple[Op, ...] = (
    ops.Add(Look("sign", "red", text="42"), "top"),
    ops.Add(Look("candle"), Near("right", THAT)),
    ops.Remove(THAT),
    ops.Remove(Selector(Look("sign"))),
    ops.Replace(THAT, Look("heart")),
    ops.Alter(THAT, Look(colour="blue")),
    ops.Alter(Selector(Look("sign")), Look(text="STOP")),
    ops.Move(THAT, "bottom left"),
    ops.Push(THAT, "right"),
    ops.Swap(THAT, Selector(Look("ring"))),
    ops.Count(Look("star", "red"), 2),
    ops.Background("white"),
    ops.Light("night"),
    ops.Behind(),
    ops.Clean(),
    ops.AddFrom(2, None),
    ops.ReplaceFrom(THAT, 2),
    ops.TransferFrom(THAT, 2, "colour"),
)


@pytest.mark.parametrize("op", SINGLE, ids=lambda op: op.kind)
def test_a_single_clause_can_be_split(op: Op) -> None:
    context = Context((HERE, LONE))
    parts = split(op, HERE, context)
    assert len(parts) >= 2
    assert apply(HERE, parts, context).settled() == perform(HERE, op, context).settled()


def test_the_whole_scene_comes_last_unless_something_could_not_be_seen_until_then() -> None:
    all_three: list[Op] = [ops.Background("cream"), ops.Light("night"), ops.Remove(THAT)]
    late = decompose(HERE, all_three, 2, 5, Context())
    assert [type(step[0]) for step in late] == [ops.Remove, ops.Background, ops.Light]
    pale: list[Op] = [ops.Background("azure"), ops.Add(Look("heart", "white"), "top")]
    early = decompose(empty(), pale, 2, 5, Context())
    assert [type(step[0]) for step in early] == [ops.Background, ops.Add]


def test_a_composition_begins_with_the_first_picture() -> None:
    clauses: list[Op] = [ops.Background("cream"), ops.AddFrom(2, "left"), ops.Light("night"), ops.AddFrom(1, "right")]
    white = LONE.put(Thing("circle", "white", "large", "center", mark="band"))
    steps = decompose(empty(), clauses, 2, 5, Context((LONE, LONE)))
    assert steps[0][0] == ops.AddFrom(1, "right")
    # A white subject cannot stand on the empty canvas: the background is laid in the same step.
    steps = decompose(empty(), clauses, 2, 5, Context((white, white)))
    assert ops.AddFrom(1, "right") in steps[0]
    assert ops.Background("cream") in steps[0]


def test_what_changes_nothing_is_still_a_plan() -> None:
    still = Scene.of("mint", (STAR, RING))
    steps = decompose(still, [ops.Later()], 2, 5, Context())
    assert len(steps) >= 2
    assert apply(still, [op for step in steps for op in step]) == still
