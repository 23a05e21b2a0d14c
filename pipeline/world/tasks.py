"""Tasks out of thin air. In: a random generator and how many clauses. Out: a scene, ops that change it, the result.

Every op touches things of its own, and every description means one thing in the reference as well as by the time its
clause comes: the instruction has one reading.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pipeline.world import ops
from pipeline.world.ops import Look, Op, Selector, Unresolved
from pipeline.world.scene import (
    BACKGROUNDS,
    COLOURS,
    EXOTIC_SHAPES,
    EXOTIC_TEXTURES,
    JITTER,
    PLACES,
    SHAPES,
    SIZES,
    Scene,
    Thing,
    empty,
)

T = TypeVar("T")
MOST_THINGS = 8
CLOTH_SHAPES = ("circle", "square", "diamond", "heart")
MEANINGS = {
    "gear": "a gear is a toothed wheel: six broad teeth around the rim and a round hole in the middle",
    "crescent": "a crescent is the shape of a young moon: a disc with a round bite taken out of one side",
    "hourglass": "an hourglass is two triangles that meet tip to tip, one above the other, at a narrow waist",
    "bolt": "a bolt is a flash of lightning: a zigzag that tapers to a point at both ends",
    "striped": "striped means that even horizontal bands of a darker tone run across the whole shape",
    "checkered": "checkered means that the shape is filled with a board of small squares in two tones",
    "dotted": "dotted means that the shape is filled with a regular grid of round dots in a darker tone",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A task in the making: where it starts, what is asked, where that leads, and the places already spoken of."""

    start: Scene
    now: Scene
    clauses: tuple[Op, ...] = ()
    touched: frozenset[str] = frozenset()

    def plus(self, op: Op) -> "Draft":
        """With one more clause. Raises Unresolved."""
        after = ops.perform(self.now, op)
        changed = {p for p in PLACES if self.now.at(p) != after.at(p)}
        return Draft(self.start, after, (*self.clauses, op), self.touched | changed)


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options."""
    if not options:
        raise Unresolved("there is nothing to choose from")
    return options[int(rng.integers(len(options)))]


def _look(rng: np.random.Generator) -> Look:
    return Look(pick(SHAPES, rng), pick(list(COLOURS), rng), pick(list(SIZES), rng))


def exotic_look(rng: np.random.Generator) -> Look:
    """A look that needs an explanation; textures are shown on broad shapes, where they can be told apart."""
    if rng.random() < 0.6:
        return replace(_look(rng), shape=pick(EXOTIC_SHAPES, rng))
    colours = [c for c in COLOURS if c != "black"]
    return Look(pick(CLOTH_SHAPES, rng), pick(colours, rng), "large", pick(EXOTIC_TEXTURES, rng))


def start_scene(rng: np.random.Generator) -> Scene:
    """A reference of three to six things."""
    places = rng.permutation(len(PLACES))[: int(rng.integers(3, 7))]
    jitter = rng.integers(-JITTER, JITTER + 1, (len(places), 2))
    things = []
    for place, (dx, dy) in zip(places, jitter, strict=True):
        look = _look(rng)
        things.append(replace(ops.make(look, PLACES[place]), dx=int(dx), dy=int(dy)))
    return Scene.of(pick(list(BACKGROUNDS), rng), things)


def _thing(draft: Draft, rng: np.random.Generator) -> Thing:
    return pick([t for t in draft.now.things if t.place not in draft.touched], rng)


def _meaning(draft: Draft, thing: Thing, rng: np.random.Generator) -> Selector:
    """A description of the thing that holds before everything and by now."""
    now = ops.selectors(draft.now, thing)
    return pick([s for s in ops.selectors(draft.start, thing) if s in now], rng)


def _room(draft: Draft, rng: np.random.Generator) -> str:
    return pick([p for p in draft.now.free() if p in draft.start.free()], rng)


def _add(draft: Draft, rng: np.random.Generator) -> Op:
    if len(draft.now.things) >= MOST_THINGS:
        raise Unresolved("the scene is full")
    look = _look(rng)
    return ops.Add(look if rng.random() < 0.7 else replace(look, size=None), _room(draft, rng))


def _remove(draft: Draft, rng: np.random.Generator) -> Op:
    if len(draft.now.things) < 2:
        raise Unresolved("the scene would be empty")
    return ops.Remove(_meaning(draft, _thing(draft, rng), rng))


def _replace(draft: Draft, rng: np.random.Generator) -> Op:
    thing = _thing(draft, rng)
    shape = pick([s for s in SHAPES if s != thing.shape], rng)
    look = replace(_look(rng), shape=shape) if rng.random() < 0.6 else Look(shape)
    return ops.Replace(_meaning(draft, thing, rng), look)


def _recolour(draft: Draft, rng: np.random.Generator) -> Op:
    thing = _thing(draft, rng)
    return ops.Recolour(_meaning(draft, thing, rng), pick([c for c in COLOURS if c != thing.colour], rng))


def _resize(draft: Draft, rng: np.random.Generator) -> Op:
    thing = _thing(draft, rng)
    return ops.Resize(_meaning(draft, thing, rng), pick([s for s in SIZES if s != thing.size], rng))


def _count(draft: Draft, rng: np.random.Generator) -> Op:
    thing = _thing(draft, rng)
    look = Look(thing.shape, thing.colour)
    there = ops.group(draft.now, look)
    if there != ops.group(draft.start, look):
        raise Unresolved("some of these are spoken of already")
    most = min(5, len(there) + MOST_THINGS - len(draft.now.things))
    return ops.Count(look, pick([n for n in range(1, most + 1) if n != len(there)], rng))


def _move(draft: Draft, rng: np.random.Generator) -> Op:
    return ops.Move(_meaning(draft, _thing(draft, rng), rng), _room(draft, rng))


def _swap(draft: Draft, rng: np.random.Generator) -> Op:
    one, two = _thing(draft, rng), _thing(draft, rng)
    if one.look == two.look:
        raise Unresolved("swapping these would change nothing")
    return ops.Swap(_meaning(draft, one, rng), _meaning(draft, two, rng))


def _background(draft: Draft, rng: np.random.Generator) -> Op:
    if any(isinstance(op, ops.Background) for op in draft.clauses):
        raise Unresolved("the background is spoken of already")
    return ops.Background(pick([b for b in BACKGROUNDS if b != draft.now.background], rng))


def _set(draft: Draft, rng: np.random.Generator) -> Op:
    """So many things of a look that is new to the picture."""
    look = replace(_look(rng), size=None) if rng.random() < 0.5 else _look(rng)
    if ops.group(draft.now, Look(look.shape, look.colour)):
        raise Unresolved("there are such things already")
    room = min(4, MOST_THINGS - len(draft.now.things) - 1)
    return ops.Count(look, pick(range(2, room + 1), rng))


def _exotic_add(draft: Draft, rng: np.random.Generator) -> Op:
    return ops.Add(exotic_look(rng), _room(draft, rng))


def _exotic_replace(draft: Draft, rng: np.random.Generator) -> Op:
    return ops.Replace(_meaning(draft, _thing(draft, rng), rng), exotic_look(rng))


Maker = Callable[[Draft, np.random.Generator], Op]
EDITS: tuple[Maker, ...] = (_add, _remove, _replace, _recolour, _resize, _count, _move, _swap, _background)
PICTURES: tuple[Maker, ...] = (_add, _add, _set)


def _counts_hold(draft: Draft) -> bool:
    """Whether no later clause spoils a number, and no description is shared between clauses."""
    counts = [op for op in draft.clauses if isinstance(op, ops.Count)]
    return all(len(ops.group(draft.now, op.look)) == op.number for op in counts)


def _grow(draft: Draft, makers: list[Maker], rng: np.random.Generator) -> Draft:
    """The draft with one more clause by one of the makers. Raises Unresolved."""
    for maker in (makers[i] for i in rng.permutation(len(makers))):
        try:
            grown = draft.plus(maker(draft, rng))
        except Unresolved:
            continue
        if _counts_hold(grown):
            return grown
    raise Unresolved("no further clause fits")


def compose(clauses: int, picture: bool, exotic: bool, rng: np.random.Generator) -> Draft:
    """A task of so many clauses; `picture`: from an empty scene."""
    while True:
        scene = empty() if picture else start_scene(rng)
        draft = Draft(scene, scene)
        strange = int(rng.integers(clauses)) if exotic else -1
        grounded = picture and not exotic and clauses > 1 and rng.random() < 0.5
        try:
            for index in range(clauses):
                draft = _grow(draft, _makers(picture, index == strange, grounded and index == clauses - 1), rng)
        except Unresolved:
            continue
        if 1 <= len(draft.now.things) <= MOST_THINGS:
            return draft


def _makers(picture: bool, strange: bool, ground: bool) -> list[Maker]:
    if strange:
        return [_exotic_add] if picture else [_exotic_add, _exotic_replace]
    if ground:
        return [_background]
    return list(PICTURES if picture else EDITS)
