"""Truth: the scene that a sample's image should show, and the faults of an image. In: image bytes and a `Truth`. Out: a `Finding`.

The target scene is drawn without noise and compared with the image cell by cell. Nothing of the Analyzer or its vision is
used, so that this is an independent opinion. Where the words leave a choice open, the target takes the choice that the image
shows, as `glimpse` reads it.
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
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved, fits
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import perform, settle_background
from pipeline.backends.world.scenes.scene import Scene
from stages.records import AXES, Axis, Cause

GROUND, LIGHT = "background", "light"
"""The two places of a `Finding` that are no cells: the background's colour, and the tone."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a sample asks for: the scene that the work starts from, the references' scenes, the clauses, and the scene they lead to.

    `exotic`: the target holds a thing that the Generator has no primitive for. `cause`: the reason why a model fails if it never
    reaches the target. `loose`: the words leave a choice open, so other scenes are right, too. `taught`: the clauses, counted
    from 0, that only the explanation makes clear.
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
        """The truth that `dump` wrote. Raises ValueError, KeyError or TypeError for other text."""
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
    """The wrong places of an image by the axis they count on; GROUND and LIGHT are places, too."""

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
class _Expected:
    """The target; `taught`: places that knowledge decided; `borrowed`: places that hold a thing of another picture."""

    scene: Scene
    taught: frozenset[str] = frozenset()
    borrowed: frozenset[str] = frozenset()


def _look_in_cell(scene: Scene, place: str) -> object:
    thing = scene.at(place)
    return thing and thing.look


def _follow_clauses(truth: Truth, context: Context) -> _Expected:
    """Carry out the clauses. Raises Unresolved."""
    scene, taught, borrowed = truth.start, frozenset[str](), frozenset[str]()
    for n, op in enumerate(truth.clauses):
        after = perform(scene, op, context.before(truth.clauses[n + 1 :]))
        new = frozenset(p for p in PLACES if _look_in_cell(scene, p) != _look_in_cell(after, p))
        taught |= new if n in truth.taught or isinstance(op, ops.Later | ops.Push) else frozenset()
        borrowed |= new if isinstance(op, ops.AddFrom | ops.ReplaceFrom | ops.TransferFrom) else frozenset()
        scene = after
    return _Expected(settle_background(scene, truth.clauses, truth.start, context), taught, borrowed)


def _expect(truth: Truth, pictured: Scene) -> _Expected:
    """The target with its open choices taken from the image; the stored target where those choices cannot be carried out."""
    try:
        expected = _follow_clauses(truth, Context(truth.pictures, pictured if truth.loose else None))
    except Unresolved:
        return _Expected(truth.target)
    return expected if truth.loose else replace(expected, scene=truth.target)


def _axes_of(truth: Truth, expected: _Expected, pictured: Scene, place: str, what: Difference | None) -> set[Axis]:
    """The axes that a wrong place counts on."""
    start, target = truth.start, expected.scene
    after, shown = target.at(place), pictured.at(place)
    uncleaned = place in start.artifacts and place not in target.artifacts and after is None and shown is None
    if what == "streak" or uncleaned:
        return {"quality"}
    if place == GROUND:
        changed = start.background != target.background
    elif place == LIGHT:
        changed = start.tone != target.tone
    else:
        changed = _look_in_cell(start, place) != _look_in_cell(target, place)
    # Pictures that are only borrowed from leave nothing to keep: the work starts from none of them.
    axes: set[Axis] = {"instruction"} if changed or start not in truth.pictures else {"consistency"}
    counts = [op.look for op in truth.clauses if isinstance(op, ops.Count)]
    if any(thing and fits(look, thing) for look in counts for thing in (shown, after)):
        axes.add("instruction")
    if shown and place in expected.borrowed:
        axes.add("consistency")
    # A place that something should have left counts only where it has not.
    moved = after is not None or _look_in_cell(pictured, place) == _look_in_cell(start, place)
    if changed and ((place in expected.taught and moved) or (after is not None and after.exotic)):
        axes.add("knowledge")
    return axes


def inspect(image: bytes, truth: Truth) -> Finding:
    """The wrong places of an image. Raises ValueError when it cannot be decoded."""
    cv2.setNumThreads(1)
    rgb = pixels(image)
    size = (rgb.shape[1], rgb.shape[0])
    bare = fitted(rgb)
    background, tone = ground_of(bare)
    flat = flatten(bare, background, tone)
    pictured = glimpse(flat, background, tone, (truth.target, truth.start, *truth.pictures), truth.clauses)
    expected = _expect(truth, pictured)
    target = expected.scene
    differing: dict[str, Difference | None] = {}
    if background != target.background:
        differing[GROUND] = None
    if tone != target.tone:
        differing[LIGHT] = None
    differing.update(differences(flat, replace(target, background=background, tone=tone), size))
    axes_at = {place: _axes_of(truth, expected, pictured, place, what) for place, what in differing.items()}
    return Finding({axis: places for axis in AXES if (places := frozenset(p for p in axes_at if axis in axes_at[p]))})


def is_right(image: bytes, truth: Truth) -> bool:
    """Whether nothing is wrong with an image. Raises ValueError when it cannot be decoded."""
    return inspect(image, truth).right
