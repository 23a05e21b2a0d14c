"""The image models of the world. In: a request (words and pixels) and a skill. Out: PNG bytes of the asked size.

Sees the canvas by vision, carries out each clause on the scene it saw, and draws the whole image anew. Each clause may
slip; the more come at once, the likelier. What it has no primitive for it never draws.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.world import ops
from pipeline.world.draw import picture
from pipeline.world.ops import Look, Op, Unresolved
from pipeline.world.reading import glean
from pipeline.world.request import Request
from pipeline.world.scene import BACKGROUNDS, COLOURS, EXOTIC_SHAPES, SHAPES, SIZES, Scene, empty
from pipeline.world.skill import Skill
from pipeline.world.vision import see
from stages.errors import Refused

LEAVES_OUT = 0.15


def look_at(request: Request, index: int) -> Scene:
    """What an image of the request shows. Raises Refused when it cannot be decoded."""
    try:
        return see(request.images[index])
    except ValueError as error:
        raise Refused(
            f"I cannot see image {index % len(request.images) + 1} of {len(request.images)}: {error}."
        ) from error


def _other(options: Sequence[str], not_this: str | None, rng: np.random.Generator) -> str:
    rest = [o for o in options if o != not_this]
    return rest[int(rng.integers(len(rest)))]


def _wrong_look(look: Look, rng: np.random.Generator, parts: Sequence[str]) -> Look:
    match parts[int(rng.integers(len(parts)))]:
        case "colour":
            return replace(look, colour=_other(list(COLOURS), look.colour, rng))
        case "size":
            return replace(look, size=_other(list(SIZES), look.size or "medium", rng))
        case _:
            return replace(look, shape=_other(SHAPES, look.shape, rng))


def _neighbour(scene: Scene, op: Op, rng: np.random.Generator) -> Op | None:
    """The same op done to another thing."""
    assert isinstance(op, ops.Remove | ops.Recolour | ops.Resize)
    others = [t for t in scene.things if not op.target.fits(t)]
    return replace(op, target=ops.exact(others[int(rng.integers(len(others)))])) if others else None


def botch(op: Op, scene: Scene, rng: np.random.Generator) -> Op | None:
    """What an op becomes when it goes wrong; None: missed."""
    if rng.random() < 0.4:
        return None
    other_target = rng.random() < 0.35
    match op:
        case ops.Add(look, place):
            if other_target and (free := [p for p in scene.free() if p != place]):
                return replace(op, place=free[int(rng.integers(len(free)))])
            return replace(op, look=_wrong_look(look, rng, ("colour", "size", "shape")))
        case ops.Replace(_, look):
            return replace(op, look=_wrong_look(look, rng, ("colour", "shape") if look.colour else ("shape",)))
        case ops.Count(_, number):
            return replace(op, number=max(1, number + int(rng.choice((-1, 1)))) if number > 1 else 2)
        case ops.Recolour(_, colour) if not other_target:
            return replace(op, colour=_other(list(COLOURS), colour, rng))
        case ops.Resize(_, size) if not other_target:
            return replace(op, size=_other(list(SIZES), size, rng))
        case ops.Remove() | ops.Recolour() | ops.Resize():
            return _neighbour(scene, op, rng)
        case ops.Move(_, place):
            free = [p for p in scene.free() if p != place]
            return replace(op, place=free[int(rng.integers(len(free)))]) if free else None
        case ops.Background(colour):
            return ops.Background(_other(list(BACKGROUNDS), colour, rng))
        case _:
            return None


def familiar(op: Op, rng: np.random.Generator) -> Op | None:
    """The op in terms of what can be drawn: another shape, a plain fill, or None where it is left out."""
    if not isinstance(op, ops.Add | ops.Replace | ops.Count):
        return op
    look = op.look
    if look.shape in EXOTIC_SHAPES:
        if rng.random() < LEAVES_OUT:
            return None
        look = replace(look, shape=_other(SHAPES, None, rng))
    return replace(op, look=replace(look, texture=None))


def _perform(scene: Scene, op: Op | None) -> Scene:
    """The scene after the op; a clause that does not fit what is seen is left undone."""
    if op is None:
        return scene
    try:
        return ops.perform(scene, op)
    except Unresolved:
        return scene


def disturb(scene: Scene, spared: set[str], rng: np.random.Generator) -> Scene:
    """The scene with one thing gone wrong that nobody asked for: a thing moved or recoloured, or a stray streak."""
    way, free = rng.random(), scene.free()
    others = [t for t in scene.things if t.place not in spared]
    if others and way < 0.65:
        thing = others[int(rng.integers(len(others)))]
        if way < 0.35 and free:
            return scene.drop(thing.place).put(thing.at(free[int(rng.integers(len(free)))]))
        return scene.put(replace(thing, colour=_other(list(COLOURS), thing.colour, rng)))
    return scene.streaked(free[int(rng.integers(len(free)))]) if free else scene


def carry_out(scene: Scene, clauses: Sequence[Op], skill: Skill, rng: np.random.Generator) -> Scene:
    """The scene after the clauses, as well as this skill manages so many at once."""
    before = scene
    for op in clauses:
        tried = botch(op, scene, rng) if rng.random() < skill.slips(len(clauses)) else op
        scene = _perform(scene, familiar(tried, rng) if tried else None)
    if rng.random() < skill.sides(len(clauses)):
        scene = disturb(scene, _touched(before, scene), rng)
    return scene


def _touched(before: Scene, after: Scene) -> set[str]:
    return {t.place for t in after.things if before.at(t.place) != t}


def mend(canvas: Scene, fixes: Sequence[Op], clauses: int, skill: Skill, rng: np.random.Generator) -> Scene:
    """The canvas after an improvement plan: most faults mended, at a price where the instruction has many clauses."""
    scene = canvas
    for op in fixes:
        if rng.random() < skill.mend:
            scene = _perform(scene, familiar(op, rng))
    if rng.random() < skill.breaks(clauses):
        scene = disturb(scene, _touched(canvas, scene), rng)
    return scene


def make_image(request: Request, skill: Skill) -> bytes:
    """The image that a request asks for. Raises Refused."""
    width, height = request.size()
    rng = request.rng("draw")
    scene = look_at(request, -1) if request.images else empty()
    plan = request.find("improvement_plan")
    if request.find("subtask") is not None:
        scene = carry_out(scene, request.ops("subtask"), skill, rng)
    elif plan is None:
        scene = carry_out(scene, request.ops("instruction"), skill, rng)
    else:
        clauses = request.ops("instruction")
        scene = mend(scene, glean(plan), len(clauses), skill, rng)
    return picture(scene, width, height, rng)
