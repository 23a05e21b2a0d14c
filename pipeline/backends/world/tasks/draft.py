"""A task in the making, and the rules for one more clause. In: a draft and an op. Out: the longer draft, or `Unresolved`.

These rules give every instruction one meaning, and make every choice that it leaves open possible:
- Each clause changes something, on things of its own. Counts and likenesses that a clause asks for still hold at the end.
- Every scene on the way can be drawn, and has at most `MOST_THINGS` things.
- Once the place of a thing is open, later clauses depend neither on that place nor on things of that shape.
- A change of the whole scene (a while later, from behind) comes last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved, find, find_all, group, next_to
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.scenes.perform import perform
from pipeline.backends.world.scenes.scene import Scene, Thing, empty

T = TypeVar("T")
MOST_THINGS = 8
ONCE = (ops.Background, ops.Light, ops.Clean)
LAST = (ops.Later, ops.Behind)
ELSEWHERE = (ops.Move, ops.Push, ops.Later, ops.Behind)
"""Ops whose result depends on which places are free."""


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options. Raises Unresolved when there is none."""
    if not options:
        raise Unresolved("there is nothing to choose from")
    return options[int(rng.integers(len(options)))]


@dataclass(frozen=True, slots=True)
class Draft:
    """The scene where a task starts, the scene that its clauses lead to, the attached pictures, and the clauses.

    `touched`: the places of things that clauses mention or change. `adrift`: the shapes of things whose place is open, or of which
    it is open which ones go. `loose`: the words leave some choice open.
    """

    start: Scene
    now: Scene
    pictures: tuple[Scene, ...] = ()
    clauses: tuple[Op, ...] = ()
    touched: frozenset[str] = frozenset()
    adrift: frozenset[str] = frozenset()
    loose: bool = False

    def plus(self, op: Op) -> "Draft":
        """This draft with one more clause. Raises Unresolved when the clause would break a rule."""
        after = perform(self.now, op, Context(self.pictures))
        changed = {p for p in PLACES if self.now.at(p) != after.at(p)}
        claimed = changed | claimed_places(self.now, op)
        self._check_order(op)
        if after.settled() == self.now.settled():
            raise Unresolved("that would change nothing")
        if after.misfit or not 1 <= len(after.things) <= MOST_THINGS:
            raise Unresolved(after.misfit or "too few or too many things")
        if claimed & self.touched and not isinstance(op, ops.Behind):
            raise Unresolved("these are spoken of already")
        fresh = [t for t in after.things if t.place in changed and not isinstance(op, LAST)]
        if any(_shape_and_colour(t) in self._changed_kinds() for t in fresh):
            raise Unresolved("that would bring back, or blur, what is spoken of already")
        clauses = (*self.clauses, op)
        if not all(_still_holds(after, clause) for clause in clauses):
            raise Unresolved("an earlier clause would no longer hold")
        floating = _shapes_set_adrift(self.now, op, self.pictures)
        return Draft(
            self.start,
            after,
            self.pictures,
            clauses,
            self.touched | claimed | anchor_places(self.now, op),
            self.adrift | floating,
            self.loose or bool(floating) or _leaves_look_open(op),
        )

    def _check_order(self, op: Op) -> None:
        if any(isinstance(c, LAST) for c in self.clauses):
            raise Unresolved("nothing comes after that")
        if isinstance(op, ONCE) and any(type(c) is type(op) for c in self.clauses):
            raise Unresolved("that is spoken of already")
        if not self.adrift:
            return
        if isinstance(op, ELSEWHERE) or (isinstance(op, ops.Add | ops.AddFrom) and op.place is not None):
            raise Unresolved("this depends on where earlier things went")
        shapes = {s.look.shape for s in selectors_of(op)} | {op.shape if isinstance(op, ops.MatchOthers) else None}
        if shapes & self.adrift or (isinstance(op, ops.Count) and op.look.shape in self.adrift):
            raise Unresolved("this depends on which things are left")

    def _changed_kinds(self) -> set[tuple[str, str]]:
        """Shape and colour of the things that were changed or taken away."""
        return {
            _shape_and_colour(t) for t in self.start.things if t.place in self.touched and self.now.at(t.place) != t
        }

    @property
    def open_ground(self) -> bool:
        """Whether this is a new picture whose clauses name no background."""
        return self.start == empty() and not any(isinstance(op, ops.Background) for op in self.clauses)

    def untouched(self) -> tuple[Thing, ...]:
        """The things that no clause mentions or changes."""
        return tuple(t for t in self.now.things if t.place not in self.touched)

    def room(self) -> tuple[str, ...]:
        """The places that were free from the beginning and still are."""
        return tuple(p for p in self.now.free() if p in self.start.free() and p not in self.touched)


def _shape_and_colour(thing: Thing) -> tuple[str, str]:
    return thing.shape, thing.colour


def _still_holds(scene: Scene, op: Op) -> bool:
    if isinstance(op, ops.Count):
        return len(group(scene, op.look)) == op.number
    if isinstance(op, ops.MatchOthers):
        return len({t.look for t in group(scene, Look(op.shape))}) == 1
    return True


def selectors_of(op: Op) -> Iterator[Selector]:
    """Every selector in an op, anchors included."""
    selectors = [s for s in (getattr(op, "target", None), getattr(op, "other", None)) if s is not None]
    spot = getattr(op, "place", None)
    if isinstance(spot, Near):
        selectors.append(spot.anchor)
    for selector in selectors:
        while selector is not None:
            yield selector
            selector = selector.near.anchor if selector.near else None


def claimed_places(scene: Scene, op: Op) -> set[str]:
    """The places of the things that an op is about."""
    meant: list[Thing] = []
    for selector in (getattr(op, "target", None), getattr(op, "other", None)):
        if selector is not None:
            meant += find_all(scene, selector)
    if isinstance(op, ops.Count):
        meant += group(scene, op.look)
    if isinstance(op, ops.MatchOthers):
        meant += group(scene, Look(op.shape))
    return {t.place for t in meant}


def anchor_places(scene: Scene, op: Op) -> set[str]:
    """The places of the things that serve only as anchors of others."""
    targets = [s for s in (getattr(op, "target", None), getattr(op, "other", None)) if s is not None]
    return {find(scene, s).place for s in selectors_of(op) if s not in targets}


def _shapes_set_adrift(scene: Scene, op: Op, pictures: tuple[Scene, ...]) -> set[str]:
    """The shapes of things whose place an op leaves open, or of which it leaves open which ones go."""
    if isinstance(op, ops.Count):
        return {op.look.shape or ""}
    if not isinstance(op, ops.Add | ops.AddFrom | ops.Move):
        return set()
    near = isinstance(op.place, Near) and len(next_to(op.place, scene)) > 1
    if op.place is not None and not near:
        return set()
    if isinstance(op, ops.AddFrom):
        return {pictures[op.picture - 1].things[0].shape}
    return {(op.look if isinstance(op, ops.Add) else op.target.look).shape or ""}


def _leaves_look_open(op: Op) -> bool:
    """Whether the look of a new thing is left open."""
    return isinstance(op, ops.Add | ops.Count) and (op.look.size is None or op.look.colour is None)
