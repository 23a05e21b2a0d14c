"""Find the thing or place that a description means. In: a scene and descriptions. Out: things and places, or `Unresolved`.

"left", "right", "top" and "bottom" name one cell each; when nothing that fits lies in that cell, they name the whole side,
because people say "the circle on the left" of any circle in the left column.
"""

from collections.abc import Mapping

from pipeline.backends.world.scenes.looks import PLACES, PLAIN
from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.scenes.scene import Scene, Thing, natural_facing

_SIDES = {"left": (0, 3, 6), "right": (2, 5, 8), "top": (0, 1, 2), "bottom": (6, 7, 8)}
_STEPS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "left": ((0, -1),),
    "right": ((0, 1),),
    "above": ((-1, 0),),
    "below": ((1, 0),),
    "beside": ((0, 1), (0, -1)),
}


class Unresolved(ValueError):
    """A clause cannot be carried out: its description fits no thing or several, or the result cannot be drawn."""


def fits(look: Look, thing: Thing) -> bool:
    """Whether every attribute that the look names is that of the thing."""
    described = (look.shape, look.colour, look.size, look.texture, look.mark, look.facing, look.chipped, look.text)
    return all(a is None or a == b for a, b in zip(described, thing.look, strict=True))


def group(scene: Scene, look: Look) -> tuple[Thing, ...]:
    """All things that fit a look, in reading order."""
    return tuple(t for t in scene.things if fits(look, t))


def find(scene: Scene, selector: Selector) -> Thing:
    """The one thing that a selector means. Raises Unresolved when none or several fit."""
    candidates = _candidates(scene, selector)
    if len(candidates) != 1:
        raise Unresolved(
            "nothing there fits the description" if not candidates else "several things fit the description"
        )
    return candidates[0]


def find_all(scene: Scene, selector: Selector) -> tuple[Thing, ...]:
    """All things that a selector means: exactly one unless it is `every`. Raises Unresolved when none fits."""
    if not selector.every:
        return (find(scene, selector),)
    candidates = _candidates(scene, selector)
    if not candidates:
        raise Unresolved("nothing there fits the description")
    return candidates


def _candidates(scene: Scene, selector: Selector) -> tuple[Thing, ...]:
    alike = group(scene, selector.look)
    if selector.near is not None:
        anchor = find(scene, selector.near.anchor)
        alike = tuple(t for t in alike if t != anchor and _lies_towards(t.place, selector.near.direction, anchor.place))
    if selector.place is None:
        return alike
    in_the_cell = tuple(t for t in alike if t.place == selector.place)
    return in_the_cell or tuple(t for t in alike if t.place in side(selector.place))


def side(place: str) -> tuple[str, ...]:
    """The three cells of the side that a place names; none for a corner or the centre."""
    return tuple(PLACES[i] for i in _SIDES.get(place, ()))


def _lies_towards(place: str, direction: str, anchor: str) -> bool:
    """Whether a place lies in a direction from another, in any row or column; "beside" is the next cell of the same row."""
    (r, c), (ar, ac) = divmod(PLACES.index(place), 3), divmod(PLACES.index(anchor), 3)
    return {
        "left": c < ac,
        "right": c > ac,
        "above": r < ar,
        "below": r > ar,
        "beside": r == ar and abs(c - ac) == 1,
    }[direction]


def next_to(near: Near, scene: Scene) -> tuple[str, ...]:
    """The free cells in a direction: first those straight ahead, the nearest first, then the others. Raises Unresolved."""
    anchor = find(scene, near.anchor).place
    row, column = divmod(PLACES.index(anchor), 3)
    straight = []
    for steps in (1, 2):
        for dr, dc in _STEPS[near.direction]:
            r, c = row + steps * dr, column + steps * dc
            if 0 <= r < 3 and 0 <= c < 3 and (steps == 1 or near.direction != "beside"):
                straight.append(PLACES[3 * r + c])
    aslant = [p for p in PLACES if p not in straight and _lies_towards(p, near.direction, anchor)]
    return tuple(p for p in (*straight, *aslant) if p in scene.free())


def selectors(scene: Scene, thing: Thing) -> tuple[Selector, ...]:
    """Every short description that means this thing alone in this scene, the shortest first."""
    descriptions = []
    for place in (None, thing.place):
        for colour in (thing.colour, None):
            for size in (None, thing.size):
                candidate = Selector(Look(thing.shape, colour, size), place)
                if _candidates(scene, candidate) == (thing,):
                    descriptions.append(candidate)
    return tuple(descriptions)


def full_look(thing: Thing) -> Look:
    """The look of a thing with every attribute that is not its default."""
    return Look(
        thing.shape,
        thing.colour,
        thing.size,
        None if thing.texture == PLAIN else thing.texture,
        thing.mark or None,
        None if thing.facing == natural_facing(thing.shape) else thing.facing,
        thing.chipped or None,
        thing.text or None,
    )


def exact_selector(thing: Thing) -> Selector:
    """The full look and the place of a thing, which no other thing can fit."""
    return Selector(full_look(thing), thing.place)
