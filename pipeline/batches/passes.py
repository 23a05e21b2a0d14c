"""How a build with batches feeds its ladder: in passes, each of so many samples.

In: a manifest. Out: how many samples may be in hand at a time.
"""

from pipeline.manifest.batches import batches_used
from pipeline.manifest.spec import Manifest

LEAST = 256


def most_at_once(manifest: Manifest) -> int | None:
    """How many unfinished samples a pass takes up; None: all. Where there are quotas it is their sum: what waits for a batch fills
    none of them yet, and all that is begun is paid."""
    wanted = [quota for quota in manifest.quotas.values() if quota is not None]
    if not wanted or not batches_used(manifest):
        return None
    return max(LEAST, sum(wanted))
