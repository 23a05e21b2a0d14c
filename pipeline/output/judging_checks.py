"""Does a verdict follow from the judgements it keeps, and were those the ones that the policy asks for?

In: an evaluation event with its verdict, the rules and the thresholds in force. Out: what does not fit, in words. The
judging is repeated, judgement by judgement, with the rules of `stages.judging`; a verdict that no judge gave must follow from
the rule of `stages.likeness`.
"""

from collections.abc import Iterator, Sequence

from stages.judging import decider, next_judge, scored, standing
from stages.likeness import RULE, asks_for_no_change, verdict_of
from stages.policy import Judging, Policy, Thresholds
from stages.records import Evaluation, Event, Judge, Judgement
from stages.trajectory import Trajectory

_SECOND: Judge = "second_analyzer"


def judging_problems(event: Event, verdict: Evaluation, judging: Judging, limits: Thresholds) -> Iterator[str]:
    """What is wrong with the judgements of `verdict`. Its own axes are checked elsewhere."""
    judgements = verdict.judgements or (_sole_judgement(event, verdict, limits),)
    problems = [
        problem for n, j in enumerate(judgements, start=1) for problem in _judgement_problems(n, j, verdict, limits)
    ]
    if problems:
        yield from problems
        return
    if len(verdict.judgements) == 1:
        yield "a single judgement is listed; it is the verdict itself"
    if len({j.call_key for j in judgements}) < len(judgements):
        yield "one call counts as two judgements"
    if problem := _policy_problem(judgements, judging, limits):
        yield problem
        return
    scores = [judgements[number].scores[n].score for n, number in enumerate(standing(judgements, limits))]
    if scores != [a.score for a in verdict.axes]:
        yield f"the scores are {[a.score for a in verdict.axes]}, its judgements give {scores}"
    due = judgements[decider(judgements, limits)]
    if verdict.judgements and (event.made_by, event.seed, event.call_key) != (due.made_by, due.seed, due.call_key):
        yield "it is put down to another call than the one that decided"


def unchanged_problems(t: Trajectory, event: Event, verdict: Evaluation, policy: Policy) -> Iterator[str]:
    """Did the rule decide exactly where it has to: is an unchanged image what its try was made from, and was a judge spared?

    Of images that are equal in bytes alone it is known here that the rule had to decide.
    """
    drawn = next((e for e in t.events if e.kind == "generation" and e.try_number == event.try_number), None)
    references = {ref.sha256 for ref in t.sample.references} if event.against == "original" else set[str]()
    made_from = references | set(drawn.inputs if drawn else ())
    unchanged = verdict.unchanged
    if unchanged is None:
        if event.made_by == RULE:
            yield "it is put down to the rule of unchanged images, and names no image that it is like"
        # judged anew or against the whole, an image was compared before; what was asked of a step is not looked up here
        elif event.against == "original" and verdict.dispute is None and _is_equal(t, event, references, policy):
            yield "the image is one of its references, and a judge was asked"
        return
    if (event.made_by, event.call_key, event.seed) != (RULE, None, None):
        yield f"it says that the image is unchanged, and is put down to {event.made_by}"
    if verdict != verdict_of(unchanged):
        yield "it is not the verdict that the rule gives an unchanged image"
    if unchanged.sha256 not in made_from:
        yield f"it says that the image is like {unchanged.sha256[:16]}, which its try was not made from"
    limit = policy.unchanged_within
    if limit is None or not 0 <= unchanged.distance <= limit:
        yield f"it says that the image is unchanged at a distance of {unchanged.distance}, the limit is {limit}"
    if event.against == "original" and asks_for_no_change(t.sample.instruction):
        yield "it says that the image is unchanged, and the instruction asks for no change"


def _is_equal(t: Trajectory, event: Event, references: set[str], policy: Policy) -> bool:
    same = event.image is not None and event.image.sha256 in references
    return same and policy.unchanged_within is not None and not asks_for_no_change(t.sample.instruction)


def _sole_judgement(event: Event, verdict: Evaluation, limits: Thresholds) -> Judgement:
    made_by = event.made_by or ""
    judge: Judge = _SECOND if made_by.startswith(f"{_SECOND}:") else "analyzer"
    return Judgement(judge, scored(verdict, limits), event.seed or 0, event.call_key or "", made_by)


def _judgement_problems(n: int, judgement: Judgement, verdict: Evaluation, limits: Thresholds) -> Iterator[str]:
    if [s.axis for s in judgement.scores] != [a.axis for a in verdict.axes]:
        yield f"judgement {n} is not of the axes of the verdict"
    if any(s.passed != (s.score >= limits.of(s.axis)) for s in judgement.scores):
        yield f"judgement {n}: what it passes is not what reached its threshold"
    if verdict.judgements and not judgement.made_by.startswith(f"{judgement.judge}:"):
        yield f"judgement {n} is by {judgement.judge}, made by {judgement.made_by}"


def _policy_problem(judgements: Sequence[Judgement], judging: Judging, limits: Thresholds) -> str | None:
    """The first judgement that is not by the judge whom the policy asks, or the one that is missing at the end."""
    for n, judgement in enumerate(judgements):
        asked = next_judge(judgements[:n], judging, limits)
        if asked != judgement.judge:
            return f"judgement {n + 1} is by {judgement.judge}, the policy asks {asked or 'nobody'} then"
    asked = next_judge(judgements, judging, limits)
    return None if asked is None else f"it ends with judgement {len(judgements)}, the policy asks {asked} once more"
