"""Decompose an instruction into steps. In: a request for a plan. Out: rationale and steps as JSON text.

Every step is concrete (`concrete`). Similar changes come side by side; the background and the light come last if every picture
on the way can still be drawn; up to three changes get a step each. The steps in order yield exactly what the instruction
demands.
"""

import json
from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.models.concrete import idle_step, spell_out, split
from pipeline.backends.world.models.demand import DemandedScene, follow, on_first_clear_background
from pipeline.backends.world.models.desk import Desk, desk_with_attempt, keeps_nothing
from pipeline.backends.world.models.faults import compare, explained_shapes, remedies
from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.sayings import frames
from pipeline.backends.world.sayings.facts import change_slots, fill, scene_slots, sentence
from pipeline.backends.world.sayings.quotes import gist
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import apply
from pipeline.backends.world.scenes.scene import Scene, empty
from pipeline.backends.world.words.lexicon import NUMBERS
from pipeline.backends.world.words.orders import orders
from pipeline.backends.world.words.reading import facts
from stages.errors import Refused
from stages.voice_rules import LONGEST

ONE_EACH = 3
MOST_STEPS = 20
Steps = list[list[Op]]


def _must_come_first(op: Op) -> bool:
    """Whether an op borrows from picture 1. It must be in the first step, because only then the start is an empty canvas."""
    return isinstance(op, ops.AddFrom) and op.picture == 1


def _is_ground(op: Op) -> bool:
    return isinstance(op, ops.Background | ops.Light)


def _candidate_orders(clauses: Sequence[Op]) -> list[list[Op]]:
    """The orders of the clauses to try, the preferred one first."""
    kinds = list(dict.fromkeys(type(op) for op in clauses))
    local = [op for op in clauses if not _is_ground(op)]
    ground = [op for op in clauses if _is_ground(op)]
    alike = sorted(local, key=lambda op: (not _must_come_first(op), kinds.index(type(op))))
    return [alike + ground, local + ground, list(clauses), ground + alike, ground + local]


def _cut_into_steps(clauses: list[Op], least: int, most: int) -> Steps:
    """The clauses as steps of about the same length; ops that must come first are all in the first step."""
    head = next((n + 1 for n, op in enumerate(clauses) if _must_come_first(op)), 1)
    wished = len(clauses) if len(clauses) <= ONE_EACH else (len(clauses) + 1) // 2
    count = max(1, min(max(wished, least), most, len(clauses) - head + 1))
    share, rest = divmod(len(clauses), count)
    sizes = [share + (1 if i < rest else 0) for i in range(count)]
    if sizes[0] < head:
        share, rest = divmod(len(clauses) - head, count - 1) if count > 1 else (0, 0)
        sizes = [head, *(share + (1 if i < rest else 0) for i in range(count - 1))]
    ends = np.cumsum(sizes)
    return [clauses[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _lead_to(scene: Scene, steps: Steps, target: Scene, context: Context) -> bool:
    """Whether the steps lead to the target, and every picture on the way can be drawn."""
    try:
        for step in steps:
            scene = apply(scene, step, context)
            if scene.misfit:
                return False
    except Unresolved:
        return False
    return scene.settled() == target.settled()


def _stretch(scene: Scene, clauses: list[Op], least: int, context: Context) -> list[Op]:
    """At least `least` ops with the same result."""
    while len(clauses) < least:
        last = clauses[-1]
        before = apply(scene, clauses[:-1], context)
        clauses = [*clauses[:-1], *split(last, before, context)]
    return clauses


def decompose(scene: Scene, clauses: Sequence[Op], least: int, most: int, context: Context) -> Steps:
    """The clauses as `least` to `most` steps of few concrete ops each. Raises Unresolved when they do not fit the scene."""
    plain = spell_out(scene, clauses, context) or [idle_step(scene)]
    parts = _stretch(scene, plain, least, context)
    target = apply(scene, parts, context)
    ways = [_cut_into_steps(order, least, most) for order in _candidate_orders(parts)]
    return next((way for way in ways if _lead_to(scene, way, target, context)), ways[2])


def _rationale(
    request: Request, changes: int, steps: Steps, scenes: tuple[Scene, Scene], rng: np.random.Generator
) -> str:
    """Why the work is split so: from the words, the scene before, and the scene after; of a canvas also what is wrong with it."""
    before, after = scenes
    slots = scene_slots(after, after, rng) | change_slots(before, after, after, rng)
    slots["changes"] = f"{NUMBERS[changes]} changes" if 1 < changes < len(NUMBERS) else "a change of several parts"
    slots["steps"] = NUMBERS[len(steps)] if len(steps) < len(NUMBERS) else str(len(steps))
    sentences = [sentence(fill(frames.OPENERS, slots, rng)), sentence(fill(frames.WAYS, slots, rng))]
    failed = [t for t in tags(request.text, "axis") if t.attributes.get("score") not in (None, "5") and t.text]
    if failed and request.find("start") == "attempt":
        seen = sentence(fill(frames.MENDED, {"reason": gist(failed[0].text)}, rng))
        sentences[1:1] = [seen] if len(" ".join((*sentences, seen))) <= LONGEST else []
    elif len(steps) > 1 and all(_is_ground(op) for op in steps[-1]):
        sentences.append(sentence(fill(frames.GROUND_LAST, slots, rng)))
    return " ".join(sentences)


def _work_to_plan(request: Request, desk: Desk, clauses: list[Op]) -> tuple[Scene, list[Op]]:
    """The scene that step 1 works on, and the ops to plan.

    Work starts from the references or an empty canvas. If the request says that it starts from the first try, the ops are those
    that mend that try.
    """
    explanation = request.find("explanation")
    term_colours = facts(explanation) if explanation else {}
    if request.find("start") == "attempt":
        assert desk.canvas is not None
        demand = follow(desk, clauses, term_colours, desk.canvas)
        shapes = explained_shapes(demand.scene, explanation)
        faults = compare(desk.start, demand, desk.canvas, shapes, not keeps_nothing(desk))
        return desk.canvas, remedies(faults) or [ops.Background(demand.scene.background)]
    demand = follow(desk, clauses, term_colours, None)
    return desk.start, _with_clear_background(desk, demand)


def _with_clear_background(desk: Desk, demand: DemandedScene) -> list[Op]:
    """The clauses that fit; on a new picture also a background on which every thing can be seen, when it needs one."""
    ground = on_first_clear_background(demand.scene).background
    ground_named = any(isinstance(op, ops.Background) for op in demand.clauses)
    if desk.start != empty() or ground_named or ground == desk.start.background:
        return list(demand.clauses)
    return [ops.Background(ground), *demand.clauses]


def plan(request: Request) -> str:
    """The plan for an instruction. Raises Refused."""
    clauses, rng = request.ops("instruction"), request.rng("words")
    least, most = request.number("steps_min", 2), request.number("steps_max", 5)
    if most > MOST_STEPS or least > most:
        raise Refused(f"I cannot plan this: {least} to {most} steps are asked for; {MOST_STEPS} are the most.")
    desk = desk_with_attempt(request, clauses)
    scene, todo = _work_to_plan(request, desk, clauses)
    if not todo:
        raise Refused("I cannot plan this: none of its clauses fits the picture that it starts from.")
    try:
        steps = decompose(scene, todo, least, most, Context(desk.pictures))
    except Unresolved as error:
        raise Refused(f"I cannot plan this: {error}.") from error
    texts = [orders(step, rng) for step in steps]
    after = apply(scene, todo, Context(desk.pictures))
    return json.dumps({"rationale": _rationale(request, len(clauses), steps, (scene, after), rng), "steps": texts})
