"""The third rung: decompose, then go step by step (SAIR escalation step 4).

In: a trajectory diagnosed as too complex. Out: P, then S_i, G_i, E_i per step (i from 2), each with at most `step_attempts`
attempts; accepted in mode `multistep` when the last step also satisfies the ORIGINAL instruction. A step that never passes,
or a last image that fails the final check, ends as `discarded`.

The request for a decomposition shows only what survives pruning (instruction, references, G1, E1), so that its text makes
sense to a reader who never saw the pruned attempts.
"""

from stages.calls import Models, Place, ask, draw, evaluate
from stages.policy import Policy
from stages.records import Event, ImageRef, Kind, Plan, Step, Trajectory
from stages.replies import plan

RUNG = "multistep"


async def multistep(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Plan and carry out the steps. Raises stages.calls.Halt when a call fails for good."""
    t = t.add(await _decompose(t, models, policy))
    planned = t.last("decomposition").payload
    assert isinstance(planned, Plan)
    canvas = _start(t, policy)
    for i, text in enumerate(planned.steps, start=2):
        t = await _step(t, models, policy, i, text, canvas, last=i == len(planned.steps) + 1)
        if t.status != "climbing":
            return t
        image = t.last_image()
        # A composition may need its references again at any step; a single reference lives on in the canvas.
        canvas = (*t.sample.references, image) if len(t.sample.references) > 1 else (image,)
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
        Place(RUNG, 1),
        "decompose",
        (*sample.references, first.image),
        lambda text: plan(text, policy.steps_min, policy.steps_max),
        known,
    )


def _first(t: Trajectory, kind: Kind) -> Event:
    return next(e for e in t.events if e.kind == kind)


def _start(t: Trajectory, policy: Policy) -> tuple[ImageRef, ...]:
    """The images step 1 works on: the references, or with `multistep_from: failed` also the failed first try."""
    first = _first(t, "generation").image
    assert first is not None
    return t.sample.references if policy.multistep_from == "references" else (*t.sample.references, first)


def _start_words(t: Trajectory, policy: Policy) -> str:
    if policy.multistep_from == "failed":
        return "attempt"
    return "references" if t.sample.references else "empty canvas"


async def _step(
    t: Trajectory, models: Models, policy: Policy, i: int, text: str, canvas: tuple[ImageRef, ...], last: bool
) -> Trajectory:
    """Step `i`: still climbing when it passed, discarded when its attempts are used up."""
    t = t.add(Event("subtask", i, payload=Step(text)))
    reason = "step_failed"
    for attempt in range(1, policy.step_attempts + 1):
        place = Place(RUNG, i, attempt)
        t = t.add(
            await draw(t, models, "generator", place, "step", canvas, {"instruction": text, "images": len(canvas)})
        )
        image = t.last_image()
        t = t.add(
            await evaluate(
                t, models, place, image, canvas, text, "subtask", policy.step_thresholds, policy.aspect_tolerance
            )
        )
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


async def _final(t: Trajectory, models: Models, policy: Policy, place: Place, image: ImageRef) -> Trajectory:
    """The final check: the direct thresholds, against the original instruction and the original references."""
    return t.add(
        await evaluate(
            t,
            models,
            place,
            image,
            t.sample.references,
            t.sample.instruction,
            "original",
            policy.thresholds,
            policy.aspect_tolerance,
        )
    )
