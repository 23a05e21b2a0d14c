"""How a clause goes wrong in the Generator's hands. In: a scene, an op, a skill's weights. Out: the scene after the slip.

Each kind of slip is a function that gives the spoilt scene, or None where it does not suit the op; `botched` draws a kind by
its weight. What a slip leads to can be drawn, and is never what the clause asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.models.variants import misspelt, other_look, pick, pigments
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, exact, find_all
from pipeline.backends.world.scenes.looks import BACKGROUNDS, PLACES, PLAIN, TONES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import Context, perform
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
"""Ops that are done to a thing."""


@dataclass(frozen=True)
class Slip:
    """A clause about to go wrong: the scene before it, the clause, and what would be right."""

    before: Scene
    op: Op
    right: Scene
    context: Context
    rng: np.random.Generator

    def changed(self) -> list[Thing]:
        """The things that are new or not as they were."""
        return [t for t in self.right.things if self.before.at(t.place) != t]


_LOOKS = ("shape", "colour", "size", "texture", "mark", "facing", "chipped")


def _attribute(slip: Slip) -> Scene | None:
    """What was to be new about a thing is another colour, size, shape, texture, mark or pose."""
    if not (things := slip.changed()):
        return None
    thing = pick(things, slip.rng)
    new = other_look(thing, slip.right, slip.rng, _asked(slip, thing))
    return slip.right.put(new) if new else None


def _asked(slip: Slip, thing: Thing) -> list[str]:
    """The respects in which the clause has a say about a thing that it changed."""
    old = slip.before.at(thing.place)
    match slip.op:
        case ops.Add(look) | ops.Count(look):
            return [name for name in _LOOKS if getattr(look, name) is not None]
        case ops.AddFrom() | ops.Move() | ops.Swap() | ops.Behind():
            return ["colour", "size", "shape"]
    return [name for name in _LOOKS if old is None or getattr(old, name) != getattr(thing, name)]


def _place(slip: Slip) -> Scene | None:
    """The thing lands elsewhere."""
    arrived = [t for t in slip.changed() if slip.before.at(t.place) is None]
    free = [p for p in slip.right.free() if slip.before.at(p) is None]
    if not arrived or not free:
        return None
    thing = pick(arrived, slip.rng)
    return slip.right.drop(thing.place).put(thing.at(pick(free, slip.rng)))


def _target(slip: Slip) -> Scene | None:
    """The same, done to another thing."""
    if not isinstance(slip.op, Targeted):
        return None
    meant = find_all(slip.before, slip.op.target)
    others = [t for t in slip.before.things if t not in meant]
    for n in slip.rng.permutation(len(others)):
        try:
            return perform(slip.before, replace(slip.op, target=exact(others[n])), slip.context)
        except Unresolved:
            continue
    return None


def _number(slip: Slip) -> Scene | None:
    """One too many, or one too few."""
    if not isinstance(slip.op, ops.Count):
        return None
    number = max(1, slip.op.number + pick((-1, 1), slip.rng)) if slip.op.number > 1 else 2
    return perform(slip.before, replace(slip.op, number=number), slip.context)


def _text(slip: Slip) -> Scene | None:
    signs = [t for t in slip.changed() if t.text]
    if not signs:
        return None
    sign = pick(signs, slip.rng)
    return slip.right.put(replace(sign, text=misspelt(sign.text, slip.rng)))


def _identity(slip: Slip) -> Scene | None:
    """What was taken from a picture loses what made it that one."""
    if not isinstance(slip.op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom) or not slip.changed():
        return None
    thing = pick(slip.changed(), slip.rng)
    names = ["colour", *(["texture"] if thing.texture != PLAIN else []), *(["mark"] if thing.mark else [])]
    if isinstance(slip.op, ops.TransferFrom):
        names = names[:1] if slip.op.what == "colour" else names[1:]
    new = other_look(thing, slip.right, slip.rng, names)
    return slip.right.put(new) if new else None


def _ground(slip: Slip) -> Scene | None:
    """Another background, or another light."""
    if isinstance(slip.op, ops.Light):
        return slip.right.lit(pick([t for t in TONES if t != slip.right.tone], slip.rng))
    if not isinstance(slip.op, ops.Background):
        return None
    grounds = [b for b in BACKGROUNDS if b != slip.right.background and not slip.right.on(b).misfit]
    return slip.right.on(pick(grounds, slip.rng))


def _missed(slip: Slip) -> Scene:
    return slip.before


KINDS: Mapping[str, Callable[[Slip], Scene | None]] = MappingProxyType(
    {
        "missed": _missed,
        "attribute": _attribute,
        "target": _target,
        "place": _place,
        "number": _number,
        "text": _text,
        "identity": _identity,
        "ground": _ground,
    }
)


def botched(before: Scene, op: Op, skill: Skill, context: Context, rng: np.random.Generator) -> tuple[Scene, str]:
    """The scene after a clause that goes wrong, and the kind of slip. Raises Unresolved where the clause fits nothing."""
    slip = Slip(before, op, perform(before, op, context), context, rng)
    if isinstance(op, ops.Later | ops.Push):
        return misjudged(slip), "physics"
    weights = np.array([getattr(skill, kind) for kind in KINDS])
    order = np.argsort(rng.exponential(size=len(KINDS)) / np.maximum(weights, 1e-9))
    for kind in (list(KINDS)[n] for n in order):
        spoilt = _spoilt(KINDS[kind], slip)
        if spoilt is not None:
            return spoilt, kind
    return before, "missed"


def _spoilt(kind: Callable[[Slip], Scene | None], slip: Slip) -> Scene | None:
    """The spoilt scene, unless the slip does not suit, or what it leads to is just another way of doing what was asked."""
    try:
        scene = kind(slip)
        if scene is None or scene.misfit:
            return None
        asked = perform(slip.before, slip.op, Context(slip.context.pictures, hint=scene))
    except Unresolved:
        return None
    return scene if scene.settled() != asked.settled() else None


def misjudged(slip: Slip) -> Scene:
    """Physics misunderstood: nothing happens, one law is missed, or what moves stops halfway."""
    ways = [way(slip) for way in (_halfway, _lawless)]
    wrong = [s for s in ways if s is not None and s.settled() != slip.right.settled()]
    return pick([slip.before, *wrong], slip.rng)


def _lawless(slip: Slip) -> Scene | None:
    """Later, but one shape is not subject to its law."""
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


def _halfway(slip: Slip) -> Scene | None:
    """A thing that moved two cells stops after one."""
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
    """The scene with one thing gone wrong that nobody asked for: a thing moved or recoloured, or a stray streak."""
    way, free = rng.random(), scene.free()
    others = [t for t in scene.things if t.place not in spared]
    if others and way < 0.65:
        thing = pick(others, rng)
        if way < 0.35 and free:
            return scene.drop(thing.place).put(thing.at(pick(free, rng)))
        return scene.put(replace(thing, colour=pick([c for c in pigments(scene) if c != thing.colour], rng)))
    return scene.streaked(pick(free, rng)) if free else scene
