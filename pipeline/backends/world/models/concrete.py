"""Replace an op by ops that leave nothing open. In: a scene, an op, its context. Out: ops with the same result.

Every thing is named in full with its place, every new thing has a place, counts become single things, and physics becomes
moves and changes. A thing borrowed from a picture is still borrowed from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.backends.world.models.demand import DemandedScene
from pipeline.backends.world.models.faults import compare, remedies
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved, exact_selector, find, find_all, full_look
from pipeline.backends.world.scenes.looks import BACKGROUNDS, SIZES, TONES
from pipeline.backends.world.scenes.ops import Look, Op
from pipeline.backends.world.scenes.perform import apply, facing_after_turn, perform
from pipeline.backends.world.scenes.scene import Scene, Thing

InPlace = ops.Remove | ops.Replace | ops.Alter | ops.Complete | ops.Turn | ops.ReplaceFrom | ops.TransferFrom


def difference(before: Scene, after: Scene) -> list[Op]:
    """Concrete ops that lead from one scene to another, one for each thing, background and light."""
    return remedies(compare(before, DemandedScene((), after, frozenset(), {}, ()), before, _shapes(after), keeps=True))


def _shapes(scene: Scene) -> frozenset[str]:
    return frozenset(t.shape for t in scene.things)


def spell_out_one(op: Op, scene: Scene, context: Context) -> list[Op]:
    """One op as concrete ops. Raises Unresolved when it does not fit the scene."""
    after = perform(scene, op, context)
    match op:
        case ops.AddFrom():
            new = next(t for t in after.things if scene.at(t.place) is None)
            return [replace(op, place=new.place)]
        case ops.Swap(target, other):
            return [ops.Swap(exact_selector(find(scene, target)), exact_selector(find(scene, other)))]
        case ops.Move(target):
            old = find(scene, target)
            place = next((t.place for t in after.things if scene.at(t.place) is None), old.place)
            return [ops.Move(exact_selector(old), place)]
        case ops.Background() | ops.Light() | ops.Behind() | ops.Clean():
            return [op]
        case (
            ops.Remove()
            | ops.Replace()
            | ops.Alter()
            | ops.Complete()
            | ops.Turn()
            | ops.ReplaceFrom()
            | ops.TransferFrom()
        ):
            return [_aim_at(op, thing, after) for thing in find_all(scene, op.target)]
    return difference(scene, after)


def _aim_at(op: InPlace, thing: Thing, after: Scene) -> Op:
    """The op with this thing as its only target."""
    new = after.at(thing.place)
    match op:
        case ops.Replace() if new is not None:
            return ops.Replace(exact_selector(thing), full_look(new))
        case ops.Turn(_, to):
            return ops.Turn(exact_selector(thing), facing_after_turn(thing, to))  # type: ignore[arg-type]
        case _:
            return replace(op, target=exact_selector(thing))


def spell_out(scene: Scene, clauses: Sequence[Op], context: Context) -> list[Op]:
    """All clauses as concrete ops, each for the scene after those before it. Raises Unresolved."""
    parts: list[Op] = []
    for op in clauses:
        parts += spell_out_one(op, scene, context)
        scene = perform(scene, op, context)
    return parts


def split(op: Op, scene: Scene, context: Context) -> list[Op]:
    """Two ops or more with the same result as this one."""
    after = perform(scene, op, context)
    if isinstance(op, ops.Count) and len(parts := difference(scene, after)) == 1:
        return split(parts[0], scene, context)
    for way in (lambda *_: difference(scene, after), _in_stages, _remove_and_add):
        if len(parts := way(op, scene, after)) > 1 and _leads_to(scene, parts, after, context):
            return parts
    return [op, idle_step(after)]


def _leads_to(scene: Scene, parts: Sequence[Op], after: Scene, context: Context) -> bool:
    try:
        return apply(scene, parts, context).settled() == after.settled()
    except Unresolved:
        return False


def idle_step(scene: Scene) -> Op:
    """A step that changes nothing."""
    return ops.Background(scene.background)


def _in_stages(op: Op, scene: Scene, after: Scene) -> list[Op]:
    """The op by way of an intermediate size, background or light."""
    match op:
        case ops.Background():
            return [ops.Background(_other_option(list(BACKGROUNDS), lambda b: not scene.on(b).misfit, op.colour)), op]
        case ops.Light():
            return [ops.Light(_other_option(list(TONES), lambda _: True, op.tone)), op]
        case ops.Add():
            new = next(t for t in after.things if scene.at(t.place) is None)
            first = replace(new, size=_other_size(new))
            return [ops.Add(full_look(first), new.place), ops.Alter(exact_selector(first), Look(size=new.size))]
        case ops.Remove(target):
            old = find(scene, target)
            shrunk = replace(old, size=_other_size(old))
            return [ops.Alter(exact_selector(old), Look(size=shrunk.size)), ops.Remove(exact_selector(shrunk))]
    return []


def _other_size(thing: Thing) -> str:
    return _other_option(list(SIZES), lambda size: not replace(thing, size=size).misfit, thing.size)


def _other_option(options: Sequence[str], fits: Callable[[str], bool], end: str) -> str:
    """The first option other than `end` that fits; `end` when there is none."""
    return next((o for o in options if o != end and fits(o)), end)


def _remove_and_add(op: Op, scene: Scene, after: Scene) -> list[Op]:
    """The changed things removed, and then added with their new looks and places."""
    if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom):
        return []
    gone = [t for t in scene.things if after.at(t.place) is None or after.at(t.place) != t]
    new = [t for t in after.things if scene.at(t.place) != t]
    return [*(ops.Remove(exact_selector(t)) for t in gone), *(ops.Add(full_look(t), t.place) for t in new)]
