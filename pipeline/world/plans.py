"""Decomposition: an instruction into steps. In: a request for a plan. Out: rationale and steps as JSON text.

Local changes come before the background, similar ones side by side, one a step while there are at most three. Every step
names things as they will be by then, so that carrying the steps out in order yields exactly what the instruction demands.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.world import ops
from pipeline.world.faults import compare, follow, known, remedies
from pipeline.world.generator import look_at
from pipeline.world.language import orders, phrase
from pipeline.world.ops import Op, Unresolved
from pipeline.world.request import Request, tags
from pipeline.world.scene import Scene, Thing, empty
from stages.errors import Refused

ONE_EACH = 3


def _spelled_out(op: Op, scene: Scene) -> Op:
    """The op with its things named in full, as they are in `scene`."""
    if isinstance(op, ops.Swap):
        return ops.Swap(ops.exact(ops.find(scene, op.target)), ops.exact(ops.find(scene, op.other)))
    if isinstance(op, ops.Remove | ops.Replace | ops.Recolour | ops.Resize | ops.Move):
        return replace(op, target=ops.exact(ops.find(scene, op.target)))
    return op


def _named(scene: Scene, clauses: Sequence[Op]) -> list[Op]:
    named = []
    for op in clauses:
        named.append(_spelled_out(op, scene))
        scene = ops.perform(scene, op)
    return named


def _reachable(scene: Scene, clauses: Sequence[Op], target: Scene) -> bool:
    try:
        return ops.apply(scene, clauses).settled() == target.settled()
    except Unresolved:
        return False


def _ordered(scene: Scene, clauses: Sequence[Op]) -> list[Op]:
    """Similar ops side by side and the background last, where that leads to the same scene."""
    kinds = list(dict.fromkeys(type(op) for op in clauses))
    local = [op for op in clauses if not isinstance(op, ops.Background)]
    ground = [op for op in clauses if isinstance(op, ops.Background)][-1:]
    alike = sorted(local, key=lambda op: kinds.index(type(op)))
    target = ops.apply(scene, clauses)
    return next(o for o in (alike + ground, local + ground, list(clauses)) if _reachable(scene, o, target))


def _remake(old: Thing, new: Thing) -> list[Op]:
    return [ops.Remove(ops.exact(old)), ops.Add(ops.full(new), new.place)]


def _counted(op: ops.Count, scene: Scene) -> list[Op]:
    """A count, one thing at a time."""
    after = ops.perform(scene, op)
    gone: list[Op] = [ops.Remove(ops.exact(t)) for t in scene.things if after.at(t.place) is None]
    return gone + [ops.Add(ops.full(t), t.place) for t in after.things if scene.at(t.place) is None]


def split(op: Op, scene: Scene) -> list[Op]:
    """Smaller ops with the same result; the op alone when there are none."""
    match op:
        case ops.Add(look, place):
            new = ops.make(look, place)
            first = replace(new, size="large" if new.size == "medium" else "medium")
            return [ops.Add(ops.full(first), place), ops.Resize(ops.exact(first), new.size)]
        case ops.Remove(target):
            old = ops.find(scene, target)
            shrunk = replace(old, size="medium" if old.size == "small" else "small")
            return [ops.Resize(ops.exact(old), shrunk.size), ops.Remove(ops.exact(shrunk))]
        case ops.Replace(target) | ops.Recolour(target) | ops.Resize(target):
            old = ops.find(scene, target)
            new_thing = ops.perform(scene, op).at(old.place)
            return _remake(old, new_thing) if new_thing else [op]
        case ops.Move(target, place):
            return _remake(old := ops.find(scene, target), old.at(place))
        case ops.Swap(target, other):
            one, two = ops.find(scene, target), ops.find(scene, other)
            return [ops.Replace(ops.exact(one), ops.full(two)), ops.Replace(ops.exact(two), ops.full(one))]
        case ops.Count():
            parts = _counted(op, scene)
            return split(parts[0], scene) if len(parts) == 1 else parts or [op]
        case ops.Background(colour):
            return [ops.Background("white" if colour != "white" else "grey"), op]
        case _:
            return [op]


def _stretched(scene: Scene, clauses: list[Op], least: int) -> list[Op]:
    """At least so many ops with the same result, where that can be had."""
    while len(clauses) < least:
        now = scene
        for index, op in enumerate(clauses):
            parts = split(op, now)
            if len(parts) > 1:
                clauses = clauses[:index] + parts + clauses[index + 1 :]
                break
            now = ops.perform(now, op)
        else:
            break
    return clauses


def decompose(scene: Scene, clauses: Sequence[Op], least: int, most: int) -> list[list[Op]]:
    """The clauses as steps of few ops each. Raises Unresolved when they do not fit the scene."""
    whole = _stretched(scene, _ordered(scene, clauses), least)
    whole = _named(scene, whole)
    wished = len(whole) if len(whole) <= ONE_EACH else (len(whole) + 1) // 2
    steps = max(1, min(max(wished, least), most, len(whole)))
    share, rest = divmod(len(whole), steps)
    sizes = [share + (1 if i < rest else 0) for i in range(steps)]
    ends = np.cumsum(sizes)
    return [whole[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _rationale(request: Request, clauses: Sequence[Op], steps: int, rng: np.random.Generator) -> str:
    weak = [t for t in tags(request.text, "axis") if t.attributes.get("score") not in (None, "5")]
    seen = (
        f" In the first try, {weak[0].text[:1].lower()}{weak[0].text[1:].rstrip('.')}." if weak and weak[0].text else ""
    )
    grounds = any(isinstance(op, ops.Background) for op in clauses)
    order = " The background comes last, when the things are in place." if grounds and len(clauses) > 1 else ""
    many = f"{len(clauses)} changes" if len(clauses) > 1 else "a change that is easier to get right in parts"
    openers = (
        f"The instruction asks for {many}, which is a lot for one pass.",
        f"There are {many} in this instruction.",
        f"This calls for {many}.",
    )
    return f"{openers[int(rng.integers(3))]}{seen} I take it in {steps} small steps, each easy to check.{order}"


def _task(request: Request, clauses: list[Op]) -> tuple[Scene, list[Op]]:
    """The scene that step 1 works on, and what is to be done to it.

    One image is the first try alone: nothing came before it. Work starts from the references, or from the first try
    where the request says so; then the mending of that try is what there is to plan.
    """
    if not request.images:
        raise Refused("I cannot plan this: there is no image.")
    before = look_at(request, -2) if len(request.images) > 1 else empty()
    wanted, misfits = follow(before, clauses)
    if request.find("start") == "attempt":
        tried = look_at(request, -1)
        terms = known(wanted, request.find("explanation"))
        fixes = remedies(compare(before, wanted, tried, clauses, terms))
        return tried, fixes or [ops.Background(wanted.background)]
    return before, [op for op in clauses if not follow(before, [op])[1]] if misfits else clauses


def plan(request: Request) -> str:
    """The plan for an instruction. Raises Refused."""
    clauses, rng = request.ops("instruction"), request.rng("words")
    least, most = request.number("steps_min", 2), request.number("steps_max", 5)
    # One image is the first try alone: nothing came before it, so the work starts from the empty scene.
    scene, fitting = _task(request, clauses)
    try:
        steps = decompose(scene, fitting, least, most)
    except Unresolved as error:
        raise Refused(f"I cannot plan this: {error}.") from error
    texts = [orders([phrase(op, rng) for op in step], rng) for step in steps]
    return json.dumps({"rationale": _rationale(request, clauses, len(steps), rng), "steps": texts})
