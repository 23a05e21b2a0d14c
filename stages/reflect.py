"""The second rung: up to `reflection_rounds` rounds of looking again (SAIR escalation step 2).

In: a trajectory whose last image failed. Out: R_k, G_{k+1}, E_{k+1} added per round; accepted in mode `reflection` as soon
as all axes pass. The Analyzer sees instruction, references, E_k and the rejected G_k; the Generator sees the instruction too.
"""

from stages.calls import CallPlace, Models, ask, draw
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.records import Trajectory
from stages.replies import reflection

RUNG = "reflect"


async def reflect(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Reflect and redraw until the Analyzer is satisfied or the rounds are used up. Raises stages.calls.Halt."""
    for k in range(1, policy.reflection_rounds + 1):
        t = await one_round(t, models, policy, k)
        if t.last_evaluation().passed:
            return t.accept("reflection")
    return t


async def one_round(t: Trajectory, models: Models, policy: Policy, k: int) -> Trajectory:
    """Round `k`: R_k on the rejected G_k, then G_{k+1} and E_{k+1}. Raises stages.calls.Halt."""
    sample = t.sample
    seen = (*sample.references, t.last_image())
    known = {"instruction": sample.instruction, "references": len(sample.references)}
    asked = known | {"explanation": sample.explanation, "evaluation": t.last_evaluation()}
    thought = await ask(t, models, "reflection", CallPlace(RUNG, k), "reflect", seen, reflection, asked)
    t = t.add(thought)
    place = CallPlace(RUNG, k + 1)
    t = t.add(await draw(t, models, "generator", place, "redraw", seen, known | {"reflection": thought.payload}))
    return t.add(
        await evaluate(t, models, place, t.last_image(), sample.references, sample.instruction, "original", policy)
    )
