"""Truth: what a sample's image should show, and whether an image shows it. In: image bytes and a `Truth`. Out: a `Finding`.

The target scene is drawn without noise and compared cell by cell with the image. It knows nothing of the Analyzer
nor of its vision: a second, independent opinion. Where the words leave something open, the target makes that choice as the
image does, as far as this module's own reading of it goes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, cast

import cv2

from pipeline.backends.world.drawing.draw import pixels
from pipeline.backends.world.oracle.compare import Difference, differences
from pipeline.backends.world.oracle.flat import fitted, flatten, ground_of
from pipeline.backends.world.oracle.glimpse import glimpse
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, fits
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import Context, grounded, perform
from pipeline.backends.world.scenes.scene import Scene
from stages.records import AXES, Axis, Cause

GROUND, LIGHT = "background", "light"
"""Stand for a place where the ground's colour, or the tone, is wrong."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a sample asks for: the scene that the work starts from, the references' scenes, the clauses, and the scene they lead to.

    `exotic`: the target holds a thing that the Generator has no primitive for. `cause`: why a model that never gets there
    fails. `loose`: the words leave something open, so other scenes than the target are right as well. `taught`: which clauses,
    counted from 0, an explanation alone makes clear.
    """

    start: Scene
    pictures: tuple[Scene, ...]
    clauses: tuple[Op, ...]
    target: Scene
    exotic: bool
    cause: Cause
    loose: bool
    taught: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many clauses lead to the target."""
        return len(self.clauses)

    def dump(self) -> str:
        """As JSON; `load` reads it."""
        body = {
            "start": self.start.to_dict(),
            "pictures": [p.to_dict() for p in self.pictures],
            "clauses": json.loads(ops.dump(self.clauses)),
            "target": self.target.to_dict(),
            "exotic": self.exotic,
            "cause": self.cause,
            "loose": self.loose,
            "taught": list(self.taught),
        }
        return json.dumps(body)

    @classmethod
    def load(cls, text: str) -> Self:
        """The truth that `dump` wrote."""
        data = json.loads(text)
        return cls(
            Scene.from_dict(data["start"]),
            tuple(Scene.from_dict(p) for p in data["pictures"]),
            ops.load(json.dumps(data["clauses"])),
            Scene.from_dict(data["target"]),
            data["exotic"],
            cast(Cause, data["cause"]),
            data["loose"],
            tuple(data["taught"]),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an image: the places, by the axis they count on; GROUND and LIGHT are places too."""

    wrong: Mapping[Axis, frozenset[str]]

    @property
    def right(self) -> bool:
        """True when nothing is wrong."""
        return not self.places

    @property
    def places(self) -> frozenset[str]:
        """All places where something is wrong."""
        return frozenset().union(*self.wrong.values())


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The target, and the places that knowledge decided or that hold what another picture showed."""

    scene: Scene
    known: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()


def _look(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing and thing.look


def _followed(truth: Truth, context: Context) -> _Wanted:
    """The clauses carried out. Raises Unresolved."""
    scene, known, taken = truth.start, frozenset[str](), frozenset[str]()
    for n, op in enumerate(truth.clauses):
        after = perform(scene, op, context)
        new = frozenset(p for p in PLACES if _look(scene, p) != _look(after, p))
        known |= new if n in truth.taught or isinstance(op, ops.Later | ops.Push) else frozenset()
        taken |= new if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom) else frozenset()
        scene = after
    return _Wanted(grounded(scene, truth.clauses, truth.start, context), known, taken)


def _wanted(truth: Truth, seen: Scene) -> _Wanted:
    """The target, with what the words leave open as the image has it. One that leads nowhere leaves the target as it is."""
    try:
        found = _followed(truth, Context(truth.pictures, seen if truth.loose else None))
    except Unresolved:
        return _Wanted(truth.target)
    return found if truth.loose else replace(found, scene=truth.target)


def _axes(truth: Truth, wanted: _Wanted, seen: Scene, place: str, what: Difference | None) -> set[Axis]:
    """Which axes a wrong place counts on."""
    start, target = truth.start, wanted.scene
    after, shown = target.at(place), seen.at(place)
    uncleaned = place in start.artifacts and place not in target.artifacts and after is None and shown is None
    if what == "streak" or uncleaned:
        return {"quality"}
    if place == GROUND:
        changed = start.background != target.background
    elif place == LIGHT:
        changed = start.tone != target.tone
    else:
        changed = _look(start, place) != _look(target, place)
    # Pictures that are only borrowed from leave nothing to keep: the work starts from none of them.
    found: set[Axis] = {"instruction"} if changed or start not in truth.pictures else {"consistency"}
    counts = [op.look for op in truth.clauses if isinstance(op, ops.Count)]
    if any(thing and fits(look, thing) for look in counts for thing in (shown, after)):
        found.add("instruction")
    if shown and place in wanted.taken:
        found.add("consistency")
    # A place that something should have left counts only where it has not.
    moved = after is not None or _look(seen, place) == _look(start, place)
    if changed and ((place in wanted.known and moved) or (after is not None and after.exotic)):
        found.add("knowledge")
    return found


def inspect(image: bytes, truth: Truth) -> Finding:
    """What an image has wrong. Raises ValueError when it cannot be decoded."""
    cv2.setNumThreads(1)
    rgb = pixels(image)
    size = (rgb.shape[1], rgb.shape[0])
    bare = fitted(rgb)
    background, tone = ground_of(bare)
    flat = flatten(bare, background, tone)
    seen = glimpse(flat, background, tone, (truth.target, truth.start, *truth.pictures), truth.clauses)
    wanted = _wanted(truth, seen)
    target = wanted.scene
    amiss: dict[str, Difference | None] = {}
    if background != target.background:
        amiss[GROUND] = None
    if tone != target.tone:
        amiss[LIGHT] = None
    amiss.update(differences(flat, replace(target, background=background, tone=tone), size))
    on = {place: _axes(truth, wanted, seen, place, what) for place, what in amiss.items()}
    return Finding({axis: places for axis in AXES if (places := frozenset(p for p in on if axis in on[p]))})


def is_right(image: bytes, truth: Truth) -> bool:
    """Whether an image shows what was asked for. Raises ValueError when it cannot be decoded."""
    return inspect(image, truth).right
