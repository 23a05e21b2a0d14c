"""Does what happened to a sample fit what became of it? The ladder's grammar, read against the record.

In: a trajectory and the policy it climbed under. Out: what does not fit, in words; nothing when all is well. G generation, E
evaluation (+ passed, - failed), R reflection, D diagnosis, P plan, S sub-task. How far a call that failed for good had come
is free: refused and failed samples may end anywhere.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import get_args

from pipeline.output.judged import judged
from stages.policy import Policy
from stages.prune import prune
from stages.records import AXES, Cause, Diagnosis, Evaluation, Event, Kind, Trajectory

_LETTERS: dict[Kind, str] = {
    "generation": "G",
    "reflection": "R",
    "diagnosis": "D",
    "decomposition": "P",
    "subtask": "S",
}


def flaws(t: Trajectory, policy: Policy) -> Iterator[str]:
    """What does not fit in the story of `t`."""
    seen: str | None = None
    for n, event in enumerate(t.events):
        where = f"events[{n}] ({event.kind} {event.index})"
        if event.kind == "generation":
            seen = None if event.image is None else event.image.sha256
        elif event.kind == "evaluation":
            if event.image is None or event.image.sha256 != seen:
                yield f"{where}: it is not of the image made last"
            yield from (f"{where}: {what}" for what in _verdict(t, event, policy))
    wanted, told = grammar(t, policy), spelled(t.events)
    if wanted is not None and not re.fullmatch(wanted, told):
        yield f"the events {told or 'none'} do not make a sample {_end(t)}"
    elif prune(t) != t:
        yield "the events are not pruned as its mode demands"
    diagnosed = [e.payload.cause for e in t.events if isinstance(e.payload, Diagnosis)]
    if t.status == "discarded" and t.reason in get_args(Cause) and diagnosed != [t.reason]:
        yield f"the reason is {t.reason}, diagnosed was {', '.join(diagnosed) or 'nothing'}"


def strangers(t: Trajectory, models: Mapping[str, str]) -> Iterator[str]:
    """Events and judgements that are put down to none of the run's models (role: identity)."""
    known = {None, "baseline:precomputed", *(f"{role}:{identity}" for role, identity in models.items())}
    for n, event in enumerate(t.events):
        judgements = event.payload.judgements if isinstance(event.payload, Evaluation) else ()
        for made_by in (event.made_by, *(j.made_by for j in judgements)):
            if made_by not in known:
                yield f"events[{n}] ({event.kind} {event.index}): {made_by} is none of the run's models"


def grammar(t: Trajectory, policy: Policy) -> str | None:
    """The events that lead to the end `t` came to, as a regular expression over `spelled`; None where any may."""
    rounds, steps = policy.reflection_rounds, f"{{{policy.steps_min},{policy.steps_max}}}"
    climbed = rf"G-(RG-){{{rounds}}}D"
    tries = rf"S(G-|G\+-){{0,{policy.step_attempts - 1}}}"
    if t.status == "accepted":
        match t.mode:
            case "direct":
                return r"G\+"
            case "reflection":
                return rf"G-(RG-){{0,{rounds - 1}}}RG\+" if rounds else "never"
            case "multistep":
                return rf"{climbed}P({tries}G\+{{1,2}}){steps}"
            case None:
                return {"none": "", "direct": "G-"}.get(t.sample.climb, "never")
    if t.status == "discarded" and t.reason in get_args(Cause):
        return climbed
    if t.status == "discarded" and t.reason in ("step_failed", "final_check"):
        return rf"{climbed}P[SG+-]*-"
    return None


def spelled(events: tuple[Event, ...]) -> str:
    """The events in letters."""
    return "".join(_letter(event) for event in events)


def _letter(event: Event) -> str:
    if event.kind != "evaluation":
        return _LETTERS[event.kind]
    return "+" if isinstance(event.payload, Evaluation) and event.payload.passed else "-"


def _end(t: Trajectory) -> str:
    return f"{t.status} ({t.mode or t.reason or f'climb {t.sample.climb}'})"


def _verdict(t: Trajectory, event: Event, policy: Policy) -> Iterator[str]:
    """Every applicable axis is judged, and passed exactly where its score reached the threshold in force."""
    found = event.payload
    if not isinstance(found, Evaluation):
        yield "it holds no scores"
        return
    if [a.axis for a in found.axes] != [axis for axis in AXES if axis in t.sample.applicable_axes]:
        yield "the axes judged are not the applicable ones"
    if not 0 <= found.aspect_error < math.inf:
        yield f"aspect_error is {found.aspect_error}"
    limits = policy.step_thresholds if event.against == "subtask" else policy.thresholds
    ruled = (
        "consistency" if "consistency" in t.sample.applicable_axes else "quality"
    )  # the axis that a wrong aspect ratio fails
    for a in found.axes:
        off = found.aspect_error > policy.aspect_tolerance and a.axis == ruled
        if a.passed != (a.score >= limits.of(a.axis) and not off):
            yield f"{a.axis} {a.score} is marked {'passed' if a.passed else 'failed'}, the threshold is {limits.of(a.axis)}"
    yield from judged(event, found, policy.judging, limits)
