"""Decomposition: an instruction into steps. In: a request for a plan. Out: rationale and steps as JSON text.

Every step is concrete (`concrete`). Similar changes come side by side; the background and the light come last, where every
picture on the way can be drawn; one change a step while there are at most three. Carrying the steps out in order yields
exactly what the instruction demands.
"""

import json
from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.models.concrete import idle, spelled_out, split
from pipeline.backends.world.models.demand import Demand, drawable, follow
from pipeline.backends.world.models.desk import Desk, keeps_nothing, tried
from pipeline.backends.world.models.faults import compare, explained, remedies
from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import Context, apply
from pipeline.backends.world.scenes.scene import Scene, empty
from pipeline.backends.world.words.language import orders, phrase
from pipeline.backends.world.words.reading import facts
from stages.errors import Refused

ONE_EACH = 3
Steps = list[list[Op]]


def _first(op: Op) -> bool:
    """What borrows from the first picture makes the start an empty canvas: it belongs to the first step."""
    return isinstance(op, ops.AddFrom) and op.picture == 1


def _grounds(op: Op) -> bool:
    return isinstance(op, ops.Background | ops.Light)


def _orders(clauses: Sequence[Op]) -> list[list[Op]]:
    """Orders to try, the most wished for first."""
    kinds = list(dict.fromkeys(type(op) for op in clauses))
    local = [op for op in clauses if not _grounds(op)]
    ground = [op for op in clauses if _grounds(op)]
    alike = sorted(local, key=lambda op: (not _first(op), kinds.index(type(op))))
    return [alike + ground, local + ground, list(clauses), ground + alike, ground + local]


def _cut(clauses: list[Op], least: int, most: int) -> Steps:
    """The clauses as steps of about the same length, with what must be in the first one."""
    head = next((n + 1 for n, op in enumerate(clauses) if _first(op)), 1)
    wished = len(clauses) if len(clauses) <= ONE_EACH else (len(clauses) + 1) // 2
    count = max(1, min(max(wished, least), most, len(clauses) - head + 1))
    share, rest = divmod(len(clauses), count)
    sizes = [share + (1 if i < rest else 0) for i in range(count)]
    if sizes[0] < head:
        share, rest = divmod(len(clauses) - head, count - 1) if count > 1 else (0, 0)
        sizes = [head, *(share + (1 if i < rest else 0) for i in range(count - 1))]
    ends = np.cumsum(sizes)
    return [clauses[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _leads(scene: Scene, steps: Steps, target: Scene, context: Context) -> bool:
    """Whether the steps lead to the target, over pictures that can all be drawn."""
    try:
        for step in steps:
            scene = apply(scene, step, context)
            if scene.misfit:
                return False
    except Unresolved:
        return False
    return scene.settled() == target.settled()


def _stretched(scene: Scene, clauses: list[Op], least: int, context: Context) -> list[Op]:
    """At least so many ops with the same result."""
    while len(clauses) < least:
        last = clauses[-1]
        before = apply(scene, clauses[:-1], context)
        clauses = [*clauses[:-1], *split(last, before, context)]
    return clauses


def decompose(scene: Scene, clauses: Sequence[Op], least: int, most: int, context: Context) -> Steps:
    """The clauses as steps of few plain ops each. Raises Unresolved when they do not fit the scene."""
    plain = spelled_out(scene, clauses, context) or [idle(scene)]
    parts = _stretched(scene, plain, least, context)
    target = apply(scene, parts, context)
    ways = [_cut(order, least, most) for order in _orders(parts)]
    return next((way for way in ways if _leads(scene, way, target, context)), ways[2])


def _rationale(request: Request, changes: int, steps: Steps, rng: np.random.Generator) -> str:
    weak = [t for t in tags(request.text, "axis") if t.attributes.get("score") not in (None, "5")]
    seen = (
        f" In the first try, {weak[0].text[:1].lower()}{weak[0].text[1:].rstrip('.')}." if weak and weak[0].text else ""
    )
    last = len(steps) > 1 and all(_grounds(op) for op in steps[-1])
    order = " The scene as a whole comes last, when the things are in place." if last else ""
    many = f"{changes} changes" if changes > 1 else "a change that is easier to get right in parts"
    openers = (
        f"The instruction asks for {many}, which is a lot for one pass.",
        f"There are {many} in this instruction.",
        f"This calls for {many}.",
    )
    return f"{openers[int(rng.integers(3))]}{seen} I take it in {len(steps)} small steps, each easy to check.{order}"


def _task(request: Request, desk: Desk, clauses: list[Op]) -> tuple[Scene, list[Op]]:
    """The scene that step 1 works on, and what is to be done to it.

    Work starts from the references or an empty canvas, or from the first try where the request says so; then the mending of
    that try is what there is to plan.
    """
    explanation = request.find("explanation")
    known = facts(explanation) if explanation else {}
    if request.find("start") == "attempt":
        assert desk.canvas is not None
        demand = follow(desk, clauses, known, desk.canvas)
        shapes = explained(demand.scene, explanation)
        faults = compare(desk.start, demand, desk.canvas, shapes, not keeps_nothing(desk))
        return desk.canvas, remedies(faults) or [ops.Background(demand.scene.background)]
    demand = follow(desk, clauses, known, None)
    return desk.start, _grounded(desk, demand)


def _grounded(desk: Desk, demand: Demand) -> list[Op]:
    """The clauses that fit, and on a new picture a background on which all of it can be seen."""
    ground = drawable(demand.scene).background
    spoken = any(isinstance(op, ops.Background) for op in demand.clauses)
    if desk.start != empty() or spoken or ground == desk.start.background:
        return list(demand.clauses)
    return [ops.Background(ground), *demand.clauses]


def plan(request: Request) -> str:
    """The plan for an instruction. Raises Refused."""
    clauses, rng = request.ops("instruction"), request.rng("words")
    least, most = request.number("steps_min", 2), request.number("steps_max", 5)
    desk = tried(request, clauses)
    scene, todo = _task(request, desk, clauses)
    if not todo:
        raise Refused("I cannot plan this: none of its clauses fits the picture that it starts from.")
    try:
        steps = decompose(scene, todo, least, most, Context(desk.pictures))
    except Unresolved as error:
        raise Refused(f"I cannot plan this: {error}.") from error
    texts = [orders([phrase(op, rng) for op in step], rng) for step in steps]
    return json.dumps({"rationale": _rationale(request, len(clauses), steps, rng), "steps": texts})
