"""How a build with batches feeds its ladder: in passes, each of so many samples.

In: a manifest. Out: how many samples may be in hand at a time, and how often one waits at most.
"""

from pipeline.manifest.batches import batches_used
from pipeline.manifest.spec import Manifest
from stages.makers import role_of

LEAST = 256


def most_at_once(manifest: Manifest) -> int | None:
    """How many unfinished samples a pass takes up; None: all. Where there are quotas it is their sum: what waits for a batch fills
    none of them yet, and all that is begun is paid."""
    limits = [quota for quota in manifest.quotas.values() if quota is not None]
    if not limits or not batches_used(manifest):
        return None
    return max(LEAST, sum(limits))


def most_waits(manifest: Manifest) -> int:
    """How many answers of batches a sample waits for, one after another, on the longest way up the ladder; 0 without batches."""
    later = {role_of(role) for role, spec in manifest.models if spec.batch is not None}
    policy = manifest.policy
    judged = policy.judging.judgements * ("analyzer" in later) + ("second_analyzer" in later)
    return sum(
        max(
            (
                sum(count for (role, _), count in way.calls.items() if role_of(role) in later)
                + (way.passes + way.fails) * judged
                for way in rung.ways(policy)
            ),
            default=0,
        )
        for rung in manifest.recipe.rungs
    )
