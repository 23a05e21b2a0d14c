"""The Analyzer of the world as a judge. In: a request (words and pixels) and a skill. Out: its evaluation as JSON text.

What it sees is a `case`, what it makes of it is its `bias`; here that becomes scores and reasons.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.models.bias import believed
from pipeline.backends.world.models.case import Case, study
from pipeline.backends.world.models.critique import praise, sentence, tell
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from stages.errors import Refused
from stages.records import AXES

HIGHEST = 5


def _axes_of(fault: Fault, axes: Sequence[str]) -> list[str]:
    """The axes a fault counts on, among those that apply; the first one where none of its own does."""
    return [axis for axis in fault.axes() if axis in axes] or [axes[0]]


def _score(axis: str, faults: int) -> int:
    """The instruction is followed part by part; on any other axis one fault is already a failure."""
    if not faults:
        return HIGHEST
    return max(1, HIGHEST - faults) if axis == "instruction" else max(1, 3 - faults)


def evaluate(request: Request, skill: Skill) -> str:
    """The evaluation of the canvas on the axes that are listed. Raises Refused."""
    axes = [axis.strip() for axis in request.need("axes").split(",") if axis.strip()]
    if not axes or set(axes) - set(AXES):
        raise Refused(f"I cannot judge on these axes: {request.need('axes')!r}.")
    case, words = study(request, skill), request.rng("words")
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault in believed(case, request, skill):
        for axis in _axes_of(fault, axes):
            found[axis].append(fault)
    severity = request.rng("severity").random(len(axes)) < skill.severe
    return json.dumps(
        {axis: _judged(axis, found[axis], case, hard, words) for axis, hard in zip(axes, severity, strict=True)}
    )


def _judged(
    axis: str, faults: Sequence[Fault], case: Case, severe: bool, rng: np.random.Generator
) -> dict[str, int | str]:
    """Score and reason. Severity takes a point, except where it alone would fail a flawless instruction."""
    score = _score(axis, len(faults))
    if severe and (faults or axis != "instruction"):
        score = max(1, score - 1)
    if faults:
        return {"score": score, "reason": sentence("; ".join(tell(f, rng) for f in faults))}
    return {"score": score, "reason": praise(axis, case.before, case.wanted, len(case.demand.clauses), rng)}
