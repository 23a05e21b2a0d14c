"""Between the rungs: why did every round fail (SAIR escalation step 3)?

In: a trajectory that reflection could not mend. Out: a diagnosis added; a cause that decomposition cannot help ends the
climb as `discarded`, with the cause kept.
"""

from stages.calls import CallPlace, Models, ask
from stages.policy import Policy
from stages.records import Diagnosis, Evaluation, Trajectory
from stages.replies import diagnosis


async def diagnose(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Name the root cause; only the causes in `policy.escalate_on` climb on. Raises stages.calls.Halt."""
    sample, last = t.sample, t.last("generation")
    attempts = [e.payload for e in t.events if isinstance(e.payload, Evaluation)]
    known = {
        "instruction": sample.instruction,
        "explanation": sample.explanation,
        "attempts": attempts,
        "references": len(sample.references),
    }
    seen = (*sample.references, t.last_image())
    named = await ask(t, models, "diagnosis", CallPlace("diagnose", last.index), "diagnose", seen, diagnosis, known)
    t = t.add(named)
    assert isinstance(named.payload, Diagnosis)
    if named.payload.cause in policy.escalate_on:
        return t
    return t.discard(named.payload.cause, named.payload.explanation)
