"""The Analyzer of the world as an adviser. In: a request about failed attempts, and a skill. Out: a reflection or a diagnosis as
JSON text.

Its plans are orders that need no knowledge: terms are replaced by colours, and physics by its result.
"""

import json
from collections.abc import Sequence

from pipeline.backends.world.models.bias import errs
from pipeline.backends.world.models.case import Case, study_attempt
from pipeline.backends.world.models.critique import sentence, tell
from pipeline.backends.world.models.faults import Fault, remedies, restate
from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.find import exact_selector
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Background, Clean, Light, Op, ReplaceFrom
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.language import at, orders, phrase

CAUSES = ("prompt_too_complex", "missing_knowledge", "rendering_limit", "ambiguous_instruction")
COMPLEX = 3
"""From this many clauses on, the cause is that the instruction asks for too much at once."""
OPENERS = ("Compared with what was asked, ", "Looking closely, ", "The attempt falls short: ", "What went wrong: ")


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


def _reasons_of_failed_axes(request: Request) -> list[str]:
    """The reasons of the axes that scored less than 5."""
    return [t.text for t in tags(request.need("evaluation"), "axis") if t.attributes.get("score") != "5" and t.text]


def _ops_from_reasons(request: Request, case: Case) -> list[Op]:
    """Ops for an image without visible faults: they ask again for what the failed axes' reasons mention."""
    reasons = " ".join(_reasons_of_failed_axes(request)).lower()
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


def reflect(request: Request, skill: Skill) -> str:
    """The reason why the canvas failed, and a plan of clauses that mend it, as JSON. Raises Refused."""
    case, rng = study_attempt(request, skill), request.rng("words")
    if case.faults:
        opener = OPENERS[int(rng.integers(len(OPENERS)))]
        analysis = opener + "; ".join(tell(f, rng) for f in case.faults) + "."
    else:
        analysis = "The evaluation objects: " + (
            " ".join(_reasons_of_failed_axes(request)) or "the image is not accepted."
        )
    fixes = _fixes(case) or _ops_from_reasons(request, case)
    plan = orders([phrase(op, rng) for op in fixes], rng)
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
    count = len(tags(request.text, "attempt"))
    attempts = f"{count} attempts" if count != 1 else "one attempt"
    remaining = "; ".join(tell(f, rng) for f in case.faults[:3]) or "the last image still falls short"
    terms = " and ".join(sorted(case.terms)) or "a term of the instruction"
    explanations = {
        "prompt_too_complex": f"the instruction asks for {changes} changes at once; after {attempts} one fault is "
        f"traded for another, and at the end {remaining}",
        "missing_knowledge": f"nothing in {attempts} shows what {terms} means, although it is explained; {remaining}",
        "ambiguous_instruction": f"the words do not settle what is meant, and {attempts} led elsewhere; {remaining}",
        "rendering_limit": f"the instruction is clear and short, but {attempts} did not render it; {remaining}",
    }[cause]
    return json.dumps({"cause": cause, "explanation": sentence(explanations)})
