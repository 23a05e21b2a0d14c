"""The Generator's slips. In: a scene, an op, a skill's weights. Out: the scene after the op went wrong.

Each kind of slip is a function that gives the spoilt scene, or None where it does not suit the op; `botch` draws a kind by
its weight. A spoilt scene can be drawn, and is never one that the clause allows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.models.variants import misspell, other_look, pick, pigments
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved, exact_selector, find_all
from pipeline.backends.world.scenes.looks import BACKGROUNDS, PLACES, PLAIN, TONES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import perform
from pipeline.backends.world.scenes.physics import later
from pipeline.backends.world.scenes.scene import Scene, Thing

Targeted = (
    ops.Remove
    | ops.Replace
    | ops.Alter
    | ops.Complete
    | ops.Turn
    | ops.Move
    | ops.Push
    | ops.Swap
    | ops.ReplaceFrom
    | ops.TransferFrom
)
"""Ops with a target."""


@dataclass(frozen=True)
class Slip:
    """A clause about to go wrong: the scene before it, the op, and the right scene after it."""

    before: Scene
    op: Op
    right: Scene
    context: Context
    rng: np.random.Generator

    def changed(self) -> list[Thing]:
        """The things that the clause adds or changes."""
        return [t for t in self.right.things if self.before.at(t.place) != t]


_LOOKS = ("shape", "colour", "size", "texture", "mark", "facing", "chipped")


def _wrong_attribute(slip: Slip) -> Scene | None:
    """A changed thing gets another colour, size, shape, texture, mark or pose."""
    if not (things := slip.changed()):
        return None
    thing = pick(things, slip.rng)
    new = other_look(thing, slip.right, slip.rng, _respects_in_question(slip, thing))
    return slip.right.put(new) if new else None


def _respects_in_question(slip: Slip, thing: Thing) -> list[str]:
    """The attributes of a changed thing that the clause decides."""
    old = slip.before.at(thing.place)
    match slip.op:
        case ops.Add(look) | ops.Count(look):
            return [name for name in _LOOKS if getattr(look, name) is not None]
        case ops.AddFrom() | ops.Move() | ops.Swap() | ops.Behind():
            return ["colour", "size", "shape"]
    return [name for name in _LOOKS if old is None or getattr(old, name) != getattr(thing, name)]


def _wrong_place(slip: Slip) -> Scene | None:
    """A new or moved thing lands in another cell."""
    arrived = [t for t in slip.changed() if slip.before.at(t.place) is None]
    free = [p for p in slip.right.free() if slip.before.at(p) is None]
    if not arrived or not free:
        return None
    thing = pick(arrived, slip.rng)
    return slip.right.drop(thing.place).put(thing.at(pick(free, slip.rng)))


def _wrong_target(slip: Slip) -> Scene | None:
    """The op is done to another thing."""
    if not isinstance(slip.op, Targeted):
        return None
    meant = find_all(slip.before, slip.op.target)
    others = [t for t in slip.before.things if t not in meant]
    for n in slip.rng.permutation(len(others)):
        try:
            return perform(slip.before, replace(slip.op, target=exact_selector(others[n])), slip.context)
        except Unresolved:
            continue
    return None


def _wrong_number(slip: Slip) -> Scene | None:
    """One too many, or one too few."""
    if not isinstance(slip.op, ops.Count):
        return None
    number = max(1, slip.op.number + pick((-1, 1), slip.rng)) if slip.op.number > 1 else 2
    return perform(slip.before, replace(slip.op, number=number), slip.context)


def _wrong_text(slip: Slip) -> Scene | None:
    signs = [t for t in slip.changed() if t.text]
    if not signs:
        return None
    sign = pick(signs, slip.rng)
    return slip.right.put(replace(sign, text=misspell(sign.text, slip.rng)))


def _lose_identity(slip: Slip) -> Scene | None:
    """A thing borrowed from a picture loses its colour, texture or mark."""
    if not isinstance(slip.op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom) or not slip.changed():
        return None
    thing = pick(slip.changed(), slip.rng)
    names = ["colour", *(["texture"] if thing.texture != PLAIN else []), *(["mark"] if thing.mark else [])]
    if isinstance(slip.op, ops.TransferFrom):
        names = names[:1] if slip.op.what == "colour" else names[1:]
    new = other_look(thing, slip.right, slip.rng, names)
    return slip.right.put(new) if new else None


def _wrong_ground(slip: Slip) -> Scene | None:
    """Another background, or another light."""
    if isinstance(slip.op, ops.Light):
        return slip.right.lit(pick([t for t in TONES if t != slip.right.tone], slip.rng))
    if not isinstance(slip.op, ops.Background):
        return None
    grounds = [b for b in BACKGROUNDS if b != slip.right.background and not slip.right.on(b).misfit]
    return slip.right.on(pick(grounds, slip.rng))


def _miss_clause(slip: Slip) -> Scene:
    return slip.before


KINDS: Mapping[str, Callable[[Slip], Scene | None]] = MappingProxyType(
    {
        "missed": _miss_clause,
        "attribute": _wrong_attribute,
        "target": _wrong_target,
        "place": _wrong_place,
        "number": _wrong_number,
        "text": _wrong_text,
        "identity": _lose_identity,
        "ground": _wrong_ground,
    }
)


def botch(before: Scene, op: Op, skill: Skill, context: Context, rng: np.random.Generator) -> tuple[Scene, str]:
    """The scene after a clause that goes wrong, and the kind of slip. Raises Unresolved when the clause does not fit the scene."""
    slip = Slip(before, op, perform(before, op, context), context, rng)
    if isinstance(op, ops.Later | ops.Push):
        return misjudge_physics(slip), "physics"
    weights = np.array([getattr(skill, kind) for kind in KINDS])
    order = np.argsort(rng.exponential(size=len(KINDS)) / np.maximum(weights, 1e-9))
    for kind in (list(KINDS)[n] for n in order):
        spoilt = _try_slip(KINDS[kind], slip)
        if spoilt is not None:
            return spoilt, kind
    return before, "missed"


def _try_slip(kind: Callable[[Slip], Scene | None], slip: Slip) -> Scene | None:
    """The spoilt scene; None when the slip does not suit, or its result is only another right way to carry out the clause."""
    try:
        scene = kind(slip)
        if scene is None or scene.misfit:
            return None
        right_way = perform(slip.before, slip.op, Context(slip.context.pictures, hint=scene))
    except Unresolved:
        return None
    return scene if scene.settled() != right_way.settled() else None


def misjudge_physics(slip: Slip) -> Scene:
    """Physics misunderstood: nothing happens, one law is missed, or what moves stops halfway."""
    ways = [way(slip) for way in (_stop_halfway, _skip_one_law)]
    wrong = [s for s in ways if s is not None and s.settled() != slip.right.settled()]
    return pick([slip.before, *wrong], slip.rng)


def _skip_one_law(slip: Slip) -> Scene | None:
    """The scene a while later, but one shape stays as it was."""
    shapes = sorted({t.shape for t in slip.before.things if t.shape in ("candle", "plant", "circle", "balloon")})
    if not isinstance(slip.op, ops.Later) or len(shapes) < 2:
        return None
    shape = pick(shapes, slip.rng)
    exempt = [t for t in slip.before.things if t.shape == shape]
    scene = slip.before
    for thing in exempt:
        scene = scene.put(replace(thing, shape="ring"))  # a ring stays where and as it is
    scene = later(scene)
    for thing in exempt:
        scene = scene.put(thing)
    return scene


def _stop_halfway(slip: Slip) -> Scene | None:
    """A thing that should move two cells stops after one."""
    gone = [t for t in slip.before.things if slip.right.at(t.place) is None]
    for thing in gone:
        for end in slip.changed():
            if end.look != thing.look or slip.before.at(end.place) is not None:
                continue
            one, two = PLACES.index(thing.place), PLACES.index(end.place)
            middle = PLACES[(one + two) // 2]
            if abs(one - two) in (2, 6) and middle in slip.right.free():
                return slip.right.drop(end.place).put(end.at(middle))
    return None


def disturb(scene: Scene, spared: set[str], rng: np.random.Generator) -> Scene:
    """The scene with one side effect: a thing outside `spared` moved or recoloured, or a stray streak."""
    way, free = rng.random(), scene.free()
    others = [t for t in scene.things if t.place not in spared]
    if others and way < 0.65:
        thing = pick(others, rng)
        if way < 0.35 and free:
            return scene.drop(thing.place).put(thing.at(pick(free, rng)))
        return scene.put(replace(thing, colour=pick([c for c in pigments(scene) if c != thing.colour], rng)))
    return scene.streaked(pick(free, rng)) if free else scene
