"""Work out the scene that words demand. In: the desk, the clauses, an explanation's facts. Out: a `DemandedScene`.

Where the words leave a choice open, the choice of the canvas is taken. A demand also holds which cells need knowledge, and
which hold a thing borrowed from another picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.backends.world.models.desk import Desk
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, PLACES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import perform, settle_background
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.scenes.terms import resolve_terms, terms

GROUND, LIGHT = "background", "light"
"""What a clause may decide besides cells."""


@dataclass(frozen=True, slots=True)
class ClauseEffect:
    """A clause as it was worded, and the cells, GROUND or LIGHT that it changed; `followed` is False where it could not be."""

    clause: Op
    places: frozenset[str]
    followed: bool = True


@dataclass(frozen=True, slots=True)
class DemandedScene:
    """The clauses in plain colours, and the scene that they demand.

    `taught`: places that physics or a colour term decided. `borrowed`: places that hold something from an attached picture, with
    the picture's number. `misfits`: clauses that cannot be followed, as (kind, reason). `effects`: one for each clause, in order.
    """

    clauses: tuple[Op, ...]
    scene: Scene
    taught: frozenset[str]
    borrowed: Mapping[str, int]
    misfits: tuple[tuple[str, str], ...]
    effects: tuple[ClauseEffect, ...] = ()


def differing_places(one: Scene, two: Scene) -> frozenset[str]:
    """The places at which two scenes do not show the same thing."""
    return frozenset(p for p in PLACES if _look_in_cell(one, p) != _look_in_cell(two, p))


def _look_in_cell(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing.look if thing else None


def follow(desk: Desk, clauses: Sequence[Op], facts: Mapping[str, str], hint: Scene | None) -> DemandedScene:
    """Carry out the clauses on the desk's start. Open choices are those of the hint, unless fewer clauses fit that way."""
    demand = _carry_out(desk, clauses, facts, Context(desk.pictures, hint))
    if demand.misfits and hint is not None:
        freely = _carry_out(desk, clauses, facts, Context(desk.pictures))
        return freely if len(freely.misfits) < len(demand.misfits) else demand
    return demand


def _carry_out(desk: Desk, clauses: Sequence[Op], facts: Mapping[str, str], context: Context) -> DemandedScene:
    scene, followed = desk.start, []
    taught: frozenset[str] = frozenset()
    borrowed: dict[str, int] = {}
    misfits, effects = [], []
    for n, op in enumerate(clauses):
        ahead = context.before([resolve_terms(other, facts) for other in clauses[n + 1 :]])
        try:
            clear, after = _perform_resolved(scene, resolve_terms(op, facts), ahead)
        except Unresolved as error:
            misfits.append((op.kind.replace("_", " "), str(error)))
            effects.append(ClauseEffect(op, frozenset(), followed=False))
            continue
        new = differing_places(scene, after)
        if isinstance(op, ops.Later | ops.Push) or terms((op,)):
            taught |= new
        if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom):
            borrowed |= dict.fromkeys(new, op.picture)
        effects.append(ClauseEffect(op, new | _whole_scene(clear)))
        followed.append(clear)
        scene = after
    scene = settle_background(scene, followed, desk.start, context)
    return DemandedScene(tuple(followed), scene, taught, borrowed, tuple(misfits), tuple(effects))


def _whole_scene(op: Op) -> frozenset[str]:
    """What an op decides of the scene as a whole, whether or not it was so before."""
    return frozenset({ops.Background: (GROUND,), ops.Light: (LIGHT,)}.get(type(op), ()))


def _perform_resolved(scene: Scene, op: Op, context: Context) -> tuple[Op, Scene]:
    """The op and the scene after it. An unexplained term may mean any colour, so the one nearest to the hint is chosen."""
    unknown = sorted(terms((op,)))
    if not unknown:
        return op, perform(scene, op, context)
    options = [resolve_terms(op, dict.fromkeys(unknown, colour)) for colour in COLOURS]
    ways = [(option, perform(scene, option, context)) for option in options]
    hint = context.hint
    return min(ways, key=lambda way: len(differing_places(way[1], hint))) if hint is not None else ways[0]


def on_first_clear_background(scene: Scene) -> Scene:
    """The scene on the first background on which every thing can be seen; its own is tried first."""
    grounds = (scene.background, *BACKGROUNDS)
    return scene.on(next((b for b in grounds if not scene.on(b).misfit), scene.background))
