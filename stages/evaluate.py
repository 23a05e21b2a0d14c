"""The judgement of one image: asked for as often as the policy says, put down as one event.

In: the trajectory so far, the models, an image and what it was made from. Out: an evaluation event whose payload is the verdict
that `stages.judging` combines from the judgements; its call is the one that the verdict is put down to. An image that is the
same as what it was made from fails by rule (`stages.likeness`), and nobody is asked.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from prompts.rubric import group_of
from stages.calls import CallPlace, Models, ask, start
from stages.judging import decider, next_judge, scored, standing
from stages.likeness import RULE, find_unchanged, verdict_of
from stages.policy import Judging, Policy, Thresholds
from stages.records import Against, Evaluation, Event, ImageRef, Judge, Judgement, Unchanged
from stages.replies import evaluation
from stages.trajectory import Trajectory
from stages.voice_rules import RULES


async def evaluate(
    t: Trajectory,
    models: Models,
    place: CallPlace,
    image: ImageRef,
    references: Sequence[ImageRef],
    instruction: str,
    against: Against,
    policy: Policy,
    canvas: ImageRef | None = None,
    made_from: Sequence[str] | None = None,
) -> Event:
    """An evaluation event: `image` judged against `instruction` and what it was made from: references, and the picture that
    a step worked on, if any. It is judged as often as `policy.judging` says; sub-tasks have thresholds of their own.

    It must differ from the images `made_from` (sha256), by default the references and all that its try was drawn from.
    Raises stages.calls.Halt, EngineDead, and OSError where an image cannot be read.
    """
    sample = t.sample
    thresholds = policy.step_thresholds if against == "subtask" else policy.thresholds
    # judges compare with what the image was made from, so a step is compared with its canvas
    before = (*references, canvas) if canvas else tuple(references)
    if made_from is None:
        made_from = (*(ref.sha256 for ref in before), *_drawn_from(t, image))
    unchanged = await find_unchanged(models.comparer, image.sha256, made_from, instruction, policy.unchanged_within)
    if unchanged is not None:
        return _by_rule(unchanged, place, image, before, against)
    values = {
        "instruction": instruction,
        "against": against,
        # a step's own sub-category is not known: that of the whole would demand what a later step does
        "group": group_of(sample.category) if against == "original" else None,
        "axes": sample.applicable_axes,
        "references": len(references),
        "start": start(references, canvas),
    }

    async def once(place: CallPlace, judge: Judge) -> Event:
        return await ask(
            t,
            models,
            "evaluation",
            place,
            "evaluate",
            (*before, image),
            lambda text: evaluation(text, sample.applicable_axes, thresholds),
            values,
            against,
            judge,
            sample.applicable_axes,
        )

    event, verdict = await _verdict(once, place, policy.judging, thresholds)
    verdict = _with_aspect(verdict, t, image, policy.aspect_tolerance)
    # the reasons that stand may come from several judgements, so it is their words that count
    speech = models.speech.about(sample)
    return replace(event, payload=verdict, image=image, voice=speech.broken("evaluation", verdict))


def _by_rule(
    unchanged: Unchanged, place: CallPlace, image: ImageRef, before: Sequence[ImageRef], against: Against
) -> Event:
    """The evaluation of an unchanged image, for which nobody was asked."""
    return Event(
        kind="evaluation",
        index=place.index,
        attempt=place.attempt,
        against=against,
        payload=verdict_of(unchanged),
        image=image,
        inputs=(*(ref.sha256 for ref in before), image.sha256),
        made_by=RULE,
    )


def _drawn_from(t: Trajectory, image: ImageRef) -> tuple[str, ...]:
    """What the newest try that gave `image` was drawn from."""
    return next((e.inputs for e in reversed(t.events) if e.kind == "generation" and e.image == image), ())


async def _verdict(
    once: Callable[[CallPlace, Judge], Awaitable[Event]], place: CallPlace, judging: Judging, thresholds: Thresholds
) -> tuple[Event, Evaluation]:
    """Ask until the verdict stands: the event it is put down to, and what it says."""
    events: list[Event] = []
    verdicts: list[Evaluation] = []
    judgements: list[Judgement] = []
    # one judgement after the other: whether a further one is needed depends on those before it
    while (judge := next_judge(judgements, judging, thresholds)) is not None:
        event = await once(replace(place, judgement=1 + sum(j.judge == judge for j in judgements)), judge)
        assert isinstance(event.payload, Evaluation)
        events.append(event)
        verdicts.append(event.payload)
        judgements.append(_judgement(judge, event, event.payload, thresholds))
    asked_again = {rule for event in events for rule in event.voice_before}
    numbers = standing(judgements, thresholds)
    axes = tuple(verdicts[number].axes[n] for n, number in enumerate(numbers))
    # the list of demands belongs to the instruction's score: one judge's list must not stand beside another's score
    lists = (verdicts[number].demands for a, number in zip(axes, numbers, strict=True) if a.axis == "instruction")
    event = replace(
        events[decider(judgements, thresholds)], voice_before=tuple(rule for rule in RULES if rule in asked_again)
    )
    return event, Evaluation(
        axes,
        0.0,
        judgements=tuple(judgements) if len(judgements) > 1 else (),
        demands=next(lists, ()),
        rubric=verdicts[0].rubric,
    )


def _judgement(judge: Judge, event: Event, verdict: Evaluation, thresholds: Thresholds) -> Judgement:
    assert event.seed is not None
    assert event.call_key is not None
    assert event.made_by is not None
    return Judgement(judge, scored(verdict, thresholds), event.seed, event.call_key, event.made_by)


def _with_aspect(verdict: Evaluation, t: Trajectory, image: ImageRef, tolerance: float) -> Evaluation:
    """A wrong aspect ratio fails consistency where a reference exists, quality otherwise, whatever the Analyzer saw."""
    asked = t.sample.width / t.sample.height
    error = abs(image.width / image.height / asked - 1)
    if error <= tolerance:
        return replace(verdict, aspect_error=error)
    # models that judge see pictures scaled to one size: a wrong shape is not visible to them
    axis = "consistency" if "consistency" in t.sample.applicable_axes else "quality"
    note = f" (aspect ratio off by {error:.1%})"
    axes = tuple(
        replace(a, passed=False, reason=(a.reason + note).strip()) if a.axis == axis else a for a in verdict.axes
    )
    return replace(verdict, axes=axes, aspect_error=error)
