"""Does what happened to a sample fit what became of it? The ladder's grammar, read against the record.

In: a trajectory and the recipe it climbed by. Out: what does not fit, in words; nothing when all is well. Refused and
failed samples may end anywhere, because any call may fail for good.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from pipeline.output.judging_checks import judging_problems, unchanged_problems
from stages.grammar import NOTHING, Either, Pattern, fit, letters_of
from stages.ladder import REFUSED, UNSOLVED
from stages.likeness import AXIS, RULE
from stages.makers import DEFAULT, maker, maker_in, role_of
from stages.policy import Policy
from stages.prune import prune
from stages.records import AXES, Cause, Diagnosis, Evaluation, Event, Likelihood, Words
from stages.rung import Recipe
from stages.trajectory import Trajectory
from stages.voice_rules import RULES


def flaws(t: Trajectory, recipe: Recipe) -> Iterator[str]:
    """What does not fit in the events of `t`."""
    yield from _evaluation_problems(t, recipe.policy)
    yield from _try_problems(t)
    yield from _voice_problems(t, recipe)
    yield from _words_problems(t)
    yield from _score_problems(t)
    yield from _maker_problems(t, recipe)
    if problem := _station_problem(t, recipe):
        yield problem
        return
    if t.mode is not None and (t.status != "accepted" or t.mode not in recipe.modes):
        yield f"mode {t.mode} does not go with a sample {_describe_end(t)}"
        return
    pattern, letters = grammar(t, recipe), letters_of(t.events)
    if pattern is not None and fit(pattern, letters) is None:
        yield f"the events {letters or 'none'} do not make a sample {_describe_end(t)}"
    elif prune(t, recipe) != t:
        yield "the events are not pruned as its mode demands"
    causes = [e.payload.cause for e in t.events if isinstance(e.payload, Diagnosis)]
    if t.status == "discarded" and t.reason in get_args(Cause) and causes != [t.reason]:
        yield f"the reason is {t.reason}, diagnosed was {', '.join(causes) or 'nothing'}"


def unknown_makers(t: Trajectory, models: Mapping[str, str]) -> Iterator[str]:
    """Events and judgements that are put down to none of the run's models (role: identity)."""
    known = {None, "baseline:precomputed", RULE, *(f"{role}:{identity}" for role, identity in models.items())}
    for n, event in enumerate(t.events):
        judgements = event.payload.judgements if isinstance(event.payload, Evaluation) else ()
        for made_by in (event.made_by, *(j.made_by for j in judgements)):
            if made_by not in known:
                yield f"events[{n}] ({event.kind} {event.index}): {made_by} is none of the run's models"


def _maker_problems(t: Trajectory, recipe: Recipe) -> Iterator[str]:
    """Images that another generator drew than the one that the policy names for their round."""
    for n, event in enumerate(t.events):
        who = maker_in(event.made_by)
        if event.kind not in ("generation", "words") or role_of(who) != DEFAULT:
            continue
        due = maker(recipe.generator_at(event.rung, event.index, event.attempt))
        if who != due:
            yield f"events[{n}] ({event.kind} {event.index}): it was made by {who}, the policy names {due} for it"


def grammar(t: Trajectory, recipe: Recipe) -> Pattern | None:
    """The events that lead to the end `t` came to; None where any may. Raises LookupError for a rung that the ladder lacks."""
    rungs = [recipe.rung(name) for name in dict.fromkeys(key.partition(" ")[0] for key in t.entered)]
    failed = tuple(rung.fails(recipe.policy) for rung in rungs)
    if t.status == "discarded" and t.reason == UNSOLVED:
        return failed
    if not rungs:
        return NOTHING if t.status == "accepted" else None
    before, last = failed[:-1], rungs[-1]
    if t.status == "accepted":
        if t.mode == last.mode:
            return (*before, last.passes(recipe.policy))
        only_tried = t.mode is None and t.sample.climb == "direct" and len(rungs) == 1
        return failed if only_tried else Either(())
    if t.status != "discarded" or t.reason == REFUSED:
        return None
    ending = last.discards(recipe.policy).get(t.reason or "")
    return Either(()) if ending is None else (*before, ending)


def _station_problem(t: Trajectory, recipe: Recipe) -> str | None:
    """What is wrong with the stations that `t` entered: they are the ladder's, in order, and something happened at each."""
    order = [station.key for station in recipe.stations]
    if any(key not in order for key in t.entered):
        return f"it entered {', '.join(t.entered)}; the stations of the ladder are {', '.join(order)}"
    places = [order.index(key) for key in t.entered]
    if places != sorted(set(places)):
        return f"it entered {', '.join(t.entered)}, which is not the order of the ladder"
    stations = [event.station for event in t.events]
    if any(key not in t.entered for key in stations):
        return "it holds events of a station that it never entered"
    if (at := [order.index(key) for key in stations]) != sorted(at):
        return "the events of its stations are mixed up"
    # a call that failed for good leaves nothing at the station where it was made
    due = t.entered if t.status == "accepted" else t.entered[:-1]
    if idle := [key for key in due if key not in stations]:
        return f"nothing happened at {idle[0]}, which it entered"
    return _rung_problem(t, recipe)


def _rung_problem(t: Trajectory, recipe: Recipe) -> str | None:
    """What is wrong with the rungs that `t` took: it takes those that it has to take, and no others."""
    rungs = [key.partition(" ")[0] for key in t.entered]
    if t.sample.climb == "none" and rungs:
        return "it was not to be tried, and entered the ladder"
    if t.sample.climb == "direct" and set(rungs) - {recipe.rungs[0].name}:
        return f"it was to take the first rung alone, and entered {', '.join(t.entered)}"
    names = [rung.name for rung in recipe.rungs]
    for rung in recipe.rungs[: names.index(rungs[-1]) if rungs else 0]:
        later = names[names.index(rung.name) :]
        events = tuple(e for e in t.events if e.rung not in later)
        newest = max((e.try_number for e in events if e.kind == "generation"), default=0)
        before = replace(t, events=events, status="climbing", mode=None, candidate=newest)
        if rung.name not in rungs and rung.enters(before, recipe.policy):
            return f"it never entered {rung.name}, which comes before {rungs[-1]}"
    return None


def _try_problems(t: Trajectory) -> Iterator[str]:
    """Every event belongs to the try that its place among the others gives, and the candidate is a try that may be it."""
    again = Trajectory(t.sample, t.rank)
    images: set[int] = set()
    for n, event in enumerate(t.events):
        where = f"events[{n}] ({event.kind} {event.index})"
        if event.from_try and event.from_try not in images:
            yield f"{where}: it answers to try {event.from_try}, which made no image before it"
        again = again.add(event)
        if again.events[-1].try_number != event.try_number:
            yield f"{where}: it is put down to try {event.try_number} and belongs to try {again.events[-1].try_number}"
            return
        if event.kind == "generation" and event.image is not None:
            images.add(event.try_number)
    if t.candidate not in (images or {0}):
        yield f"the candidate is try {t.candidate}, which made no image"
    elif t.status == "accepted" and t.mode is not None and not _candidate_passed(t):
        yield f"the candidate, try {t.candidate}, did not pass"


def _words_problems(t: Trajectory) -> Iterator[str]:
    """The words of an image's model stand right before that image."""
    for n, event in enumerate(t.events):
        if event.kind != "words":
            continue
        made = next(iter(t.events[n + 1 : n + 2]), None)
        if not (isinstance(event.payload, Words) and event.payload.text.strip()):
            yield f"events[{n}] (words {event.index}): it holds no words"
        if made is None or _place(made) != _place(event) or made.kind != "generation":
            yield f"events[{n}] (words {event.index}): the image that they came with does not follow"


def _score_problems(t: Trajectory) -> Iterator[str]:
    """A score says how likely each token of a text is."""
    for n, event in enumerate(t.events):
        if event.kind == "score":
            likelihood = event.payload
            whole = isinstance(likelihood, Likelihood) and likelihood.text.strip() and likelihood.logprobs
            if not whole or not all(-math.inf < logprob <= 0 for logprob in likelihood.logprobs):  # type: ignore[union-attr]
                yield f"events[{n}] (score {event.index}): it holds no likelihood of a text"


def _place(event: Event) -> tuple[object, ...]:
    return (event.index, event.attempt, event.try_number, event.from_try, event.inputs, event.made_by, event.pruned)


def _voice_problems(t: Trajectory, recipe: Recipe) -> Iterator[str]:
    """Events that do not say which rules of the training voice their texts break, or say that they were asked again in vain."""
    speech = recipe.speech.about(t.sample)
    for n, event in enumerate(t.events):
        where = f"events[{n}] ({event.kind} {event.index})"
        if event.voice != (broken := speech.broken(event.kind, event.payload)):
            yield f"{where}: voice is {', '.join(event.voice) or 'empty'}, its texts break {', '.join(broken) or 'no rule'}"
        may_ask = speech.voice == "ask_again" and event.kind in speech.kinds and event.call_key is not None
        if event.voice_before and not (may_ask and set(event.voice_before) <= set(RULES)):
            yield f"{where}: it was not to be asked again for {', '.join(event.voice_before)}"


def _candidate_passed(t: Trajectory) -> bool:
    verdicts = [e.payload for e in t.events if e.try_number == t.candidate and isinstance(e.payload, Evaluation)]
    return bool(verdicts) and verdicts[-1].passed


def _evaluation_problems(t: Trajectory, policy: Policy) -> Iterator[str]:
    """Every evaluation is of the image of its try, and says what its judgements give."""
    images = {e.try_number: e.image for e in t.events if e.kind == "generation"}
    for n, event in enumerate(t.events):
        if event.kind == "evaluation":
            where = f"events[{n}] ({event.kind} {event.index})"
            if event.image is None or event.image != images.get(event.try_number):
                yield f"{where}: it is not of the image of its try"
            yield from (f"{where}: {problem}" for problem in _event_verdict_problems(t, event, policy))


def _describe_end(t: Trajectory) -> str:
    return f"{t.status} ({t.mode or t.reason or f'climb {t.sample.climb}'})"


def verdict_problems(verdict: Evaluation, axes: Sequence[str], against: str | None, policy: Policy) -> Iterator[str]:
    """Every applicable axis is judged and passed exactly where its score reached the threshold; the demands agree with it."""
    # what failed by rule was looked at on one axis alone
    if [a.axis for a in verdict.axes] != ([AXIS] if verdict.unchanged else [axis for axis in AXES if axis in axes]):
        yield "the axes judged are not the applicable ones"
    if not 0 <= verdict.aspect_error < math.inf:
        yield f"aspect_error is {verdict.aspect_error}"
    limits = policy.step_thresholds if against == "subtask" else policy.thresholds
    if verdict.score("instruction") == 5 and not all(d.met for d in verdict.demands):
        yield "instruction is 5, although a demand is not met"
    # the axis that a wrong aspect ratio fails
    ruled = "consistency" if "consistency" in axes else "quality"
    for a in verdict.axes:
        off = verdict.aspect_error > policy.aspect_tolerance and a.axis == ruled
        if not 1 <= a.score <= 5:
            yield f"{a.axis} {a.score} is no score from 1 to 5"
        if a.reason != a.reason.strip():
            yield f"the reason for {a.axis} begins or ends with white space"
        if a.passed != (a.score >= limits.of(a.axis) and not off):
            yield f"{a.axis} {a.score} is marked {'passed' if a.passed else 'failed'}, the threshold is {limits.of(a.axis)}"


def _event_verdict_problems(t: Trajectory, event: Event, policy: Policy) -> Iterator[str]:
    """The verdict by itself, and as what follows from its judgements."""
    verdict = event.payload
    if not isinstance(verdict, Evaluation):
        yield "it holds no scores"
        return
    yield from verdict_problems(verdict, t.sample.applicable_axes, event.against, policy)
    limits = policy.step_thresholds if event.against == "subtask" else policy.thresholds
    yield from unchanged_problems(t, event, verdict, policy)
    if verdict.unchanged is None:
        yield from judging_problems(event, verdict, policy.judging, limits)
