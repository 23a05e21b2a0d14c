"""What ops do to a scene. In: a scene, ops, and a `Context`. Out: the scene after them, or `Unresolved`.

Conventions, so that every instruction has a meaning:
- What is not said of a new thing: a replacement keeps size and colour; anything else is medium, plain, in its natural pose.
- Where words leave a choice open (a place, a size or a colour, which of several go, the background of a new picture), every way
  of making it is right. `Context.hint`, the picture that is to be judged, makes the choice its own way; without one it falls
  to the first possibility, or to one drawn with `Context.rng`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, find, find_all, fits, group, next_to
from pipeline.backends.world.scenes.looks import COLOURS, DEFAULT_SIZE, DIRECTED, FACINGS, PLACES, PLAIN
from pipeline.backends.world.scenes.ops import Look, Near, Op, Spot
from pipeline.backends.world.scenes.physics import later, push
from pipeline.backends.world.scenes.scene import Scene, Thing, empty, natural

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """What a clause may depend on besides the scene: the attached pictures, a picture that makes open choices, or a die."""

    pictures: tuple[Scene, ...] = ()
    hint: Scene | None = None
    rng: np.random.Generator | None = None

    def choose(self, options: Sequence[T], liked: Callable[[T], bool]) -> T:
        """One of the options. Raises Unresolved when there is none."""
        if not options:
            raise Unresolved("there is no room for it")
        if self.hint is not None:
            return next((o for o in options if liked(o)), options[0])
        return options[0] if self.rng is None else options[int(self.rng.integers(len(options)))]

    def shown(self, place: str) -> Thing | None:
        """What the hint shows at a place."""
        return self.hint.at(place) if self.hint is not None else None


BARE = Context()


def base(clauses: Sequence[Op], pictures: Sequence[Scene]) -> Scene:
    """The scene that work starts from: the first picture; an empty one where there is none or a clause borrows from it."""
    borrowed = any(isinstance(op, ops.AddFrom) and op.picture == 1 for op in clauses)
    return empty() if borrowed or not pictures else pictures[0]


def apply(scene: Scene, clauses: Sequence[Op], context: Context = BARE) -> Scene:
    """The scene after all ops, in order. Raises Unresolved."""
    for op in clauses:
        scene = perform(scene, op, context)
    return scene


def grounded(scene: Scene, clauses: Sequence[Op], start: Scene, context: Context = BARE) -> Scene:
    """A new picture whose background nobody mentioned may have any on which all of it can be seen."""
    if start != empty() or any(isinstance(op, ops.Background) for op in clauses):
        return scene
    if context.hint is not None and not scene.on(context.hint.background).misfit:
        return scene.on(context.hint.background)
    return scene.on("grey") if scene.misfit else scene


def perform(scene: Scene, op: Op, context: Context = BARE) -> Scene:
    """The scene after one op. Raises Unresolved when the op does not fit the scene, or a thing of its result cannot be drawn."""
    after = _done(scene, op, context)
    if wrong := next((t.misfit for t in after.things if t.misfit), None):
        raise Unresolved(wrong)
    return after


def _done(scene: Scene, op: Op, context: Context) -> Scene:
    match op:
        case ops.Add(look, place):
            return scene.put(_new(look, _spot(scene, place, lambda t: fits(look, t), context), context))
        case ops.AddFrom(picture, place):
            thing = borrowed(context, picture)
            return scene.put(thing.at(_spot(scene, place, lambda t: t.look == thing.look, context)))
        case ops.Remove(target):
            return _without(scene, find_all(scene, target))
        case ops.Count():
            return _count(scene, op, context)
        case ops.Move(target, place):
            old = find(scene, target)
            rest = scene.drop(old.place)
            return rest.put(old.at(_spot(rest, place, lambda t: t.look == old.look, context, barred=old.place)))
        case ops.Swap(target, other):
            one, two = find(scene, target), find(scene, other)
            return scene.drop(one.place).drop(two.place).put(one.at(two.place)).put(two.at(one.place))
        case ops.Push(target, direction):
            return push(scene, find(scene, target), direction)
        case ops.Later():
            return later(scene)
        case ops.Behind():
            return from_behind(scene)
        case ops.Background(colour):
            return scene.on(colour)
        case ops.Light(tone):
            return scene.lit(tone)
        case ops.Clean(place):
            return scene.cleaned(place) if place else replace(scene, artifacts=())
        case _:
            return _changed(scene, op, context)


def _changed(scene: Scene, op: Op, context: Context) -> Scene:
    """Ops that change things where they lie."""
    match op:
        case ops.Replace(target, look):
            return _each(scene, target, lambda t: _instead(t, look))
        case ops.ReplaceFrom(target, picture):
            new = borrowed(context, picture)
            return _each(scene, target, lambda t: replace(new, place=t.place, dx=t.dx, dy=t.dy))
        case ops.Alter(target, look):
            return _each(scene, target, lambda t: _altered(t, look))
        case ops.TransferFrom(target, picture, what):
            model = borrowed(context, picture)
            taken = Look(colour=model.colour) if what == "colour" else Look(texture=model.texture, mark=model.mark)
            return _each(scene, target, lambda t: _altered(t, taken))
        case ops.Complete(target):
            return _each(scene, target, _whole)
        case ops.Turn(target, to):
            return _each(scene, target, lambda t: replace(t, facing=turned(t, to)))
        case ops.MatchOthers(shape):
            return _matched(scene, shape)
    raise Unresolved(f"nobody knows how to carry out {op.kind}")


def _each(scene: Scene, target: ops.Selector, change: Callable[[Thing], Thing]) -> Scene:
    for thing in find_all(scene, target):
        scene = scene.put(change(thing))
    return scene


def _without(scene: Scene, things: Sequence[Thing]) -> Scene:
    for thing in things:
        scene = scene.drop(thing.place)
    return scene


def _known(colour: str | None) -> str | None:
    if colour is not None and colour not in COLOURS:
        raise Unresolved(f"nothing here says what colour {colour.removeprefix('?').title()} stands for")
    return colour


def _new(look: Look, place: str, context: Context) -> Thing:
    """A thing as described; colour and size, where they are not said, as the hint shows them."""
    if not look.shape:
        raise Unresolved("a new thing needs a shape")
    shown = context.shown(place)
    like = shown if shown is not None and shown.shape == look.shape else None
    colour = _known(look.colour) or context.choose(list(COLOURS), lambda c: like is not None and like.colour == c)
    size = look.size or (like.size if like else DEFAULT_SIZE)
    return _thing(look, look.shape, colour, size, place)


def _thing(look: Look, shape: str, colour: str, size: str, place: str) -> Thing:
    facing = look.facing or natural(shape)
    chipped = bool(look.chipped)
    return Thing(shape, colour, size, place, look.texture or PLAIN, look.mark or "", facing, chipped, look.text or "")


def _instead(old: Thing, look: Look) -> Thing:
    shape = look.shape or old.shape
    new = _thing(look, shape, _known(look.colour) or old.colour, look.size or old.size, old.place)
    return replace(new, dx=old.dx, dy=old.dy)


def _altered(old: Thing, look: Look) -> Thing:
    said = {n: v for n in ("colour", "size", "texture", "mark", "text") if (v := getattr(look, n)) is not None}
    _known(look.colour)
    return replace(old, **said)


def _whole(thing: Thing) -> Thing:
    if not thing.chipped:
        raise Unresolved("nothing of it is missing")
    return replace(thing, chipped=False)


def turned(thing: Thing, to: str) -> str:
    """Where a thing points after a turn. Raises Unresolved for a shape without a pose."""
    if thing.shape not in DIRECTED:
        raise Unresolved(f"a {thing.shape} does not point anywhere")
    quarters = {"clockwise": 1, "around": 2, "counterclockwise": 3}
    return to if to in FACINGS else FACINGS[(FACINGS.index(thing.facing) + quarters[to]) % 4]


def _matched(scene: Scene, shape: str) -> Scene:
    things = group(scene, Look(shape))
    looks = [t.look for t in things]
    common = next((look for look in looks if looks.count(look) == len(looks) - 1), None)
    if len(things) < 3 or common is None:
        raise Unresolved(f"there is no single {shape} that is unlike the others")
    model = next(t for t in things if t.look == common)
    odd = next(t for t in things if t.look != common)
    return scene.put(replace(model, place=odd.place, dx=odd.dx, dy=odd.dy))


def _count(scene: Scene, op: ops.Count, context: Context) -> Scene:
    there = group(scene, op.look)
    kept = sorted(there, key=lambda t: not _still(t, context)) if context.hint is not None else list(there)
    scene = _without(scene, kept[op.number :])
    model = there[0] if there else None
    for _ in range(op.number - len(there)):
        place = _spot(scene, None, lambda t: fits(op.look, t), context)
        scene = scene.put(_another(model, op.look, place, context))
    return scene


def _still(thing: Thing, context: Context) -> bool:
    shown = context.shown(thing.place)
    return shown is not None and shown.look == thing.look


def _another(model: Thing | None, look: Look, place: str, context: Context) -> Thing:
    """One more of them: like the one that is there, in the size that the hint shows."""
    if model is None:
        return _new(look, place, context)
    shown = context.shown(place)
    new = model.at(place)
    return replace(new, size=shown.size) if shown is not None and fits(look, shown) else new


def _spot(scene: Scene, spot: Spot, liked: Callable[[Thing], bool], context: Context, barred: str | None = None) -> str:
    """A free cell as asked for. Raises Unresolved."""

    def likes(place: str) -> bool:
        shown = context.shown(place)
        return shown is not None and liked(shown)

    if isinstance(spot, str):
        if scene.at(spot) is not None:
            raise Unresolved(f"the place at the {spot} is taken")
        return spot
    anywhere = tuple(sorted(scene.free(), key=lambda p: p != "center"))
    options = next_to(spot, scene) if isinstance(spot, Near) else anywhere
    return context.choose([p for p in options if p != barred], likes)


def borrowed(context: Context, picture: int) -> Thing:
    """The one thing of an attached picture, counted from 1. Raises Unresolved."""
    if not 1 <= picture <= len(context.pictures):
        raise Unresolved(f"there is no picture {picture}")
    things = context.pictures[picture - 1].things
    if len(things) != 1:
        raise Unresolved(f"picture {picture} shows {len(things)} things: it is not clear which is meant")
    return things[0]


def from_behind(scene: Scene) -> Scene:
    """Left and right trade sides. Raises Unresolved where a chip would land on a side that is never drawn."""
    if any(t.chipped for t in scene.things):
        raise Unresolved("a chip cannot be seen from behind")
    flip = {"left": "right", "right": "left"}
    mirrored = []
    for t in scene.things:
        row, column = divmod(PLACES.index(t.place), 3)
        place = PLACES[3 * row + 2 - column]
        mirrored.append(replace(t, place=place, facing=flip.get(t.facing, t.facing), dx=-t.dx))
    artifacts = tuple(PLACES[3 * (i // 3) + 2 - i % 3] for i in map(PLACES.index, scene.artifacts))
    return Scene.of(scene.background, mirrored, artifacts, scene.tone)
