"""Find the faults of an image by comparing scenes. In: the demanded scene, the scene seen. Out: `Fault`s and remedies.

A fault has a place, the axes it counts on, and an op that mends it; `critique` words it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.backends.world.models.demand import DemandedScene
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import exact_selector, fits, full_look
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
    """One thing that is wrong. `expected` and `got` are the thing demanded and the thing seen; None: no thing.

    `named`: the words mention it. `strayed`: it also spoils a place that the words do not mention. `taught`: it takes knowledge
    to get right. `borrowed_from`: the number of the picture that the thing should come from. `grounds`: background or light,
    demanded and seen; or the clause that cannot be followed, and the reason.
    """

    sort: Sort
    place: str | None
    expected: Thing | None = None
    got: Thing | None = None
    named: bool = True
    strayed: bool = False
    taught: bool = False
    borrowed_from: int | None = None
    grounds: tuple[str, str] = ("", "")

    @property
    def exotic(self) -> bool:
        """Whether the Generator has no primitive for the expected thing."""
        return self.expected is not None and self.expected.exotic

    def axes(self) -> tuple[str, ...]:
        """The axes it counts on."""
        if self.sort == "streak":
            return ("quality",)
        axes = ["instruction"] if self.named else []
        if not self.named or self.strayed or (self.borrowed_from is not None and self.got is not None):
            axes.append("consistency")
        if self.named and (self.exotic or self.taught):
            axes.append("knowledge")
        return tuple(axes)


def explained_shapes(scene: Scene, explanation: str | None) -> frozenset[str]:
    """The exotic shapes in a scene that the explanation mentions."""
    shapes = {t.shape for t in scene.things if t.exotic}
    return frozenset(shape for shape in shapes if explanation and shape in explanation.lower())


def _differing_respects(expected: Thing, got: Thing, explained: frozenset[str]) -> list[Sort]:
    """All respects in which two things differ. An unexplained exotic shape cannot be judged: only colour and size count."""
    if expected.shape in EXOTIC_SHAPES and expected.shape not in explained:
        return [r for r in _RESPECTS[2:4] if getattr(expected, r) != getattr(got, r)]
    return [r for r in _RESPECTS if getattr(expected, r) != getattr(got, r)]


@dataclass(frozen=True, slots=True)
class SceneComparison:
    """The scene before, the demand, and the scene seen. `explained`: exotic shapes that can be judged. `keeps`: see `compare`."""

    before: Scene
    demand: DemandedScene
    got: Scene
    explained: frozenset[str]
    keeps: bool = True

    def named(self, place: str) -> bool:
        """Whether the words change that place; every place when there is nothing to keep."""
        return not self.keeps or _look_in_cell(self.before, place) != _look_in_cell(self.demand.scene, place)

    def fault(self, sort: Sort, place: str, expected: Thing | None, got: Thing | None) -> Fault:
        """A fault at a place, with the attributes that follow from the place."""
        named = self.named(place)
        counted = not named and self._is_counted(expected or got)
        taught, borrowed_from = place in self.demand.taught, self.demand.borrowed.get(place)
        return Fault(
            sort, place, expected, got, named or counted, strayed=counted, taught=taught, borrowed_from=borrowed_from
        )

    def _is_counted(self, thing: Thing | None) -> bool:
        counts = [op for op in self.demand.clauses if isinstance(op, ops.Count)]
        return thing is not None and any(fits(op.look, thing) for op in counts)

    def moved_fault(self, expected: Thing, got: Thing) -> Fault:
        """The fault of a thing of the right look in the wrong place, which spoils two places."""
        named = self.named(expected.place), self.named(got.place)
        whole = self.fault("moved", expected.place, expected, got)
        return replace(whole, named=any(named) or whole.named, strayed=not all(named), borrowed_from=None)

    def thing_faults(self) -> list[Fault]:
        """The faults of all things."""
        faults: list[Fault] = []
        missing, extra = [], []
        for place in PLACES:
            one, two = self.demand.scene.at(place), self.got.at(place)
            if one and two:
                if respects := _differing_respects(one, two, self.explained):
                    faults.append(self.fault(respects[0], place, one, two))
            elif one:
                missing.append(one)
            elif two:
                extra.append(two)
        faults = self._pair_moves(missing, extra) + faults
        faults += [self.fault("missing", t.place, t, None) for t in missing]
        return faults + [self.fault("extra", t.place, None, t) for t in extra]

    def _pair_moves(self, missing: list[Thing], extra: list[Thing]) -> list[Fault]:
        """The faults of things that moved: of one look, missing here and extra there. They are removed from both lists."""
        moved = []
        for expected in list(missing):
            got = next((t for t in extra if t.look == expected.look), None)
            if got is not None:
                missing.remove(expected)
                extra.remove(got)
                moved.append(self.moved_fault(expected, got))
        return moved

    def ground_faults(self) -> list[Fault]:
        """The faults of the background and the light."""
        old, expected, got = self.before, self.demand.scene, self.got
        faults = []
        if expected.background != got.background:
            named = not self.keeps or expected.background != old.background
            faults.append(Fault("background", None, named=named, grounds=(expected.background, got.background)))
        if expected.tone != got.tone:
            named = not self.keeps or expected.tone != old.tone
            faults.append(Fault("light", None, named=named, grounds=(expected.tone, got.tone)))
        return faults


def _look_in_cell(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing.look if thing else None


def compare(before: Scene, demand: DemandedScene, got: Scene, explained: frozenset[str], keeps: bool) -> list[Fault]:
    """All faults of the scene seen. `keeps`: work started from a picture, whose unmentioned parts must stay."""
    case = SceneComparison(before, replace(demand, scene=demand.scene.settled()), got.settled(), explained, keeps)
    faults = case.thing_faults() + case.ground_faults()
    expected_streaks = set(demand.scene.artifacts)
    faults += [Fault("streak", p, named=False) for p in got.artifacts if p not in expected_streaks]
    return faults + [Fault("impossible", None, grounds=misfit) for misfit in demand.misfits]


_ORDER: tuple[Sort, ...] = ("streak", "extra", "moved", *_RESPECTS, "missing", "background", "light")


def remedies(faults: Sequence[Fault]) -> list[Op]:
    """The ops that mend the faults, in an order in which they can be carried out."""
    ordered = sorted((f for f in faults if f.sort in _ORDER), key=lambda f: _ORDER.index(f.sort))
    return [_remedy(f) for f in ordered]


def _remedy(fault: Fault) -> Op:
    expected, got = fault.expected, fault.got
    match fault.sort:
        case "background":
            return ops.Background(fault.grounds[0])
        case "light":
            return ops.Light(fault.grounds[0])
        case "streak":
            return ops.Clean(fault.place)
    if expected is None:
        assert got is not None
        return ops.Remove(exact_selector(got))
    if got is None:
        return ops.Add(full_look(expected), expected.place)
    return ops.Move(exact_selector(got), expected.place) if fault.sort == "moved" else op_to_alter(got, expected)


def op_to_alter(got: Thing, expected: Thing) -> Op:
    """The simplest op that makes one thing look like another in its place."""
    respects = [r for r in _RESPECTS if getattr(expected, r) != getattr(got, r)]
    match respects:
        case ["facing"]:
            return ops.Turn(exact_selector(got), expected.facing)  # type: ignore[arg-type]
        case ["chipped"] if not expected.chipped:
            return ops.Complete(exact_selector(got))
        case ["colour" | "size" | "texture" | "mark" | "text" as name]:
            return ops.Alter(exact_selector(got), Look(**{name: getattr(expected, name)}))
    return ops.Replace(exact_selector(got), full_look(expected))


def restate(thing: Thing) -> Op:
    """An op that asks again for a thing at its place, whatever lies there now."""
    return ops.Replace(Selector(Look(), thing.place), full_look(thing))
