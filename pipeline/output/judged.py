"""Does a verdict follow from the judgements it keeps, and were those the ones that the policy asks for?

In: an evaluation event with its verdict, the rules and the thresholds in force. Out: what does not fit, in words. The way to
the verdict is gone again, judgement by judgement, with the rules of `stages.judging`.
"""

from collections.abc import Iterator, Sequence

from stages.judging import decider, next_judge, scored, standing
from stages.policy import Judging, Thresholds
from stages.records import Evaluation, Event, Judge, Judgement

_SECOND: Judge = "second_analyzer"


def judged(event: Event, verdict: Evaluation, judging: Judging, limits: Thresholds) -> Iterator[str]:
    """What is wrong with the judgements of `verdict`. Its own axes are checked elsewhere."""
    said = verdict.judgements or (_only(event, verdict, limits),)
    wrong = [what for n, j in enumerate(said, start=1) for what in _judgement(n, j, verdict, limits)]
    if wrong:
        yield from wrong
        return
    if len(verdict.judgements) == 1:
        yield "a single judgement is listed; it is the verdict itself"
    if len({j.call_key for j in said}) < len(said):
        yield "one call counts as two judgements"
    if what := _otherwise(said, judging, limits):
        yield what
        return
    scores = [said[number].scores[n].score for n, number in enumerate(standing(said, limits))]
    if scores != [a.score for a in verdict.axes]:
        yield f"the scores are {[a.score for a in verdict.axes]}, its judgements give {scores}"
    due = said[decider(said, limits)]
    if verdict.judgements and (event.made_by, event.seed, event.call_key) != (due.made_by, due.seed, due.call_key):
        yield "it is put down to another call than the one that decided"


def _only(event: Event, verdict: Evaluation, limits: Thresholds) -> Judgement:
    made_by = event.made_by or ""
    judge: Judge = _SECOND if made_by.startswith(f"{_SECOND}:") else "analyzer"
    return Judgement(judge, scored(verdict, limits), event.seed or 0, event.call_key or "", made_by)


def _judgement(n: int, said: Judgement, verdict: Evaluation, limits: Thresholds) -> Iterator[str]:
    if [s.axis for s in said.scores] != [a.axis for a in verdict.axes]:
        yield f"judgement {n} is not of the axes of the verdict"
    if any(s.passed != (s.score >= limits.of(s.axis)) for s in said.scores):
        yield f"judgement {n}: what it passes is not what reached its threshold"
    if verdict.judgements and not said.made_by.startswith(f"{said.judge}:"):
        yield f"judgement {n} is by {said.judge}, made by {said.made_by}"


def _otherwise(said: Sequence[Judgement], judging: Judging, limits: Thresholds) -> str | None:
    """Where the policy would have asked otherwise."""
    for n, judgement in enumerate(said):
        asked = next_judge(said[:n], judging, limits)
        if asked != judgement.judge:
            return f"judgement {n + 1} is by {judgement.judge}, the policy asks {asked or 'nobody'} then"
    asked = next_judge(said, judging, limits)
    return None if asked is None else f"it ends with judgement {len(said)}, the policy asks {asked} once more"
