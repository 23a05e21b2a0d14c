"""The Analyzer of the world as an adviser. In: a request about failed attempts, and a skill. Out: a reflection or a diagnosis as
JSON text.

Its plans are orders that need no knowledge: terms are replaced by colours, and physics by its result.
"""

import json
from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.models.bias import errs
from pipeline.backends.world.models.case import Case, study_attempt
from pipeline.backends.world.models.critique import tell
from pipeline.backends.world.models.faults import Fault, remedies, restate
from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.sayings import diagnoses, frames
from pipeline.backends.world.sayings.facts import (
    Slots,
    fill,
    fitted,
    listed,
    right_things,
    scene_slots,
    sentence,
    the,
    things,
)
from pipeline.backends.world.sayings.quotes import gist
from pipeline.backends.world.scenes.find import exact_selector
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Background, Clean, Light, Op, ReplaceFrom
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.language import at
from pipeline.backends.world.words.orders import orders
from stages.voice_rules import LONGEST

CAUSES = ("prompt_too_complex", "missing_knowledge", "rendering_limit", "ambiguous_instruction")
COMPLEX = 3
"""From this many clauses on, the cause is that the instruction asks for too much at once."""


def _was_left_undone(fault: Fault, before: Scene) -> bool:
    """Whether a change that was asked for did not happen."""
    if not fault.named:
        return False
    if fault.sort == "background":
        return fault.grounds[1] == before.background
    if fault.sort == "light":
        return fault.grounds[1] == before.tone
    old = before.at(fault.place) if fault.place else None
    untouched = old is not None and fault.got is not None and old.look == fault.got.look
    return fault.sort in ("missing", "moved", "extra") or untouched


def _error_type(case: Case) -> str:
    sorts = {f.sort for f in case.faults}
    unnamed = any(not f.named and f.sort != "streak" for f in case.faults)
    undone = any(_was_left_undone(f, case.before) for f in case.faults)
    if not sorts or sorts == {"impossible"}:
        return "logic_flaw"
    if sorts == {"streak"}:
        return "visual_artifact"
    if unnamed:
        return "targeting_error" if undone else "over_editing"
    return "under_editing" if undone else "logic_flaw"


def _complaints(request: Request) -> list[str]:
    """The reasons of the axes that did not score 5, the lowest score first."""
    axes = [t for t in tags(request.need("evaluation"), "axis") if t.attributes.get("score") != "5" and t.text]
    return [t.text for t in sorted(axes, key=lambda t: t.attributes.get("score", ""))]


def _ops_from_reasons(request: Request, case: Case) -> list[Op]:
    """Ops for an image without visible faults: they ask again for what the worst axis' reason mentions."""
    reasons = "".join(_complaints(request)[:1]).lower()
    named_places = sorted((p for p in PLACES if at(p) in reasons), key=len, reverse=True)
    for place in named_places:
        if "streak" in reasons:
            return [Clean(place)]
        if thing := case.target.at(place):
            return [restate(thing)]
    return [Light(case.target.tone)] if "the light" in reasons else [Background(case.target.background)]


def _borrow_again(fault: Fault, pictures: Sequence[Scene]) -> Op | None:
    """An op that borrows the thing again, when another stands in its place; None when that does not apply."""
    if fault.borrowed_from is None or fault.got is None or fault.expected is None:
        return None
    itself = [t.look for t in pictures[fault.borrowed_from - 1].things] == [fault.expected.look]
    return ReplaceFrom(exact_selector(fault.got), fault.borrowed_from) if itself else None


def _fixes(case: Case) -> list[Op]:
    """The ops that mend all faults, in an order in which they can be carried out."""
    repeats = {f: op for f in case.faults if (op := _borrow_again(f, case.desk.pictures)) is not None}
    return [*repeats.values(), *remedies([f for f in case.faults if f not in repeats])]


def _analysis(request: Request, case: Case, rng: np.random.Generator) -> str:
    """What is wrong with the image; where nothing is seen to be, what the evaluation complains of."""
    wordings = [tell(fault, fault.axes()[0], case, rng) for fault in case.faults]
    complaint = "".join(_complaints(request)[:1])
    slots = scene_slots(case.canvas, case.target, rng) | _right_slot(case, rng)
    if wordings:
        slots["number"] = things(len(wordings))
    parts = wordings or [
        gist(complaint) or f"{case.canvas.background} ground and things may not be as the words want them"
    ]
    frame = fill(frames.ANALYSES, {**slots, "faults": "{faults}"}, rng)
    return sentence(frame.format(faults=fitted(parts, LONGEST - len(frame))))


def _right_slot(case: Case, rng: np.random.Generator) -> Slots:
    right = right_things(case.canvas, case.target)
    return {"right": the(right[int(rng.integers(len(right)))])} if right else {}


def reflect(request: Request, skill: Skill) -> str:
    """The reason why the canvas failed, and a plan of clauses that mend it, as JSON. Raises Refused."""
    case, rng = study_attempt(request, skill), request.rng("words")
    analysis = _analysis(request, case, rng)
    plan = orders(_fixes(case) or _ops_from_reasons(request, case), rng)
    return json.dumps({"error_type": _error_type(case), "failure_analysis": analysis, "improvement_plan": plan})


def _cause(faults: Sequence[Fault], clauses: int) -> str:
    if any(f.exotic for f in faults):
        return "missing_knowledge"
    if any(f.sort == "impossible" for f in faults):
        return "ambiguous_instruction"
    return "prompt_too_complex" if clauses >= COMPLEX else "rendering_limit"


def diagnose(request: Request, skill: Skill) -> str:
    """The root cause of the failed attempts, as JSON. Raises Refused."""
    case, rng = study_attempt(request, skill), request.rng("words")
    changes = len(case.demand.clauses) + len(case.demand.misfits)
    cause = _cause(case.faults, changes)
    if errs(request, skill):
        others = [c for c in CAUSES if c != cause]
        cause = others[int(rng.integers(len(others)))]
    wordings = [tell(fault, fault.axes()[0], case, rng) for fault in case.faults[:3]]
    slots = {
        "changes": "one change" if changes == 1 else f"{changes} changes",
        "terms": listed(sorted(case.terms)) if case.terms else "one of the words",
        "ground": case.canvas.background,
        "faults": "{faults}",
    }
    frame = fill(diagnoses.EXPLANATIONS[cause], slots, rng)
    faults = fitted(wordings or ["the picture is not yet what the words say"], LONGEST - len(frame))
    return json.dumps({"cause": cause, "explanation": sentence(frame.format(faults=faults))})
