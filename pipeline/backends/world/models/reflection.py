"""The Analyzer of the world as an adviser. In: a request about failed attempts, and a skill. Out: a reflection or a diagnosis as
JSON text.

Its plans are plain orders in plain colours: what a term means, and where physics leads, is said in so many words.
"""

import json
from collections.abc import Sequence

from pipeline.backends.world.models.bias import errs
from pipeline.backends.world.models.case import Case, study_attempt
from pipeline.backends.world.models.critique import sentence, tell
from pipeline.backends.world.models.faults import Fault, remedies, restate
from pipeline.backends.world.models.request import Request, tags
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.find import exact
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Background, Clean, Light, Op, ReplaceFrom
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.language import at, orders, phrase

CAUSES = ("prompt_too_complex", "missing_knowledge", "rendering_limit", "ambiguous_instruction")
COMPLEX = 3
"""From so many clauses on, too much was asked at once."""
OPENERS = ("Compared with what was asked, ", "Looking closely, ", "The attempt falls short: ", "What went wrong: ")


def _undone(fault: Fault, before: Scene) -> bool:
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
    undone = any(_undone(f, case.before) for f in case.faults)
    if not sorts or sorts == {"impossible"}:
        return "logic_flaw"
    if sorts == {"streak"}:
        return "visual_artifact"
    if unnamed:
        return "targeting_error" if undone else "over_editing"
    return "under_editing" if undone else "logic_flaw"


def _failed(request: Request) -> list[str]:
    """The reasons of the axes that did not get full marks."""
    return [t.text for t in tags(request.need("evaluation"), "axis") if t.attributes.get("score") != "5" and t.text]


def _reported(request: Request, case: Case) -> list[Op]:
    """Where eyes find nothing wrong: ask again for what the reasons of the failed axes speak of."""
    failed = " ".join(_failed(request)).lower()
    spoken = sorted((p for p in PLACES if at(p) in failed), key=len, reverse=True)
    for place in spoken:
        if "streak" in failed:
            return [Clean(place)]
        if thing := case.wanted.at(place):
            return [restate(thing)]
    return [Light(case.wanted.tone)] if "the light" in failed else [Background(case.wanted.background)]


def _again(fault: Fault, pictures: Sequence[Scene]) -> Op | None:
    """Taking over from a picture once more, for what stands in its place without being itself."""
    if fault.taken is None or fault.got is None or fault.wanted is None:
        return None
    itself = [t.look for t in pictures[fault.taken - 1].things] == [fault.wanted.look]
    return ReplaceFrom(exact(fault.got), fault.taken) if itself else None


def _fixes(case: Case) -> list[Op]:
    """The remedies, in an order in which they can be carried out."""
    again = {f: op for f in case.faults if (op := _again(f, case.desk.pictures)) is not None}
    return [*again.values(), *remedies([f for f in case.faults if f not in again])]


def reflect(request: Request, skill: Skill) -> str:
    """Why the canvas failed and what to do about it, in clauses that can be carried out. Raises Refused."""
    case, rng = study_attempt(request, skill), request.rng("words")
    if case.faults:
        opener = OPENERS[int(rng.integers(len(OPENERS)))]
        analysis = opener + "; ".join(tell(f, rng) for f in case.faults) + "."
    else:
        analysis = "The evaluation objects: " + (" ".join(_failed(request)) or "the image is not accepted.")
    fixes = _fixes(case) or _reported(request, case)
    plan = orders([phrase(op, rng) for op in fixes], rng)
    return json.dumps({"error_type": _error_type(case), "failure_analysis": analysis, "improvement_plan": plan})


def _cause(faults: Sequence[Fault], clauses: int) -> str:
    if any(f.exotic for f in faults):
        return "missing_knowledge"
    if any(f.sort == "impossible" for f in faults):
        return "ambiguous_instruction"
    return "prompt_too_complex" if clauses >= COMPLEX else "rendering_limit"


def diagnose(request: Request, skill: Skill) -> str:
    """The root cause of the failed attempts. Raises Refused."""
    case, rng = study_attempt(request, skill), request.rng("words")
    n = len(case.demand.clauses) + len(case.demand.misfits)
    cause = _cause(case.faults, n)
    if errs(request, skill):
        others = [c for c in CAUSES if c != cause]
        cause = others[int(rng.integers(len(others)))]
    count = len(tags(request.text, "attempt"))
    attempts = f"{count} attempts" if count != 1 else "one attempt"
    left = "; ".join(tell(f, rng) for f in case.faults[:3]) or "the last image still falls short"
    terms = " and ".join(sorted(case.terms)) or "a term of the instruction"
    words = {
        "prompt_too_complex": f"the instruction asks for {n} changes at once; after {attempts} one fault is "
        f"traded for another, and at the end {left}",
        "missing_knowledge": f"nothing in {attempts} shows what {terms} means, although it is explained; {left}",
        "ambiguous_instruction": f"the words do not settle what is meant, and {attempts} led elsewhere; {left}",
        "rendering_limit": f"the instruction is clear and short, but {attempts} did not render it; {left}",
    }[cause]
    return json.dumps({"cause": cause, "explanation": sentence(words)})
