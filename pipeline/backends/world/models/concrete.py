"""An op said so plainly that nothing is left open. In: a scene, an op, its context. Out: ops with the same result.

Every thing is named in full with its place, every new thing has a place, numbers become single things, and physics become what
goes where. What is taken from a picture is still taken from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.backends.world.models.demand import Demand
from pipeline.backends.world.models.faults import compare, remedies
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, exact, find, find_all, full
from pipeline.backends.world.scenes.looks import BACKGROUNDS, SIZES, TONES
from pipeline.backends.world.scenes.ops import Look, Op
from pipeline.backends.world.scenes.perform import Context, apply, perform, turned
from pipeline.backends.world.scenes.scene import Scene, Thing

InPlace = ops.Remove | ops.Replace | ops.Alter | ops.Complete | ops.Turn | ops.ReplaceFrom | ops.TransferFrom


def difference(before: Scene, after: Scene) -> list[Op]:
    """Plain ops that lead from one scene to another, one for each thing, background and light."""
    return remedies(compare(before, Demand((), after, frozenset(), {}, ()), before, _shapes(after), keeps=True))


def _shapes(scene: Scene) -> frozenset[str]:
    return frozenset(t.shape for t in scene.things)


def spelled(op: Op, scene: Scene, context: Context) -> list[Op]:
    """The op in plain parts. Raises Unresolved when it does not fit the scene."""
    after = perform(scene, op, context)
    match op:
        case ops.AddFrom():
            new = next(t for t in after.things if scene.at(t.place) is None)
            return [replace(op, place=new.place)]
        case ops.Swap(target, other):
            return [ops.Swap(exact(find(scene, target)), exact(find(scene, other)))]
        case ops.Move(target):
            old = find(scene, target)
            place = next((t.place for t in after.things if scene.at(t.place) is None), old.place)
            return [ops.Move(exact(old), place)]
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
            return [_exactly(op, thing, after) for thing in find_all(scene, op.target)]
    return difference(scene, after)


def _exactly(op: InPlace, thing: Thing, after: Scene) -> Op:
    """The op done to this thing alone."""
    new = after.at(thing.place)
    match op:
        case ops.Replace() if new is not None:
            return ops.Replace(exact(thing), full(new))
        case ops.Turn(_, to):
            return ops.Turn(exact(thing), turned(thing, to))  # type: ignore[arg-type]
        case _:
            return replace(op, target=exact(thing))


def spelled_out(scene: Scene, clauses: Sequence[Op], context: Context) -> list[Op]:
    """All clauses in plain parts, each as things are by its turn. Raises Unresolved."""
    parts: list[Op] = []
    for op in clauses:
        parts += spelled(op, scene, context)
        scene = perform(scene, op, context)
    return parts


def split(op: Op, scene: Scene, context: Context) -> list[Op]:
    """Two ops or more with the same result as this one."""
    after = perform(scene, op, context)
    if isinstance(op, ops.Count) and len(parts := difference(scene, after)) == 1:
        return split(parts[0], scene, context)
    for way in (lambda *_: difference(scene, after), _in_stages, _anew):
        if len(parts := way(op, scene, after)) > 1 and _leads(scene, parts, after, context):
            return parts
    return [op, idle(after)]


def _leads(scene: Scene, parts: Sequence[Op], after: Scene, context: Context) -> bool:
    try:
        return apply(scene, parts, context).settled() == after.settled()
    except Unresolved:
        return False


def idle(scene: Scene) -> Op:
    """A step that changes nothing."""
    return ops.Background(scene.background)


def _in_stages(op: Op, scene: Scene, after: Scene) -> list[Op]:
    """By way of something else: another size, background or light."""
    match op:
        case ops.Background():
            return [ops.Background(_way(list(BACKGROUNDS), lambda b: not scene.on(b).misfit, op.colour)), op]
        case ops.Light():
            return [ops.Light(_way(list(TONES), lambda _: True, op.tone)), op]
        case ops.Add():
            new = next(t for t in after.things if scene.at(t.place) is None)
            first = replace(new, size=_size(new))
            return [ops.Add(full(first), new.place), ops.Alter(exact(first), Look(size=new.size))]
        case ops.Remove(target):
            old = find(scene, target)
            shrunk = replace(old, size=_size(old))
            return [ops.Alter(exact(old), Look(size=shrunk.size)), ops.Remove(exact(shrunk))]
    return []


def _size(thing: Thing) -> str:
    return _way(list(SIZES), lambda size: not replace(thing, size=size).misfit, thing.size)


def _way(options: Sequence[str], fits: Callable[[str], bool], end: str) -> str:
    """An option that fits and is not where it ends; the end itself where there is none."""
    return next((o for o in options if o != end and fits(o)), end)


def _anew(op: Op, scene: Scene, after: Scene) -> list[Op]:
    """Take the thing away, and put another into its place."""
    if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom):
        return []
    gone = [t for t in scene.things if after.at(t.place) is None or after.at(t.place) != t]
    new = [t for t in after.things if scene.at(t.place) != t]
    return [*(ops.Remove(exact(t)) for t in gone), *(ops.Add(full(t), t.place) for t in new)]
