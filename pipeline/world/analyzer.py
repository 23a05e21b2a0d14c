"""The Analyzer of the world. In: a request (words and pixels) and a skill. Out: its reply as JSON text.

It looks at the before-image and the canvas, works out what the words demand, and compares. Its verdicts are wrong at the
skill's `error_rate`; that draw depends on the seed and the words, never on the pixels, so a verdict survives re-encoding.
Decomposition has its own file, `plans`.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.world.faults import Fault, compare, follow, known, remedies, restate, tell
from pipeline.world.generator import look_at
from pipeline.world.language import a, at, name, orders, phrase
from pipeline.world.ops import Background, Clean, Op
from pipeline.world.request import Request, tags
from pipeline.world.scene import COLOURS, PLACES, Scene, empty
from pipeline.world.skill import Skill
from stages.errors import Refused
from stages.records import AXES

CAUSES = ("prompt_too_complex", "missing_knowledge", "rendering_limit", "ambiguous_instruction")
COMPLEX = 3


@dataclass(frozen=True, slots=True)
class Case:
    """All that the Analyzer worked out about one request."""

    clauses: tuple[Op, ...]
    before: Scene
    wanted: Scene
    faults: tuple[Fault, ...]
    terms: frozenset[str]


def study(request: Request) -> Case:
    """The case of a request: the last image is the canvas, the one before it what it was made from. Raises Refused."""
    if not request.images:
        raise Refused("I cannot judge this: there is no image.")
    clauses = tuple(request.ops("instruction"))
    before = look_at(request, -2) if len(request.images) > 1 else empty()
    wanted, faults = follow(before, clauses)
    terms = known(wanted, request.find("explanation"))
    faults += compare(before, wanted, look_at(request, -1), clauses, terms)
    return Case(clauses, before, wanted, tuple(faults), frozenset(terms))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _axes_of(fault: Fault, axes: Sequence[str]) -> list[str]:
    """The axes a fault counts on, among those that apply."""
    if fault.sort == "streak":
        wished = ["quality"]
    elif fault.exotic:
        wished = ["instruction", "knowledge"]
    else:
        wished = ["instruction" if fault.named else "consistency"]
    return [axis for axis in wished if axis in axes] or [axes[0]]


def _invented(case: Case, rng: np.random.Generator) -> Fault:
    """A plausible fault that is not there."""
    changed = [t for t in case.wanted.things if case.before.at(t.place) != t] or list(case.wanted.things)
    if not changed:
        return Fault("background", None, grounds=(case.wanted.background, "uneven"))
    thing = changed[int(rng.integers(len(changed)))]
    others = [c for c in COLOURS if c != thing.colour]
    return Fault("colour", thing.place, thing, replace(thing, colour=others[int(rng.integers(len(others)))]))


def _praise(axis: str, case: Case, rng: np.random.Generator) -> str:
    changed = [f"{a(name(t))} {at(t.place)}" for t in case.wanted.things if case.before.at(t.place) != t]
    same = sum(case.before.at(t.place) == t for t in case.wanted.things)
    kept = f"{same} more thing{'' if same == 1 else 's'} kept as before" if same else "there was no other thing to keep"
    gone = [f"the {name(t)} {at(t.place)}" for t in case.before.things if case.wanted.at(t.place) is None]
    asked = ", ".join(changed) or ("no trace of " + ", ".join(gone) if gone else "nothing more to add")
    ground = case.wanted.background
    options = {
        "instruction": (
            f"everything that was asked for is there: {asked}, on {a(ground)} background",
            f"{'the requested change is' if len(case.clauses) == 1 else 'all requested changes are'} done; I see {asked}",
            f"the picture does what the words say, with {asked} on {ground}",
        ),
        "consistency": (
            f"what the words do not name is untouched: {kept}",
            f"nothing besides what was asked for has moved or changed; {kept}",
            f"places, colours and sizes of all that was not mentioned are the same; {kept}",
        ),
        "quality": (
            "edges are clean, fills are even, and there are no stray marks",
            "crisp outlines and an even background without artifacts",
            "a tidy image: no streaks, no broken outlines",
        ),
        "knowledge": (
            "shapes and proportions are what their names mean",
            "nothing contradicts what is known about these shapes",
            "every shape is true to its name",
        ),
    }[axis]
    return _capital(options[int(rng.integers(len(options)))])


def _score(axis: str, count: int) -> int:
    return 5 if not count else max(1, 5 - count) if axis == "instruction" else max(1, 3 - count)


def evaluate(request: Request, skill: Skill) -> str:
    """The evaluation of the canvas on the axes that are listed. Raises Refused."""
    axes = [axis.strip() for axis in request.need("axes").split(",") if axis.strip()]
    if not axes or set(axes) - set(AXES):
        raise Refused(f"I cannot judge on these axes: {request.need('axes')!r}.")
    case, words = study(request), request.rng("words")
    faults = list(case.faults)
    if request.rng("error").random() < skill.error_rate:
        faults = [] if faults else [_invented(case, words)]
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        for axis in _axes_of(fault, axes):
            found[axis].append(fault)
    return json.dumps({axis: _judged(axis, found[axis], case, words) for axis in axes})


def _judged(axis: str, faults: Sequence[Fault], case: Case, rng: np.random.Generator) -> dict[str, int | str]:
    reason = _capital("; ".join(tell(f, rng) for f in faults)) if faults else _praise(axis, case, rng)
    return {"score": _score(axis, len(faults)), "reason": reason}


def _undone(fault: Fault, before: Scene) -> bool:
    """Whether a change that was asked for did not happen."""
    if fault.sort == "background":
        return fault.named and fault.grounds[1] == before.background
    old = before.at(fault.place) if fault.place else None
    untouched = old is not None and fault.got is not None and old.look == fault.got.look
    return fault.named and (fault.sort in ("missing", "moved", "extra") or untouched)


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


def _reported(request: Request, case: Case) -> list[Op]:
    """Where eyes find nothing wrong: ask again for what the reasons of the failed axes speak of."""
    failed = " ".join(t.text for t in tags(request.need("evaluation"), "axis") if t.attributes.get("score") != "5")
    spoken = sorted((p for p in PLACES if at(p) in failed.lower()), key=len, reverse=True)
    for place in spoken:
        if thing := case.wanted.at(place):
            return [restate(thing)]
        if "streak" in failed:
            return [Clean(place)]
    return [Background(case.wanted.background)]


def reflect(request: Request) -> str:
    """Why the canvas failed and what to do about it, in clauses that can be carried out. Raises Refused."""
    case, rng = study(request), request.rng("words")
    told = [t.text for t in tags(request.need("evaluation"), "axis") if t.attributes.get("score") != "5" and t.text]
    if case.faults:
        openers = (
            "Compared with what was asked, ",
            "Looking closely, ",
            "The attempt falls short: ",
            "What went wrong: ",
        )
        analysis = openers[int(rng.integers(len(openers)))] + "; ".join(tell(f, rng) for f in case.faults) + "."
    else:
        analysis = "The evaluation objects: " + (" ".join(told) or "the image is not accepted.")
    fixes = remedies(case.faults) or _reported(request, case)
    plan = orders([phrase(op, rng) for op in fixes], rng)
    return json.dumps({"error_type": _error_type(case), "failure_analysis": analysis, "improvement_plan": plan})


def _cause(case: Case) -> str:
    if any(f.exotic for f in case.faults):
        return "missing_knowledge"
    if any(f.sort == "impossible" for f in case.faults):
        return "ambiguous_instruction"
    return "prompt_too_complex" if len(case.clauses) >= COMPLEX else "rendering_limit"


def diagnose(request: Request, skill: Skill) -> str:
    """The root cause of the failed attempts. Raises Refused."""
    case, rng = study(request), request.rng("words")
    cause = _cause(case)
    if request.rng("error").random() < skill.error_rate:
        others = [c for c in CAUSES if c != cause]
        cause = others[int(rng.integers(len(others)))]
    count, n = len(tags(request.text, "attempt")), len(case.clauses)
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
    return json.dumps({"cause": cause, "explanation": _capital(words)})
