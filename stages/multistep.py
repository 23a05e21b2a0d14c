"""The third rung: find out why all failed, decompose, then go step by step (SAIR escalation steps 3 and 4).

In: a trajectory whose candidate failed. Out: D; where the cause is complexity P, then S_i, G_i, E_i per step (i from 2), each
with at most `step_attempts` attempts; accepted in mode `multistep` when the last step also satisfies the ORIGINAL instruction. A
step that never passes, or a last image that fails the final check, ends as `discarded`.

The request for a decomposition shows only what survives pruning (instruction, references, G1, E1), so that its text makes
sense to a reader who never saw the pruned attempts.
"""

from dataclasses import dataclass, replace
from typing import get_args

from stages.calls import CallPlace, Models, ask, draw, start
from stages.diagnose import diagnose
from stages.evaluate import evaluate
from stages.grammar import (
    DIAGNOSIS,
    FAILED,
    IMAGE,
    NOTHING,
    PASSED,
    PLAN,
    REFLECTION,
    SUBTASK,
    Either,
    Many,
    Pattern,
)
from stages.multistep_ways import RUNG, ways
from stages.policy import Policy
from stages.records import Cause, Evaluation, Event, ImageRef, Plan, Reflection, Step
from stages.reflect import look_again
from stages.replies import plan
from stages.rung import ModeStyle, Rung, Station
from stages.trajectory import Trajectory


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
    """Diagnose, plan and carry out the steps. Raises stages.calls.Halt when a call fails for good."""
    t = await diagnose(t, models, policy)
    if t.status != "climbing":
        return t
    # diagnosis and steps are stations of their own: a sample left at one of them says so in the funnel
    t = await _decompose(t.enter(RUNG), models, policy)
    planned = t.last("decomposition").payload
    assert isinstance(planned, Plan)
    inputs = _first_inputs(t, policy)
    for i, text in enumerate(planned.steps, start=2):
        t = await _step(t, models, policy, i, text, inputs, last=i == len(planned.steps) + 1)
        if t.status != "climbing":
            return t
        # A composition may need its references again at any step; a single reference lives on in the canvas.
        inputs = StepInputs(t.sample.references if len(t.sample.references) > 1 else (), t.current().image)
    return t.accept(MULTISTEP.mode)


async def _decompose(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    # the plan may not speak of attempts that pruning takes away, so it sees the first one alone
    sample, first = t.sample, t.root()
    values = {
        "instruction": sample.instruction,
        "evaluation": first.verdict,
        "references": len(sample.references),
        "steps_min": policy.steps_min,
        "steps_max": policy.steps_max,
        "start": _start_words(t, policy),
    }
    images = (*sample.references, first.image)
    event = await ask(
        t,
        models,
        "decomposition",
        CallPlace(RUNG, 1),
        "decompose",
        images,
        lambda text: plan(text, policy.steps_min, policy.steps_max),
        values,
        steps=(policy.steps_min, policy.steps_max),
    )
    # said outright: a later try may have come out as the very same image
    return t.add(replace(event, from_try=first.number))


def _first_inputs(t: Trajectory, policy: Policy) -> StepInputs:
    """Step 1 works on the references, or with `multistep_from: failed` on the failed first try."""
    return StepInputs(t.sample.references, t.root().image if policy.multistep_from == "failed" else None)


def _start_words(t: Trajectory, policy: Policy) -> str:
    if policy.multistep_from == "failed":
        return "attempt"
    return "references" if t.sample.references else "empty canvas"


async def _step(
    t: Trajectory, models: Models, policy: Policy, i: int, text: str, inputs: StepInputs, last: bool
) -> Trajectory:
    """Step `i`: still climbing when it passed, discarded when its attempts are used up."""
    t = t.add(Event("subtask", i, payload=Step(text)))
    failure: Evaluation | Reflection | None = None
    checked = False
    for attempt in range(1, policy.step_attempts + 1):
        place = CallPlace(RUNG, i, attempt)
        t = t.add(await _draw(t, models, place, text, inputs, failure))
        t = t.add(await _judge(t, models, policy, place, text, inputs))
        # the sub-task's own faults, unless a look at the whole replaces them below
        failure = t.current().verdict if policy.step_retry == "reflect" else None
        checked = t.current().verdict.passed and last and policy.final_check
        if checked:
            t = t.add(await _check_whole(t, models, policy, place))
        if t.current().verdict.passed:
            return t
        if checked and policy.step_retry == "reflect" and attempt < policy.step_attempts:
            # the sub-task was done: only a look at the whole can say what the last step has to do otherwise
            t = await look_again(t, models, policy, place)
            if t.overruled:
                return t
            thought = t.last("reflection").payload
            assert isinstance(thought, Reflection)
            failure = thought
    return _give_up(t, policy, i, text, checked)


def _give_up(t: Trajectory, policy: Policy, i: int, text: str, checked: bool) -> Trajectory:
    if checked:
        words = f"the final check against the original instruction did not pass in {policy.step_attempts} attempts at"
        return t.discard("final_check", f"{words} step {i - 1}: {text}")
    return t.discard("step_failed", f"step {i - 1} of the plan did not pass in {policy.step_attempts} attempts: {text}")


async def _draw(
    t: Trajectory,
    models: Models,
    place: CallPlace,
    text: str,
    inputs: StepInputs,
    failure: Evaluation | Reflection | None,
) -> Event:
    """The step's image; after a failed attempt the request says what was wrong with it, unless steps are redrawn blindly."""
    values = {
        "instruction": text,
        "references": len(inputs.references),
        "start": start(inputs.references, inputs.canvas),
    }
    # first attempts and blind redraws share one prompt, so that only the seed differs
    if failure is None:
        return await draw(t, models, "generator", place, "step", inputs.images, values)
    # what passed is no reason to change anything
    values["failed"] = [a for a in failure.axes if not a.passed] if isinstance(failure, Evaluation) else []
    values["reflection"] = failure if isinstance(failure, Reflection) else None
    return await draw(t, models, "generator", place, "step_again", inputs.images, values)


async def _judge(
    t: Trajectory, models: Models, policy: Policy, place: CallPlace, text: str, inputs: StepInputs
) -> Event:
    """The step's image against its own sub-task."""
    image, canvas = t.current().image, inputs.canvas
    return await evaluate(t, models, place, image, inputs.references, text, "subtask", policy, canvas=canvas)


async def _check_whole(t: Trajectory, models: Models, policy: Policy, place: CallPlace) -> Event:
    """The final check: the direct thresholds, against the original instruction and the original references."""
    sample, image = t.sample, t.current().image
    # its step was compared with its canvas before; a step may have been asked to change nothing
    made_from = tuple(ref.sha256 for ref in sample.references)
    return await evaluate(
        t, models, place, image, sample.references, sample.instruction, "original", policy, made_from=made_from
    )


def _keeps(t: Trajectory) -> frozenset[int]:
    """The failed try that the plan was made from, the plan, and per step its last try with the judgement that let it pass."""
    # not the candidate: the steps may have begun from the references
    first = t.last("decomposition").from_try
    last_of_step = {e.index: e.try_number for e in t.events if e.rung == RUNG and e.kind == "generation"}
    kept: set[int] = set()
    # by try, not by index: the same step may have been judged in several tries
    newest: dict[int, int] = {}
    for n, event in enumerate(t.events):
        own = event.rung == RUNG and event.try_number == last_of_step.get(event.index)
        if event.kind in ("decomposition", "subtask") or (
            event.kind == "generation" and (own or event.try_number == first)
        ):
            kept.add(n)
        elif event.kind == "evaluation" and (own or event.try_number == first):
            newest[event.try_number] = n  # the final check replaces the judgement against the sub-task
    return frozenset(kept | set(newest.values()))


def _step_pattern(policy: Policy, last: bool, end: Pattern, failures: tuple[int, int]) -> Pattern:
    """A step that is retried so often, then ends so."""
    checked = last and policy.final_check
    look = REFLECTION if policy.step_retry == "reflect" else NOTHING
    failed = Either(((IMAGE, FAILED), (IMAGE, PASSED, FAILED, look))) if checked else (IMAGE, FAILED)
    return (SUBTASK, Many(failed, *failures), IMAGE, end)


def _passes(policy: Policy) -> Pattern:
    retries = (0, policy.step_attempts - 1)
    step = _step_pattern(policy, False, PASSED, retries)
    last = _step_pattern(policy, True, (PASSED, PASSED) if policy.final_check else PASSED, retries)
    return (DIAGNOSIS, PLAN, Many(step, policy.steps_min - 1, policy.steps_max - 1), last)


def _discards(policy: Policy) -> dict[str, Pattern]:
    attempts = policy.step_attempts
    before = Many(_step_pattern(policy, False, PASSED, (0, attempts - 1)), 0, policy.steps_max - 1)
    all_failed = (attempts - 1, attempts - 1)
    failed, refused = (_step_pattern(policy, True, end, all_failed) for end in (FAILED, (PASSED, FAILED)))
    # a cause that climbs on never ends a sample here
    causes: dict[str, Pattern] = {cause: DIAGNOSIS for cause in get_args(Cause) if cause not in policy.escalate_on}
    return {
        **causes,
        "step_failed": (DIAGNOSIS, PLAN, before, failed),
        "final_check": (DIAGNOSIS, PLAN, before, refused),
    }


def _sentence(policy: Policy) -> Pattern:
    first = (IMAGE.at("first", False), FAILED.at("first", True), PLAN.at("step", True))
    # every sub-task stands in the plan already
    repeated = policy.repeat_subtasks == "yes"
    step, last = ((SUBTASK.at(at, repeated), IMAGE.at(at, True), PASSED.at(at, True)) for at in ("step", "last"))
    return (*first, Many(step, policy.steps_min - 1, policy.steps_max - 1), *last)


MULTISTEP = Rung(
    name=RUNG,
    mode="multistep",
    climb=multistep,
    look=ModeStyle("Multi-step", "step by step", light="#976319", dark="#d6a355"),
    place="step by step",
    passes=_passes,
    fails=lambda _: Either(()),  # it accepts or discards: nothing climbs on from here
    discards=_discards,
    sentence=_sentence,
    keeps=_keeps,
    ways=ways,
    chances=lambda _: ("escalates", "step", "final"),
    stages=lambda _: (
        Station(f"{RUNG} diagnosis", "Diagnosis", "at diagnosis"),
        Station(RUNG, "Multi-step", "step by step"),
    ),
    hands_on=False,
    rounds=lambda policy: policy.step_attempts,
)
