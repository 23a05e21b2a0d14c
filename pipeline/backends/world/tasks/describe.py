"""Describe things and places of a task. In: a draft. Out: selectors that mean one thing, and spots.

A selector of a thing that the reference shows means it both in the reference and in the scene when its clause is carried out.
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
"""The probability that a thing is described by its place next to another."""


def selector_of(draft: Draft, thing: Thing, rng: np.random.Generator) -> Selector:
    """A selector of the thing. Raises Unresolved when no short description is clear."""
    if rng.random() < NEAR:
        near = [s for s in _by_neighbour(draft, thing, rng) if _is_clear(draft, s, thing)]
        if near:
            return pick(near, rng)
    short = (*selectors(draft.now, thing), *_by_features(thing))
    return pick([s for s in short if _is_clear(draft, s, thing)], rng)


def selector_of_all(draft: Draft, look: Look) -> Selector:
    """A selector of all things of a look. Raises Unresolved unless they are two or more, all of them untouched."""
    selector = Selector(look, every=True)
    alike = find_all(draft.now, selector)
    if len(alike) < 2 or alike != find_all(draft.start, selector) or any(t.place in draft.touched for t in alike):
        raise Unresolved("there are fewer than two such things, or some are mentioned already")
    return selector


def choose_spot(draft: Draft, rng: np.random.Generator, near: float, unsaid: float) -> Spot:
    """A cell; with probability `near` a place next to a thing, with probability `unsaid` no place. Raises Unresolved."""
    chance = rng.random()
    if draft.adrift or chance < unsaid:
        return None
    return choose_spot_beside(draft, rng) if chance < unsaid + near else pick(draft.room(), rng)


def choose_spot_beside(draft: Draft, rng: np.random.Generator, but: Thing | None = None) -> Near:
    """A place next to a thing other than `but` with a free cell. Raises Unresolved when there is none."""
    around = draft.untouched() if draft.start.things else draft.now.things
    anchor = pick([t for t in around if t != but], rng)
    near = Near(pick(DIRECTIONS, rng), selector_of_anchor(draft, anchor, rng))
    room = next_to(near, draft.now)
    if not room or any(place not in draft.room() for place in room):
        raise Unresolved("there is no room of its own")
    return near


def selector_of_anchor(draft: Draft, thing: Thing, rng: np.random.Generator) -> Selector:
    """A selector without a place, because "left of the heart on the left" would be hard to read. Raises Unresolved."""
    looks = [s for s in selectors(draft.now, thing) if s.place is None]
    return pick([s for s in looks if _is_clear(draft, s, thing)], rng)


def _is_clear(draft: Draft, selector: Selector, thing: Thing) -> bool:
    from_the_start = draft.start.at(thing.place) == thing
    return _find_or_none(draft.now, selector) == thing and (
        not from_the_start or _find_or_none(draft.start, selector) == thing
    )


def _find_or_none(scene: Scene, selector: Selector) -> Thing | None:
    try:
        return find(scene, selector)
    except Unresolved:
        return None


def _by_features(thing: Thing) -> list[Selector]:
    """Selectors by texture, mark, chip or text of a thing."""
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
    """Selectors by the direction from a neighbour that no clause mentions."""
    others = [t for t in draft.untouched() if t != thing]
    if not others:
        return []
    anchor = pick(others, rng)
    (r, c), (ar, ac) = (divmod(PLACES.index(t.place), 3) for t in (thing, anchor))
    lies: dict[Direction, bool] = {"left": c < ac, "right": c > ac, "above": r < ar, "below": r > ar}
    by_look = [s for s in selectors(draft.now, anchor) if s.place is None and _is_clear(draft, s, anchor)]
    looks = (Look(thing.shape), Look(thing.shape, thing.colour))
    return [Selector(look, near=Near(d, s)) for look in looks for d in SIDES if lies[d] for s in by_look[:1]]
