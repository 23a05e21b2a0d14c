"""What is wrong with an image, by comparing scenes. In: what is demanded and the scene seen. Out: `Fault`s and remedies.

A fault knows its place, the axes it counts on, and the op that mends it; `critique` says it in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.backends.world.models.demand import Demand
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import exact, fits, full
from pipeline.backends.world.scenes.looks import EXOTIC_SHAPES, PLACES
from pipeline.backends.world.scenes.ops import Look, Op, Selector
from pipeline.backends.world.scenes.scene import Scene, Thing

Sort = Literal[
    "missing",
    "extra",
    "shape",
    "colour",
    "size",
    "texture",
    "mark",
    "facing",
    "chipped",
    "text",
    "moved",
    "background",
    "light",
    "streak",
    "impossible",
]
_RESPECTS: tuple[Sort, ...] = ("shape", "text", "colour", "size", "facing", "chipped", "texture", "mark")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `named`: the words speak of it; `strayed`: it also spoils a place that they do not speak of.

    `taught`: it takes knowledge to get right. `taken`: the number of the picture that it should have been taken from.
    `grounds`: background or light, wanted and seen; or the clause that cannot be followed, and why.
    """

    sort: Sort
    place: str | None
    wanted: Thing | None = None
    got: Thing | None = None
    named: bool = True
    strayed: bool = False
    taught: bool = False
    taken: int | None = None
    grounds: tuple[str, str] = ("", "")

    @property
    def exotic(self) -> bool:
        """True when the Generator has no primitive for what is wanted."""
        return self.wanted is not None and self.wanted.exotic

    def axes(self) -> tuple[str, ...]:
        """The axes it counts on."""
        if self.sort == "streak":
            return ("quality",)
        found = ["instruction"] if self.named else []
        if not self.named or self.strayed or (self.taken is not None and self.got is not None):
            found.append("consistency")
        if self.named and (self.exotic or self.taught):
            found.append("knowledge")
        return tuple(found)


def explained(scene: Scene, explanation: str | None) -> frozenset[str]:
    """The exotic shapes in a scene that the explanation speaks of."""
    shapes = {t.shape for t in scene.things if t.exotic}
    return frozenset(shape for shape in shapes if explanation and shape in explanation.lower())


def _respects(wanted: Thing, got: Thing, known: frozenset[str]) -> list[Sort]:
    """All respects in which two things differ; a shape that nobody explained cannot be judged."""
    if wanted.shape in EXOTIC_SHAPES and wanted.shape not in known:
        return [r for r in _RESPECTS[2:4] if getattr(wanted, r) != getattr(got, r)]
    return [r for r in _RESPECTS if getattr(wanted, r) != getattr(got, r)]


@dataclass(frozen=True, slots=True)
class SeenScene:
    """A scene as it was, what is demanded of it, and what is seen."""

    before: Scene
    demand: Demand
    got: Scene
    known: frozenset[str]
    keeps: bool = True

    def named(self, place: str) -> bool:
        """Whether the words change what lies there; all of it where there is nothing to keep."""
        return not self.keeps or _look(self.before, place) != _look(self.demand.scene, place)

    def fault(self, sort: Sort, place: str, wanted: Thing | None, got: Thing | None) -> Fault:
        """A fault at a place, with all that follows from the place."""
        named = self.named(place)
        counted = not named and self._counted(wanted or got)
        taught, taken = place in self.demand.taught, self.demand.taken.get(place)
        return Fault(sort, place, wanted, got, named or counted, strayed=counted, taught=taught, taken=taken)

    def _counted(self, thing: Thing | None) -> bool:
        counts = [op for op in self.demand.clauses if isinstance(op, ops.Count)]
        return thing is not None and any(fits(op.look, thing) for op in counts)

    def moved(self, wanted: Thing, got: Thing) -> Fault:
        """A thing of the right look in the wrong place spoils two places."""
        named = self.named(wanted.place), self.named(got.place)
        whole = self.fault("moved", wanted.place, wanted, got)
        return replace(whole, named=any(named) or whole.named, strayed=not all(named), taken=None)

    def things(self) -> list[Fault]:
        """Everything that is wrong with the things."""
        faults: list[Fault] = []
        missing, extra = [], []
        for place in PLACES:
            one, two = self.demand.scene.at(place), self.got.at(place)
            if one and two:
                if respects := _respects(one, two, self.known):
                    faults.append(self.fault(respects[0], place, one, two))
            elif one:
                missing.append(one)
            elif two:
                extra.append(two)
        faults = self._pairs(missing, extra) + faults
        faults += [self.fault("missing", t.place, t, None) for t in missing]
        return faults + [self.fault("extra", t.place, None, t) for t in extra]

    def _pairs(self, missing: list[Thing], extra: list[Thing]) -> list[Fault]:
        """Missing and extra things of one look are one thing moved; they are taken off both lists."""
        moved = []
        for wanted in list(missing):
            got = next((t for t in extra if t.look == wanted.look), None)
            if got is not None:
                missing.remove(wanted)
                extra.remove(got)
                moved.append(self.moved(wanted, got))
        return moved

    def grounds(self) -> list[Fault]:
        """What is wrong with the background and the light."""
        old, wanted, got = self.before, self.demand.scene, self.got
        faults = []
        if wanted.background != got.background:
            named = not self.keeps or wanted.background != old.background
            faults.append(Fault("background", None, named=named, grounds=(wanted.background, got.background)))
        if wanted.tone != got.tone:
            named = not self.keeps or wanted.tone != old.tone
            faults.append(Fault("light", None, named=named, grounds=(wanted.tone, got.tone)))
        return faults


def _look(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing.look if thing else None


def compare(before: Scene, demand: Demand, got: Scene, known: frozenset[str], keeps: bool) -> list[Fault]:
    """Everything that differs between the scene demanded and the scene seen; `keeps`: there was something to keep."""
    case = SeenScene(before, replace(demand, scene=demand.scene.settled()), got.settled(), known, keeps)
    faults = case.things() + case.grounds()
    wanted = set(demand.scene.artifacts)
    faults += [Fault("streak", p, named=False) for p in got.artifacts if p not in wanted]
    return faults + [Fault("impossible", None, grounds=misfit) for misfit in demand.misfits]


_ORDER: tuple[Sort, ...] = ("streak", "extra", "moved", *_RESPECTS, "missing", "background", "light")


def remedies(faults: Sequence[Fault]) -> list[Op]:
    """The ops that mend the faults, in an order in which they can be carried out."""
    ordered = sorted((f for f in faults if f.sort in _ORDER), key=lambda f: _ORDER.index(f.sort))
    return [_remedy(f) for f in ordered]


def _remedy(fault: Fault) -> Op:
    wanted, got = fault.wanted, fault.got
    match fault.sort:
        case "background":
            return ops.Background(fault.grounds[0])
        case "light":
            return ops.Light(fault.grounds[0])
        case "streak":
            return ops.Clean(fault.place)
    if wanted is None:
        assert got is not None
        return ops.Remove(exact(got))
    if got is None:
        return ops.Add(full(wanted), wanted.place)
    return ops.Move(exact(got), wanted.place) if fault.sort == "moved" else altered(got, wanted)


def altered(got: Thing, wanted: Thing) -> Op:
    """The plainest op that makes one thing look like another in its place."""
    respects = [r for r in _RESPECTS if getattr(wanted, r) != getattr(got, r)]
    match respects:
        case ["facing"]:
            return ops.Turn(exact(got), wanted.facing)  # type: ignore[arg-type]
        case ["chipped"] if not wanted.chipped:
            return ops.Complete(exact(got))
        case ["colour" | "size" | "texture" | "mark" | "text" as name]:
            return ops.Alter(exact(got), Look(**{name: getattr(wanted, name)}))
    return ops.Replace(exact(got), full(wanted))


def restate(thing: Thing) -> Op:
    """An op that asks again for what should lie somewhere, whatever lies there."""
    return ops.Replace(Selector(Look(), thing.place), full(thing))
