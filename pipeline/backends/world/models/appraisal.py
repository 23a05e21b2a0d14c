"""The Analyzer of the world as a reader of intermediate texts. In: a request for an appraisal, and a skill. Out: JSON text.

A reflection is worth the share of the true faults whose places it names. A plan or a step is worth what is left to do once its
orders are carried out: orders that the world does not understand, or that do not fit the picture, are worth the least.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.backends.world.models.bias import errs
from pipeline.backends.world.models.case import study_attempt
from pipeline.backends.world.models.demand import DemandedScene, follow
from pipeline.backends.world.models.desk import Desk, desk_for_first_try, desk_with_attempt, keeps_nothing
from pipeline.backends.world.models.faults import compare, explained_shapes
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.language import at
from pipeline.backends.world.words.reading import NotUnderstood, facts, parse

BEST, WORST = 5, 1
_STEP = re.compile(r"^\s*\d{1,2}\.\s+(.*\S)", re.MULTILINE)
"""A step of a plan, in a line of its own."""


def appraise(request: Request, skill: Skill) -> str:
    """Score and reason for the text in the request, as JSON. Raises Refused."""
    if request.need("kind") == "reflection":
        score, reason = _of_reflection(request, skill)
    else:
        score, reason = _of_orders(request)
    if errs(request, skill):
        score, reason = BEST + WORST - score, "on the whole it reads otherwise than it first seems"
    return json.dumps({"reason": reason, "score": score})


def _of_reflection(request: Request, skill: Skill) -> tuple[int, str]:
    case, words = study_attempt(request, skill), request.need("appraised").lower()
    if not case.faults:
        return WORST, "nothing is wrong with the picture, so there is nothing to mend"
    spots = dict.fromkeys(at(f.place) if f.place else f.sort for f in case.faults)
    named = [spot for spot in spots if re.search(rf"\b{re.escape(spot)}\b(?! left| right)", words)]
    score = WORST + round((BEST - WORST) * len(named) / len(spots))
    return score, f"it speaks of {len(named)} of the {len(spots)} places at which something is wrong"


def _of_orders(request: Request) -> tuple[int, str]:
    """What a plan leaves undone, from the start of the work; what a step does of what is to be done."""
    clauses, whole = request.ops("instruction"), request.need("kind") == "decomposition"
    has_canvas = request.find("start") == "picture"
    desk = desk_with_attempt(request, clauses) if has_canvas else desk_for_first_try(request, clauses)
    scene = desk.start if whole or desk.canvas is None else desk.canvas
    explanation = request.find("explanation")
    terms = facts(explanation) if explanation else {}
    demand = follow(desk, clauses, terms, desk.canvas)
    shapes = explained_shapes(demand.scene, explanation)
    try:
        orders = _orders(request.need("appraised"), whole)
    except NotUnderstood as error:
        return WORST, f"it cannot be carried out: {error}"
    done = follow(replace(desk, start=scene), orders, terms, demand.scene)
    if done.misfits:
        return WORST, f"it cannot be carried out: {done.misfits[0][1]}"
    todo, left = (_left(desk, demand, seen, shapes) for seen in (scene, done.scene))
    if whole:
        return max(WORST, BEST - left), f"{left} things are left to do once all steps are done"
    return (BEST if left < todo else 3 if left == todo else WORST), f"of {todo} things to do it leaves {left}"


def _orders(text: str, whole: bool) -> Sequence[Op]:
    """The orders of a plan's steps, or of one step. Raises NotUnderstood."""
    steps = _STEP.findall(text) if whole else [text]
    if not steps:
        raise NotUnderstood(text[:80])
    return [op for step in steps for op in parse(step)]


def _left(desk: Desk, demand: DemandedScene, seen: Scene, shapes: frozenset[str]) -> int:
    return len(compare(desk.start, demand, seen, shapes, not keeps_nothing(desk)))
