"""The gate to multi-step: why did everything before fail (SAIR escalation step 3)?

In: a trajectory whose candidate failed. Out: a diagnosis added; a cause that decomposition cannot help ends the climb as
`discarded`, with the cause kept.
"""

from stages.calls import CallPlace, Models, ask
from stages.policy import Policy
from stages.records import Diagnosis, Evaluation
from stages.replies import diagnosis
from stages.trajectory import Trajectory


async def diagnose(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Name the root cause; only the causes in `policy.escalate_on` climb on. Raises stages.calls.Halt."""
    sample, last = t.sample, t.last("generation")
    values = {
        "instruction": sample.instruction,
        "attempts": [e.payload for e in t.events if isinstance(e.payload, Evaluation)],
        "references": len(sample.references),
    }
    # the last image alone: what came before stands in the attempts, in words, and costs no image tokens
    images = (*sample.references, t.current().image)
    event = await ask(t, models, "diagnosis", CallPlace("diagnose", last.index), "diagnose", images, diagnosis, values)
    t = t.add(event)
    assert isinstance(event.payload, Diagnosis)
    if event.payload.cause in policy.escalate_on:
        return t
    return t.discard(event.payload.cause, event.payload.explanation)
