"""Who is meant, and where. In: a scene and descriptions. Out: things and places; `Unresolved` when none or several fit.

"left", "right", "top" and "bottom" name a cell each, and a whole side when nothing that fits lies in that cell: people say
"the circle on the left" of any circle in the left column.
"""

from collections.abc import Mapping

from pipeline.backends.world.scenes.looks import PLACES, PLAIN
from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.scenes.scene import Scene, Thing, natural

_SIDES = {"left": (0, 3, 6), "right": (2, 5, 8), "top": (0, 1, 2), "bottom": (6, 7, 8)}
_STEPS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "left": ((0, -1),),
    "right": ((0, 1),),
    "above": ((-1, 0),),
    "below": ((1, 0),),
    "beside": ((0, 1), (0, -1)),
}


class Unresolved(ValueError):
    """A clause speaks of something that the scene does not hold, or holds more than once, or that cannot be drawn."""


def fits(look: Look, thing: Thing) -> bool:
    """True when nothing said contradicts the thing."""
    said = (look.shape, look.colour, look.size, look.texture, look.mark, look.facing, look.chipped, look.text)
    return all(a is None or a == b for a, b in zip(said, thing.look, strict=True))


def group(scene: Scene, look: Look) -> tuple[Thing, ...]:
    """All things of a look, in reading order."""
    return tuple(t for t in scene.things if fits(look, t))


def find(scene: Scene, selector: Selector) -> Thing:
    """The one thing that is meant. Raises Unresolved."""
    found = _candidates(scene, selector)
    if len(found) != 1:
        raise Unresolved("nothing there fits the description" if not found else "several things fit the description")
    return found[0]


def find_all(scene: Scene, selector: Selector) -> tuple[Thing, ...]:
    """All things that are meant: one, unless `every` is said. Raises Unresolved when there is none."""
    if not selector.every:
        return (find(scene, selector),)
    found = _candidates(scene, selector)
    if not found:
        raise Unresolved("nothing there fits the description")
    return found


def _candidates(scene: Scene, selector: Selector) -> tuple[Thing, ...]:
    alike = group(scene, selector.look)
    if selector.near is not None:
        anchor = find(scene, selector.near.anchor)
        alike = tuple(t for t in alike if t != anchor and _lies(t.place, selector.near.direction, anchor.place))
    if selector.place is None:
        return alike
    there = tuple(t for t in alike if t.place == selector.place)
    return there or tuple(t for t in alike if t.place in side(selector.place))


def side(place: str) -> tuple[str, ...]:
    """The cells of the side that a place names; none for a corner or the centre."""
    return tuple(PLACES[i] for i in _SIDES.get(place, ()))


def _lies(place: str, direction: str, anchor: str) -> bool:
    """Whether a place lies that way of another: further left, say, in any row; beside: in the next cell of the same row."""
    (r, c), (ar, ac) = divmod(PLACES.index(place), 3), divmod(PLACES.index(anchor), 3)
    return {
        "left": c < ac,
        "right": c > ac,
        "above": r < ar,
        "below": r > ar,
        "beside": r == ar and abs(c - ac) == 1,
    }[direction]


def next_to(near: Near, scene: Scene) -> tuple[str, ...]:
    """The free cells next to a thing, the nearest first, then all others that lie that way. Raises Unresolved."""
    anchor = find(scene, near.anchor).place
    row, column = divmod(PLACES.index(anchor), 3)
    straight = []
    for steps in (1, 2):
        for dr, dc in _STEPS[near.direction]:
            r, c = row + steps * dr, column + steps * dc
            if 0 <= r < 3 and 0 <= c < 3 and (steps == 1 or near.direction != "beside"):
                straight.append(PLACES[3 * r + c])
    aslant = [p for p in PLACES if p not in straight and _lies(p, near.direction, anchor)]
    return tuple(p for p in (*straight, *aslant) if p in scene.free())


def selectors(scene: Scene, thing: Thing) -> tuple[Selector, ...]:
    """Every short description that means this thing and no other in this scene, shortest first."""
    found = []
    for place in (None, thing.place):
        for colour in (thing.colour, None):
            for size in (None, thing.size):
                candidate = Selector(Look(thing.shape, colour, size), place)
                if _candidates(scene, candidate) == (thing,):
                    found.append(candidate)
    return tuple(found)


def full(thing: Thing) -> Look:
    """All that can be said of a thing's look; what goes without saying is not said."""
    return Look(
        thing.shape,
        thing.colour,
        thing.size,
        None if thing.texture == PLAIN else thing.texture,
        thing.mark or None,
        None if thing.facing == natural(thing.shape) else thing.facing,
        thing.chipped or None,
        thing.text or None,
    )


def exact(thing: Thing) -> Selector:
    """A full description with the place: never mistaken for another."""
    return Selector(full(thing), thing.place)
