"""The Analyzer of the world as a judge. In: a request (words and pixels) and a skill. Out: its evaluation as JSON text.

`case` compares the images with the words, `bias` adds the judge's errors; this module turns the faults into scores and reasons.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipeline.backends.world.models.bias import believed_faults
from pipeline.backends.world.models.case import Case, study
from pipeline.backends.world.models.checklist import demands
from pipeline.backends.world.models.critique import blame, praise
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from stages.errors import Refused
from stages.records import AXES

HIGHEST = 5


def _axes_of(fault: Fault, axes: Sequence[str]) -> list[str]:
    """The given axes that a fault counts on; the first of them when it counts on none."""
    return [axis for axis in fault.axes() if axis in axes] or [axes[0]]


def _score(axis: str, faults: int) -> int:
    """The score, 1 to 5, for a number of faults."""
    # An instruction is followed part by part; on any other axis a single fault is a failure.
    if not faults:
        return HIGHEST
    return max(1, HIGHEST - faults) if axis == "instruction" else max(1, 3 - faults)


def evaluate(request: Request, skill: Skill) -> str:
    """The evaluation of the canvas on the requested axes, as JSON. Raises Refused."""
    axes = list(dict.fromkeys(axis.strip() for axis in request.need("axes").split(",") if axis.strip()))
    if not axes or set(axes) - set(AXES):
        raise Refused(f"I cannot judge on these axes: {request.need('axes')[:80]!r}.")
    case, words = study(request, skill), request.rng("words")
    believed = believed_faults(case, request, skill)
    faults_by_axis: dict[str, list[Fault]] = defaultdict(list)
    for fault in believed:
        for axis in _axes_of(fault, axes):
            faults_by_axis[axis].append(fault)
    severity = request.rng("severity").random(len(axes)) < skill.severe
    verdicts = {
        axis: _verdict(axis, faults_by_axis[axis], case, hard, words) for axis, hard in zip(axes, severity, strict=True)
    }
    on_instruction = [
        f for f in believed if "instruction" in (_axes_of(f, axes) if "instruction" in axes else f.axes())
    ]
    return json.dumps({"demands": demands(case, on_instruction, request.rng("demands")), **verdicts})


def _verdict(
    axis: str, faults: Sequence[Fault], case: Case, severe: bool, rng: np.random.Generator
) -> dict[str, int | str]:
    """Score and reason. `severe` takes one point off, but not from a flawless instruction, which would fail for that alone."""
    score = _score(axis, len(faults))
    if severe and (faults or axis != "instruction"):
        score = max(1, score - 1)
    return {"score": score, "reason": blame(axis, faults, case, rng) if faults else praise(axis, case, rng)}
