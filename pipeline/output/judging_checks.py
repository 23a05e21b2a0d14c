"""Does a verdict follow from the judgements it keeps, and were those the ones that the policy asks for?

In: an evaluation event with its verdict, the rules and the thresholds in force. Out: what does not fit, in words. The
judging is repeated, judgement by judgement, with the rules of `stages.judging`.
"""

from collections.abc import Iterator, Sequence

from stages.judging import decider, next_judge, scored, standing
from stages.policy import Judging, Thresholds
from stages.records import Evaluation, Event, Judge, Judgement

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
