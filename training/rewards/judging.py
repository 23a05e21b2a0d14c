"""The judgement of a model's answer: its last image on all axes, and each intermediate text by itself.

In: the sample that it answers, the answer with its images in the store, models, a policy. Out: a `Rollout`. Any configured Analyzer
judges, as often as the policy says, by the words and thresholds of a build (`stages.evaluate`, `stages.appraise`). Equal images and
texts of one prompt are one question, so that a journal answers it once.
"""

import asyncio
from dataclasses import dataclass

from stages.appraise import ThoughtKind, appraise
from stages.calls import CallPlace, Halt, Models
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.records import Evaluation, Event, ImageRef, Sample
from stages.trajectory import Trajectory
from training.rewards.rollout import Rollout


@dataclass(frozen=True, slots=True)
class WrittenThought:
    """An intermediate text: its kind, its words without labels, and how many images had been made when it was written."""

    kind: ThoughtKind
    text: str
    images_before: int


@dataclass(frozen=True, slots=True)
class DrawnAnswer:
    """An answer whose images lie in the store: its letters (see `Rollout`), its images, its intermediate texts, all in order."""

    letters: str
    images: tuple[ImageRef, ...]
    thoughts: tuple[WrittenThought, ...] = ()

    def __post_init__(self) -> None:
        if self.letters.count("G") != len(self.images):
            raise ValueError(
                f"{self.letters!r} names {self.letters.count('G')} images, and there are {len(self.images)}"
            )


async def judge_answer(
    sample: Sample, answer: DrawnAnswer, models: Models, policy: Policy, with_steps: bool = True, name: str = ""
) -> Rollout:
    """What counts of `answer`; `with_steps`: its intermediate texts are judged, too. Without an image nobody is asked.

    Raises stages.errors.ModelError, OSError where an image cannot be read.
    """
    if not answer.images:
        return Rollout(answer.letters, steps=(), name=name)
    asked = answer.thoughts if with_steps else ()
    # together: a judge over HTTP takes seconds for each
    tasks = [asyncio.ensure_future(_appraised(sample, thought, answer, models, policy)) for thought in asked]
    try:
        verdict = await _verdict(sample, answer.images[-1], models, policy)
        steps = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return Rollout(
        answer.letters,
        outcome=tuple(axis.score for axis in verdict.axes),
        passed=verdict.passed,
        steps=tuple(steps) if with_steps else None,
        name=name,
    )


async def _verdict(sample: Sample, image: ImageRef, models: Models, policy: Policy) -> Evaluation:
    """The verdict on the last image, as a build judges a direct try."""
    place = CallPlace("reward", 1)
    made = Event("generation", 1, image=image, inputs=tuple(ref.sha256 for ref in sample.references))
    t = Trajectory(sample, 0).add(made)
    try:
        event = await evaluate(
            t, models, place, image, sample.references, sample.instruction, "original", policy, canvas=None
        )
    except Halt as halt:
        raise halt.error from halt
    assert isinstance(event.payload, Evaluation)
    return event.payload


async def _appraised(
    sample: Sample, thought: WrittenThought, answer: DrawnAnswer, models: Models, policy: Policy
) -> float:
    """The score of one text, 0 to 1."""
    canvas = _canvas(thought, answer, policy)
    appraisal = await appraise(models, sample, thought.kind, thought.text, sample.references, canvas)
    return (appraisal.score - 1) / 4


def _canvas(thought: WrittenThought, answer: DrawnAnswer, policy: Policy) -> ImageRef | None:
    """The picture that a text was written about, None where work starts anew."""
    # the first step works on the references, not on the failed try before it
    anew = thought.kind == "subtask" and thought.images_before == 1 and policy.multistep_from == "references"
    return None if anew or not thought.images_before else answer.images[thought.images_before - 1]
