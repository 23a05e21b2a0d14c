"""What can be asked of a scene, and what it does. In: frozen ops and scenes. Out: the scene after them.

Clauses are carried out one after the other; a description is looked up in the scene as it stands by then.
Conventions, so that every instruction has one meaning:
- `Count`: things in excess go from the end in reading order, things that lack fill the free cells in reading order
  and look like the first one that is there already.
- What is not said of a new thing: a replacement keeps size and colour, anything else is of medium size; it is plain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.world.scene import DEFAULT_SIZE, PLAIN, Scene, Thing


class Unresolved(ValueError):
    """A clause speaks of something that the scene does not hold, or holds more than once."""


@dataclass(frozen=True, slots=True)
class Look:
    """A description; None: not said."""

    shape: str | None = None
    colour: str | None = None
    size: str | None = None
    texture: str | None = None

    def fits(self, thing: Thing) -> bool:
        """True when nothing said contradicts the thing."""
        said = ((self.shape, thing.shape), (self.colour, thing.colour), (self.size, thing.size))
        return all(a is None or a == b for a, b in (*said, (self.texture, thing.texture)))


@dataclass(frozen=True, slots=True)
class Selector:
    """A thing that is there already: its look, and its place where that is said."""

    look: Look
    place: str | None = None

    def fits(self, thing: Thing) -> bool:
        """True when the thing may be meant."""
        return self.place in (None, thing.place) and self.look.fits(thing)


@dataclass(frozen=True, slots=True)
class Add:
    """Put a new thing at a free place; shape and colour are said."""

    look: Look
    place: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a thing away."""

    target: Selector


@dataclass(frozen=True, slots=True)
class Replace:
    """Put another thing where one was."""

    target: Selector
    look: Look


@dataclass(frozen=True, slots=True)
class Recolour:
    """Give a thing another colour."""

    target: Selector
    colour: str


@dataclass(frozen=True, slots=True)
class Resize:
    """Give a thing another size."""

    target: Selector
    size: str


@dataclass(frozen=True, slots=True)
class Count:
    """Have so many things of a look."""

    look: Look
    number: int


@dataclass(frozen=True, slots=True)
class Move:
    """Bring a thing to a free place."""

    target: Selector
    place: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Let two things trade places."""

    target: Selector
    other: Selector


@dataclass(frozen=True, slots=True)
class Background:
    """Change the background."""

    colour: str


@dataclass(frozen=True, slots=True)
class Clean:
    """Wipe a stray streak away."""

    place: str


Op = Add | Remove | Replace | Recolour | Resize | Count | Move | Swap | Background | Clean


def find(scene: Scene, selector: Selector) -> Thing:
    """The one thing that is meant. Raises Unresolved."""
    found = [t for t in scene.things if selector.fits(t)]
    if len(found) != 1:
        raise Unresolved("nothing there fits the description" if not found else "several things fit the description")
    return found[0]


def group(scene: Scene, look: Look) -> tuple[Thing, ...]:
    """All things of a look, in reading order."""
    return tuple(t for t in scene.things if look.fits(t))


def make(look: Look, place: str, model: Thing | None = None) -> Thing:
    """A new thing as described; what is not said is taken from `model`."""
    shape, colour = look.shape or (model and model.shape), look.colour or (model and model.colour)
    if not shape or not colour:
        raise Unresolved("a new thing needs a shape and a colour")
    size = look.size or (model.size if model else DEFAULT_SIZE)
    return Thing(shape, colour, size, place, look.texture or PLAIN)


def _free(scene: Scene, place: str) -> str:
    if scene.at(place) is not None:
        raise Unresolved(f"the place at the {place} is taken")
    return place


def _count(scene: Scene, op: Count) -> Scene:
    there = group(scene, op.look)
    lacking = op.number - len(there)
    if lacking > len(scene.free()):
        raise Unresolved("there is no room for so many")
    for thing in there[op.number :]:
        scene = scene.drop(thing.place)
    model = there[0] if there else None
    for place in scene.free()[: max(0, lacking)]:
        scene = scene.put(model.at(place) if model else make(op.look, place))
    return scene


def _swap(scene: Scene, op: Swap) -> Scene:
    one, two = find(scene, op.target), find(scene, op.other)
    return scene.drop(one.place).drop(two.place).put(one.at(two.place)).put(two.at(one.place))


def perform(scene: Scene, op: Op) -> Scene:
    """The scene after one op. Raises Unresolved when the op does not fit the scene."""
    match op:
        case Add(look, place):
            return scene.put(make(look, _free(scene, place)))
        case Remove(target):
            return scene.drop(find(scene, target).place)
        case Replace(target, look):
            old = find(scene, target)
            new = make(look, old.place, old)
            return scene.put(Thing(*new.look[:3], old.place, new.texture, old.dx, old.dy))
        case Recolour(target, colour):
            old = find(scene, target)
            return scene.put(Thing(old.shape, colour, old.size, old.place, old.texture, old.dx, old.dy))
        case Resize(target, size):
            old = find(scene, target)
            return scene.put(Thing(old.shape, old.colour, size, old.place, old.texture, old.dx, old.dy))
        case Count():
            return _count(scene, op)
        case Move(target, place):
            return scene.drop((old := find(scene, target)).place).put(old.at(_free(scene, place)))
        case Swap():
            return _swap(scene, op)
        case Background(colour):
            return scene.on(colour)
        case Clean(place):
            return scene.cleaned(place)


def apply(scene: Scene, ops: Sequence[Op]) -> Scene:
    """The scene after all ops, in order. Raises Unresolved."""
    for op in ops:
        scene = perform(scene, op)
    return scene


def selectors(scene: Scene, thing: Thing) -> tuple[Selector, ...]:
    """Every description that means this thing and no other in this scene, shortest first."""
    found = []
    for place in (None, thing.place):
        for colour in (thing.colour, None):
            for size in (None, thing.size):
                candidate = Selector(Look(thing.shape, colour, size), place)
                if sum(candidate.fits(t) for t in scene.things) == 1:
                    found.append(candidate)
    return tuple(found)


def exact(thing: Thing) -> Selector:
    """A full description with the place: never mistaken for another."""
    texture = None if thing.texture == PLAIN else thing.texture
    return Selector(Look(thing.shape, thing.colour, thing.size, texture), thing.place)


def full(thing: Thing) -> Look:
    """All that can be said of a thing's look."""
    return exact(thing).look
