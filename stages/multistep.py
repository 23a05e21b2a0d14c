"""The third rung: decompose, then go step by step (SAIR escalation step 4).

In: a trajectory diagnosed as too complex. Out: P, then S_i, G_i, E_i per step (i from 2), each with at most `step_attempts`
attempts; accepted in mode `multistep` when the last step also satisfies the ORIGINAL instruction. A step that never passes,
or a last image that fails the final check, ends as `discarded`.

The request for a decomposition shows only what survives pruning (instruction, references, G1, E1), so that its text makes
sense to a reader who never saw the pruned attempts.
"""

from dataclasses import dataclass

from stages.calls import CallPlace, Models, ask, draw, start
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.records import Event, ImageRef, Kind, Plan, Step, Trajectory
from stages.replies import plan

RUNG = "multistep"


@dataclass(frozen=True)
class StepInputs:
    """What a step works with: references, and the picture to change where that is none of them."""

    references: tuple[ImageRef, ...]
    canvas: ImageRef | None

    @property
    def images(self) -> tuple[ImageRef, ...]:
        """All of them, the canvas last."""
        return (*self.references, self.canvas) if self.canvas else self.references


async def multistep(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Plan and carry out the steps. Raises stages.calls.Halt when a call fails for good."""
    t = t.add(await _decompose(t, models, policy))
    planned = t.last("decomposition").payload
    assert isinstance(planned, Plan)
    desk = _first_desk(t, policy)
    for i, text in enumerate(planned.steps, start=2):
        t = await _step(t, models, policy, i, text, desk, last=i == len(planned.steps) + 1)
        if t.status != "climbing":
            return t
        # A composition may need its references again at any step; a single reference lives on in the canvas.
        desk = StepInputs(t.sample.references if len(t.sample.references) > 1 else (), t.last_image())
    return t.accept("multistep")


async def _decompose(t: Trajectory, models: Models, policy: Policy) -> Event:
    sample = t.sample
    first, judged = _first(t, "generation"), _first(t, "evaluation")
    assert first.image is not None
    known = {
        "instruction": sample.instruction,
        "explanation": sample.explanation,
        "evaluation": judged.payload,
        "references": len(sample.references),
        "steps_min": policy.steps_min,
        "steps_max": policy.steps_max,
        "start": _start_words(t, policy),
    }
    return await ask(
        t,
        models,
        "decomposition",
        CallPlace(RUNG, 1),
        "decompose",
        (*sample.references, first.image),
        lambda text: plan(text, policy.steps_min, policy.steps_max),
        known,
    )


def _first(t: Trajectory, kind: Kind) -> Event:
    return next(e for e in t.events if e.kind == kind)


def _first_desk(t: Trajectory, policy: Policy) -> StepInputs:
    """Step 1 works on the references, or with `multistep_from: failed` on the failed first try."""
    return StepInputs(t.sample.references, _first(t, "generation").image if policy.multistep_from == "failed" else None)


def _start_words(t: Trajectory, policy: Policy) -> str:
    if policy.multistep_from == "failed":
        return "attempt"
    return "references" if t.sample.references else "empty canvas"


async def _step(
    t: Trajectory, models: Models, policy: Policy, i: int, text: str, desk: StepInputs, last: bool
) -> Trajectory:
    """Step `i`: still climbing when it passed, discarded when its attempts are used up."""
    t = t.add(Event("subtask", i, payload=Step(text)))
    reason = "step_failed"
    for attempt in range(1, policy.step_attempts + 1):
        place = CallPlace(RUNG, i, attempt)
        t = t.add(await _draw(t, models, place, text, desk))
        image = t.last_image()
        t = t.add(await _judge(t, models, policy, place, text, desk, image))
        reason = "step_failed"
        if not t.last_evaluation().passed:
            continue
        if not (last and policy.final_check):
            return t
        t = await _final(t, models, policy, place, image)
        if t.last_evaluation().passed:
            return t
        reason = "final_check"
    return t.discard(reason, f"step {i - 1} of the plan did not pass in {policy.step_attempts} attempts: {text}")


async def _draw(t: Trajectory, models: Models, place: CallPlace, text: str, desk: StepInputs) -> Event:
    known = {"instruction": text, "references": len(desk.references), "start": start(desk.references, desk.canvas)}
    return await draw(t, models, "generator", place, "step", desk.images, known)


async def _judge(
    t: Trajectory, models: Models, policy: Policy, place: CallPlace, text: str, desk: StepInputs, image: ImageRef
) -> Event:
    """The step's image against its own sub-task."""
    return await evaluate(t, models, place, image, desk.references, text, "subtask", policy, canvas=desk.canvas)


async def _final(t: Trajectory, models: Models, policy: Policy, place: CallPlace, image: ImageRef) -> Trajectory:
    """The final check: the direct thresholds, against the original instruction and the original references."""
    return t.add(await evaluate(t, models, place, image, t.sample.references, t.sample.instruction, "original", policy))
