"""The first rung: one try by the baseline, judged on every applicable axis (SAIR, arXiv 2605.14709, escalation step 1).

In: a fresh trajectory. Out: G1 and E1 added; accepted in mode `direct` when all axes pass. A G1 the sample brings along is
judged, not made.
"""

from stages.calls import CallPlace, Models, draw
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.records import Event, Trajectory

RUNG = "direct"


async def direct(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """One direct try. Raises stages.calls.Halt when a call fails for good."""
    sample, place = t.sample, CallPlace(RUNG, 1)
    if sample.first is not None:
        t = t.add(Event("generation", 1, image=sample.first, made_by="baseline:precomputed"))
    else:
        values = {"instruction": sample.instruction, "references": len(sample.references)}
        t = t.add(await draw(t, models, "baseline", place, "generate", sample.references, values))
    judged = await evaluate(t, models, place, t.last_image(), sample.references, sample.instruction, "original", policy)
    t = t.add(judged)
    return t.accept("direct") if t.last_evaluation().passed else t
