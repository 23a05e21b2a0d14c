"""What the words demand. In: the desk, the clauses, an explanation's facts. Out: the scene that they lead to, as a `Demand`.

Where the words leave a choice open, the canvas makes it. A demand remembers which cells need knowledge to get right, and which
hold what was taken from another picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.backends.world.models.desk import Desk
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, PLACES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import Context, grounded, perform
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.scenes.terms import plain, terms


@dataclass(frozen=True, slots=True)
class Demand:
    """The clauses in plain colours, and the scene that they demand.

    `taught`: places where physics or a colour term decided. `taken`: places that hold what came from a picture, and its
    number. `misfits`: clauses that cannot be followed, by name, with the reason.
    """

    clauses: tuple[Op, ...]
    scene: Scene
    taught: frozenset[str]
    taken: Mapping[str, int]
    misfits: tuple[tuple[str, str], ...]


def differing(one: Scene, two: Scene) -> frozenset[str]:
    """The places at which two scenes do not show the same thing."""
    return frozenset(p for p in PLACES if _look(one, p) != _look(two, p))


def _look(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing.look if thing else None


def follow(desk: Desk, clauses: Sequence[Op], facts: Mapping[str, str], hint: Scene | None) -> Demand:
    """The clauses carried out on the desk's start. With a hint, open choices go its way, unless that leads nowhere."""
    demand = _followed(desk, clauses, facts, Context(desk.pictures, hint))
    if demand.misfits and hint is not None:
        freely = _followed(desk, clauses, facts, Context(desk.pictures))
        return freely if len(freely.misfits) < len(demand.misfits) else demand
    return demand


def _followed(desk: Desk, clauses: Sequence[Op], facts: Mapping[str, str], context: Context) -> Demand:
    scene, said = desk.start, []
    taught: frozenset[str] = frozenset()
    taken: dict[str, int] = {}
    misfits = []
    for op in clauses:
        try:
            clear, after = _carried(scene, plain(op, facts), context)
        except Unresolved as error:
            misfits.append((op.kind.replace("_", " "), str(error)))
            continue
        new = differing(scene, after)
        if isinstance(op, ops.Later | ops.Push) or terms((op,)):
            taught |= new
        if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom):
            taken |= dict.fromkeys(new, op.picture)
        said.append(clear)
        scene = after
    scene = grounded(scene, said, desk.start, context)
    return Demand(tuple(said), scene, taught, taken, tuple(misfits))


def _carried(scene: Scene, op: Op, context: Context) -> tuple[Op, Scene]:
    """The op and the scene after it. A term that nobody explained may mean any colour: the hint's, if it shows one."""
    unknown = sorted(terms((op,)))
    if not unknown:
        return op, perform(scene, op, context)
    options = [plain(op, dict.fromkeys(unknown, colour)) for colour in COLOURS]
    ways = [(option, perform(scene, option, context)) for option in options]
    hint = context.hint
    return min(ways, key=lambda way: len(differing(way[1], hint))) if hint is not None else ways[0]


def drawable(scene: Scene) -> Scene:
    """The scene on the first background on which all of it can be seen, its own before all others."""
    grounds = (scene.background, *BACKGROUNDS)
    return scene.on(next((b for b in grounds if not scene.on(b).misfit), scene.background))
