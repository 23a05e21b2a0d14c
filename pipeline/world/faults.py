"""What is wrong with an image, by comparing scenes. In: the scene before, the one demanded, the one seen. Out: `Fault`s.

A fault knows its place, the axis it counts on, the op that mends it, and how to say itself in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.world import ops
from pipeline.world.language import a, at, name
from pipeline.world.ops import Look, Op, Selector, Unresolved
from pipeline.world.scene import EXOTIC_SHAPES, EXOTIC_TEXTURES, PLACES, Scene, Thing

Sort = Literal["missing", "extra", "shape", "colour", "size", "texture", "moved", "background", "streak", "impossible"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `named`: the words speak of it. `exotic`: it needs knowledge to draw."""

    sort: Sort
    place: str | None
    wanted: Thing | None = None
    got: Thing | None = None
    named: bool = True
    grounds: tuple[str, str] = ("", "")

    @property
    def exotic(self) -> bool:
        """True when the Generator lacks a primitive for what is wanted."""
        return self.wanted is not None and self.wanted.exotic


def follow(scene: Scene, clauses: Sequence[Op]) -> tuple[Scene, list[Fault]]:
    """The scene that the clauses demand, and a fault for every clause that does not fit it."""
    faults = []
    for op in clauses:
        try:
            scene = ops.perform(scene, op)
        except Unresolved as error:
            faults.append(Fault("impossible", None, grounds=(type(op).__name__.lower(), str(error))))
    return scene, faults


def known(scene: Scene, explanation: str | None) -> set[str]:
    """The exotic terms in a scene that the explanation speaks of."""
    terms = {word for t in scene.things for word in (t.shape, t.texture) if word in (*EXOTIC_SHAPES, *EXOTIC_TEXTURES)}
    return {term for term in terms if explanation and term in explanation.lower()}


def _differs(wanted: Thing, got: Thing, terms: set[str]) -> Sort | None:
    """The first respect in which two things differ; a term nobody explained cannot be judged."""
    if wanted.shape != got.shape and (wanted.shape not in EXOTIC_SHAPES or wanted.shape in terms):
        return "shape"
    if wanted.colour != got.colour:
        return "colour"
    if wanted.size != got.size:
        return "size"
    if wanted.texture != got.texture and (wanted.texture not in EXOTIC_TEXTURES or wanted.texture in terms):
        return "texture"
    return None


def _pair(missing: list[Thing], extra: list[Thing], named: set[str]) -> list[Fault]:
    """Missing and extra things of one look are one thing moved."""
    moved = []
    for wanted in list(missing):
        got = next((t for t in extra if t.look == wanted.look), None)
        if got is not None:
            missing.remove(wanted)
            extra.remove(got)
            moved.append(Fault("moved", wanted.place, wanted, got, bool({wanted.place, got.place} & named)))
    return moved


def _is_named(thing: Thing, named: set[str], clauses: Sequence[Op]) -> bool:
    counted = any(isinstance(op, ops.Count) and op.look.fits(thing) for op in clauses)
    return thing.place in named or counted


def compare(before: Scene, wanted: Scene, got: Scene, clauses: Sequence[Op], terms: set[str]) -> list[Fault]:
    """Everything that differs between the scene demanded and the scene seen."""
    before, wanted, got = before.settled(), wanted.settled(), got.settled()
    named = {p for p in PLACES if before.at(p) != wanted.at(p)}
    faults: list[Fault] = []
    missing, extra = [], []
    for place in PLACES:
        one, two = wanted.at(place), got.at(place)
        if one and two:
            if sort := _differs(one, two, terms):
                faults.append(Fault(sort, place, one, two, place in named))
        elif one:
            missing.append(one)
        elif two:
            extra.append(two)
    faults = _pair(missing, extra, named) + faults
    faults += [Fault("missing", t.place, t, None, _is_named(t, named, clauses)) for t in missing]
    faults += [Fault("extra", t.place, None, t, _is_named(t, named, clauses)) for t in extra]
    if wanted.background != got.background:
        grounds = (wanted.background, got.background)
        faults.append(Fault("background", None, named=wanted.background != before.background, grounds=grounds))
    return faults + [Fault("streak", place, named=False) for place in got.artifacts]


_ORDER = ("streak", "extra", "moved", "shape", "texture", "colour", "size", "missing", "background")


def remedies(faults: Sequence[Fault]) -> list[Op]:
    """The ops that mend the faults, in an order in which they can be carried out."""
    ordered = sorted((f for f in faults if f.sort in _ORDER), key=lambda f: _ORDER.index(f.sort))
    return [_remedy(f) for f in ordered]


def _remedy(fault: Fault) -> Op:
    wanted, got, place = fault.wanted, fault.got, fault.place
    if fault.sort == "background":
        return ops.Background(fault.grounds[0])
    if wanted is None:
        return ops.Remove(ops.exact(got)) if got else ops.Clean(place or "center")
    if got is None:
        return ops.Add(ops.full(wanted), wanted.place)
    if fault.sort == "moved":
        return ops.Move(ops.exact(got), wanted.place)
    if fault.sort == "colour" and got.size == wanted.size and got.texture == wanted.texture:
        return ops.Recolour(ops.exact(got), wanted.colour)
    if fault.sort == "size" and got.texture == wanted.texture:
        return ops.Resize(ops.exact(got), wanted.size)
    return ops.Replace(ops.exact(got), ops.full(wanted))


def restate(thing: Thing) -> Op:
    """An op that asks again for what should lie somewhere, whatever lies there."""
    return ops.Replace(Selector(Look(), thing.place), ops.full(thing))


def tell(fault: Fault, rng: np.random.Generator) -> str:
    """The fault in words: what is wrong, and where."""
    wanted, got = fault.wanted, fault.got
    where = at(fault.place) if fault.place else ""
    w, g = (name(wanted) if wanted else ""), (name(got) if got else "")
    ground, seen = fault.grounds
    options: dict[str, tuple[str, ...]] = {
        "missing": (
            f"the {w} that belongs {where} is missing",
            f"there is no {w} {where}",
            f"nothing was drawn {where}, where a {w} should be",
        ),
        "extra": (
            f"there is {a(g or 'thing')} {where} that should not be there",
            f"the {g} {where} is one too many",
            f"{a(g or 'thing')} stands {where} although that place should be empty",
        ),
        "moved": (
            f"the {w} belongs {where} but stands {at(got.place) if got else ''}",
            f"the {w} is {at(got.place) if got else ''} instead of {where}",
        ),
        "background": (
            f"the background is {seen} where it should be {ground}",
            f"the background should be {ground}, yet it is {seen}",
        ),
        "streak": (
            f"a stray streak runs across the empty area {where}",
            f"there is a stray streak {where}",
            f"a thin stray mark disturbs the area {where}",
        ),
        "impossible": (
            f"the part that asks to {ground} something cannot be followed: {seen}",
            f"one clause ({ground}) does not fit the picture it starts from: {seen}",
        ),
    }
    unlike = (
        f"{where} there is {a(g or 'thing')} instead of {a(w or 'thing')}",
        f"the {g} {where} should be {a(w or 'thing')}",
        f"the {fault.sort} of what stands {where} is wrong: {a(g or 'thing')}, not {a(w or 'thing')}",
    )
    wordings = options.get(fault.sort, unlike)
    return wordings[int(rng.integers(len(wordings)))]
