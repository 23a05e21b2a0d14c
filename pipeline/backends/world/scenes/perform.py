"""Carry out ops on a scene. In: a scene, ops, and a `Context`. Out: the scene after them, or `Unresolved`.

Conventions, so that every instruction has a meaning:
- A replacement keeps the size and colour that the words leave open; any other new thing is medium, plain, in its natural pose.
- Where words leave a choice open, every choice is right; `Context` makes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import BARE, Context
from pipeline.backends.world.scenes.find import Unresolved, find, find_all, fits, group, next_to
from pipeline.backends.world.scenes.looks import COLOURS, DEFAULT_SIZE, DIRECTED, FACINGS, PLACES, PLAIN
from pipeline.backends.world.scenes.ops import Look, Near, Op, Spot
from pipeline.backends.world.scenes.physics import later, push
from pipeline.backends.world.scenes.scene import Scene, Thing, empty, natural_facing


def starting_scene(clauses: Sequence[Op], pictures: Sequence[Scene]) -> Scene:
    """The scene that work starts from: the first picture; an empty one where there is none or a clause borrows from it."""
    borrows = any(isinstance(op, ops.AddFrom) and op.picture == 1 for op in clauses)
    return empty() if borrows or not pictures else pictures[0]


def apply(scene: Scene, clauses: Sequence[Op], context: Context = BARE) -> Scene:
    """The scene after all ops, in order. Raises Unresolved."""
    for n, op in enumerate(clauses):
        scene = perform(scene, op, context.before(clauses[n + 1 :]))
    return scene


def settle_background(scene: Scene, clauses: Sequence[Op], start: Scene, context: Context = BARE) -> Scene:
    """The scene with its open background chosen; unchanged unless it is a new picture whose clauses name no background.

    Any background is right on which every thing can be seen: that of the hint, else the present one, else grey.
    """
    if start != empty() or any(isinstance(op, ops.Background) for op in clauses):
        return scene
    if context.hint is not None and not scene.on(context.hint.background).misfit:
        return scene.on(context.hint.background)
    return scene.on("grey") if scene.misfit else scene


def perform(scene: Scene, op: Op, context: Context = BARE) -> Scene:
    """The scene after one op. Raises Unresolved when the op does not fit the scene or its result cannot be drawn."""
    after = _carry_out(scene, op, context)
    if problem := next((t.misfit for t in after.things if t.misfit), None):
        raise Unresolved(problem)
    return after


def _carry_out(scene: Scene, op: Op, context: Context) -> Scene:
    match op:
        case ops.Add(look, place):
            return scene.put(_new_thing(look, _choose_cell(scene, place, lambda t: fits(look, t), context), context))
        case ops.AddFrom(picture, place):
            thing = thing_of_picture(context, picture)
            return scene.put(thing.at(_choose_cell(scene, place, lambda t: t.look == thing.look, context)))
        case ops.Remove(target):
            return _without(scene, find_all(scene, target))
        case ops.Count():
            return _set_count(scene, op, context)
        case ops.Move(target, place):
            old = find(scene, target)
            rest = scene.drop(old.place)
            return rest.put(old.at(_choose_cell(rest, place, lambda t: t.look == old.look, context, barred=old.place)))
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
            return _change_in_place(scene, op, context)


def _change_in_place(scene: Scene, op: Op, context: Context) -> Scene:
    """Carry out an op that changes things where they lie."""
    match op:
        case ops.Replace(target, look):
            return _change_each(scene, target, lambda t: _replacement(t, look))
        case ops.ReplaceFrom(target, picture):
            new = thing_of_picture(context, picture)
            return _change_each(scene, target, lambda t: replace(new, place=t.place, dx=t.dx, dy=t.dy))
        case ops.Alter(target, look):
            return _change_each(scene, target, lambda t: _alter(t, look))
        case ops.TransferFrom(target, picture, what):
            model = thing_of_picture(context, picture)
            source_look = (
                Look(colour=model.colour) if what == "colour" else Look(texture=model.texture, mark=model.mark)
            )
            return _change_each(scene, target, lambda t: _alter(t, source_look))
        case ops.Complete(target):
            return _change_each(scene, target, _complete)
        case ops.Turn(target, to):
            return _change_each(scene, target, lambda t: replace(t, facing=facing_after_turn(t, to)))
        case ops.MatchOthers(shape):
            return _match_others(scene, shape)
    raise Unresolved(f"nobody knows how to carry out {op.kind}")


def _change_each(scene: Scene, target: ops.Selector, change: Callable[[Thing], Thing]) -> Scene:
    for thing in find_all(scene, target):
        scene = scene.put(change(thing))
    return scene


def _without(scene: Scene, things: Sequence[Thing]) -> Scene:
    for thing in things:
        scene = scene.drop(thing.place)
    return scene


def _checked_colour(colour: str | None) -> str | None:
    if colour is not None and colour not in COLOURS:
        raise Unresolved(f"nothing here says what colour {colour.removeprefix('?').title()} stands for")
    return colour


def _new_thing(look: Look, place: str, context: Context) -> Thing:
    """A thing as described; colour and size that the look leaves open are taken from the hint."""
    if not look.shape:
        raise Unresolved("a new thing needs a shape")
    shown = context.shown(place)
    like = shown if shown is not None and shown.shape == look.shape else None
    colour = _checked_colour(look.colour) or context.choose(
        list(COLOURS), lambda c: like is not None and like.colour == c
    )
    size = look.size or (like.size if like else DEFAULT_SIZE)
    return _make_thing(look, look.shape, colour, size, place)


def _make_thing(look: Look, shape: str, colour: str, size: str, place: str) -> Thing:
    facing = look.facing or natural_facing(shape)
    chipped = bool(look.chipped)
    return Thing(shape, colour, size, place, look.texture or PLAIN, look.mark or "", facing, chipped, look.text or "")


def _replacement(old: Thing, look: Look) -> Thing:
    shape = look.shape or old.shape
    new = _make_thing(look, shape, _checked_colour(look.colour) or old.colour, look.size or old.size, old.place)
    return replace(new, dx=old.dx, dy=old.dy)


def _alter(old: Thing, look: Look) -> Thing:
    changes = {n: v for n in ("colour", "size", "texture", "mark", "text") if (v := getattr(look, n)) is not None}
    _checked_colour(look.colour)
    return replace(old, **changes)


def _complete(thing: Thing) -> Thing:
    if not thing.chipped:
        raise Unresolved("nothing of it is missing")
    return replace(thing, chipped=False)


def facing_after_turn(thing: Thing, to: str) -> str:
    """Where a thing points after a turn. Raises Unresolved for a shape without a pose."""
    if thing.shape not in DIRECTED:
        raise Unresolved(f"a {thing.shape} does not point anywhere")
    quarters = {"clockwise": 1, "around": 2, "counterclockwise": 3}
    return to if to in FACINGS else FACINGS[(FACINGS.index(thing.facing) + quarters[to]) % 4]


def _match_others(scene: Scene, shape: str) -> Scene:
    things = group(scene, Look(shape))
    looks = [t.look for t in things]
    common = next((look for look in looks if looks.count(look) == len(looks) - 1), None)
    if len(things) < 3 or common is None:
        raise Unresolved(f"there is no single {shape} that is unlike the others")
    model = next(t for t in things if t.look == common)
    odd = next(t for t in things if t.look != common)
    return scene.put(replace(model, place=odd.place, dx=odd.dx, dy=odd.dy))


def _set_count(scene: Scene, op: ops.Count, context: Context) -> Scene:
    present = group(scene, op.look)
    # Things that the hint still shows are kept before others, so that its choice of which ones go is accepted.
    ordered = (
        sorted(present, key=lambda t: not _hint_still_shows(t, context)) if context.hint is not None else list(present)
    )
    scene = _without(scene, ordered[op.number :])
    model = present[0] if present else None
    for _ in range(op.number - len(present)):
        place = _choose_cell(scene, None, lambda t: fits(op.look, t), context)
        scene = scene.put(_one_more(model, op.look, place, context))
    return scene


def _hint_still_shows(thing: Thing, context: Context) -> bool:
    shown = context.shown(thing.place)
    return shown is not None and shown.look == thing.look


def _one_more(model: Thing | None, look: Look, place: str, context: Context) -> Thing:
    """One more thing for a count: like the model, in the size that the hint shows."""
    if model is None:
        return _new_thing(look, place, context)
    shown = context.shown(place)
    new = model.at(place)
    return replace(new, size=shown.size) if shown is not None and fits(look, shown) else new


def _choose_cell(
    scene: Scene, spot: Spot, liked: Callable[[Thing], bool], context: Context, barred: str | None = None
) -> str:
    """A free cell for a spot. Raises Unresolved when the cell is taken or no cell is free."""

    def likes(place: str) -> bool:
        shown = context.shown(place)
        return shown is not None and liked(shown)

    if isinstance(spot, str):
        if scene.at(spot) is not None:
            raise Unresolved(f"the place at the {spot} is taken")
        return spot
    anywhere = tuple(sorted(scene.free(), key=lambda p: p != "center"))
    options = next_to(spot, scene) if isinstance(spot, Near) else anywhere
    # "a balloon" must not take the small one that a later clause asks for
    ordered = sorted((p for p in options if p != barred), key=lambda p: context.is_claimed(p))
    return context.choose(ordered, likes)


def thing_of_picture(context: Context, picture: int) -> Thing:
    """The one thing of an attached picture, counted from 1. Raises Unresolved."""
    if not 1 <= picture <= len(context.pictures):
        raise Unresolved(f"there is no picture {picture}")
    things = context.pictures[picture - 1].things
    if len(things) != 1:
        raise Unresolved(f"picture {picture} shows {len(things)} things: it is not clear which is meant")
    return things[0]


def from_behind(scene: Scene) -> Scene:
    """The scene with left and right exchanged. Raises Unresolved when a thing is chipped: chips are only drawn on the right."""
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
