"""How a task speaks of things and places. In: a draft. Out: descriptions that mean one thing, and spots.

A description of a thing that the reference shows holds there as well as by the time its clause comes.
"""

import numpy as np

from pipeline.backends.world.scenes.find import Unresolved, find, find_all, next_to, selectors
from pipeline.backends.world.scenes.looks import PLACES, PLAIN
from pipeline.backends.world.scenes.ops import Direction, Look, Near, Selector, Spot
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.tasks.draft import Draft, pick

DIRECTIONS: tuple[Direction, ...] = ("left", "right", "above", "below", "beside")
SIDES: tuple[Direction, ...] = ("left", "right", "above", "below")
NEAR = 0.12
"""How often a thing is told by where it lies next to another."""


def meaning(draft: Draft, thing: Thing, rng: np.random.Generator) -> Selector:
    """A description of the thing. Raises Unresolved."""
    if rng.random() < NEAR:
        near = [s for s in _by_neighbour(draft, thing, rng) if _means(draft, s, thing)]
        if near:
            return pick(near, rng)
    short = (*selectors(draft.now, thing), *_by_features(thing))
    return pick([s for s in short if _means(draft, s, thing)], rng)


def all_alike(draft: Draft, look: Look) -> Selector:
    """A description of all things of a look. Raises Unresolved unless these are two or more, all of them untouched."""
    selector = Selector(look, every=True)
    found = find_all(draft.now, selector)
    if len(found) < 2 or found != find_all(draft.start, selector) or any(t.place in draft.touched for t in found):
        raise Unresolved("there are no such things of which nothing is said yet")
    return selector


def spot(draft: Draft, rng: np.random.Generator, near: float, unsaid: float) -> Spot:
    """A cell; with probability `near` a place next to a thing, with `unsaid` none at all. Raises Unresolved."""
    chance = rng.random()
    if draft.adrift or chance < unsaid:
        return None
    return beside_something(draft, rng) if chance < unsaid + near else pick(draft.room(), rng)


def beside_something(draft: Draft, rng: np.random.Generator, but: Thing | None = None) -> Near:
    """A place next to a thing other than `but`, with room for one more. Raises Unresolved."""
    around = draft.untouched() if draft.start.things else draft.now.things
    anchor = pick([t for t in around if t != but], rng)
    near = Near(pick(DIRECTIONS, rng), meaning_of_anchor(draft, anchor, rng))
    room = next_to(near, draft.now)
    if not room or any(place not in draft.room() for place in room):
        raise Unresolved("there is no room of its own")
    return near


def meaning_of_anchor(draft: Draft, thing: Thing, rng: np.random.Generator) -> Selector:
    """A description by looks alone: "left of the heart on the left" would be hard to read. Raises Unresolved."""
    looks = [s for s in selectors(draft.now, thing) if s.place is None]
    return pick([s for s in looks if _means(draft, s, thing)], rng)


def _means(draft: Draft, selector: Selector, thing: Thing) -> bool:
    there = draft.start.at(thing.place) == thing
    return _found(draft.now, selector) == thing and (not there or _found(draft.start, selector) == thing)


def _found(scene: Scene, selector: Selector) -> Thing | None:
    try:
        return find(scene, selector)
    except Unresolved:
        return None


def _by_features(thing: Thing) -> list[Selector]:
    """Descriptions by what is special about a thing."""
    looks = []
    if thing.texture != PLAIN:
        looks += [Look(thing.shape, texture=thing.texture), Look(thing.shape, thing.colour, texture=thing.texture)]
    if thing.mark:
        looks += [Look(thing.shape, mark=thing.mark), Look(thing.shape, thing.colour, mark=thing.mark)]
    if thing.chipped:
        looks += [Look(thing.shape, chipped=True)]
    if thing.text:
        looks += [Look(thing.shape, text=thing.text)]
    return [Selector(look) for look in looks]


def _by_neighbour(draft: Draft, thing: Thing, rng: np.random.Generator) -> list[Selector]:
    """Descriptions by where a thing lies next to one that nothing else is said of."""
    others = [t for t in draft.untouched() if t != thing]
    if not others:
        return []
    anchor = pick(others, rng)
    (r, c), (ar, ac) = (divmod(PLACES.index(t.place), 3) for t in (thing, anchor))
    lies: dict[Direction, bool] = {"left": c < ac, "right": c > ac, "above": r < ar, "below": r > ar}
    by_look = [s for s in selectors(draft.now, anchor) if s.place is None and _means(draft, s, anchor)]
    looks = (Look(thing.shape), Look(thing.shape, thing.colour))
    return [Selector(look, near=Near(d, s)) for look in looks for d in SIDES if lies[d] for s in by_look[:1]]
