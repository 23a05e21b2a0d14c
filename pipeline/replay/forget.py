"""Lets failed samples climb again: the answers that ended them are forgotten, those before them are kept.

In: the database of a run whose samples failed by a model's answer (malformed, too long) or by an error of its own. Out: the same
without their outcomes and without the answers that ended them. No call is made.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.journal.lookup import Lookup
from pipeline.manifest.spec import Manifest
from pipeline.models import identities
from pipeline.replay.replay import ReplayedCall, ReplayedClimb, answer_reader, replay
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from prompts.catalogue import Prompts
from stages.trajectory import Trajectory

KEPT = ("input", "transport")
"""Reasons of failure that forgetting would not mend, or that are tried again anyhow."""


def may_be_retried(t: Trajectory) -> bool:
    """True for a sample that failed other than by its input or in transport."""
    return t.status == "failed" and t.reason not in KEPT


def retry_failed(outcomes: Outcomes, manifest: Manifest, words: Prompts, store: ImageStore) -> int:
    """Let every sample climb again that failed other than by its input or in transport; how many there are.

    Where the journal does not lead to the same end, there is nothing to forget but the outcome. Raises RunStopped, OSError,
    sqlalchemy.exc.SQLAlchemyError.
    """
    failed = [t for t in outcomes.all() if may_be_retried(t)]
    if not failed:
        return 0
    climbs = asyncio.run(_replay_climbs(failed, outcomes, manifest, words, store))
    keys = [call.key for t, climbed in zip(failed, climbs, strict=True) for call in _last_calls(t, climbed)]
    outcomes.forget([t.sample.id for t in failed], keys)
    return len(failed)


async def _replay_climbs(
    failed: Sequence[Trajectory], outcomes: Outcomes, manifest: Manifest, words: Prompts, store: ImageStore
) -> list[ReplayedClimb]:
    roles = identities(manifest)
    with ThreadPoolExecutor(1) as thread:
        known = Lookup(answer_reader(outcomes, store), thread)
        return await asyncio.gather(*(replay(t, manifest, roles, words, store, manifest.policy, known) for t in failed))


def _last_calls(t: Trajectory, climbed: ReplayedClimb) -> Sequence[ReplayedCall]:
    """The last call of a climb that failed, and the first try of the same where there was one."""
    end = climbed.trajectory
    if end is None or (end.status, end.reason) != (t.status, t.reason):
        return ()
    return climbed.asked[-2:] if len(climbed.asked) > 1 and _is_second_try(*climbed.asked[-2:]) else climbed.asked[-1:]


def _is_second_try(first: ReplayedCall, second: ReplayedCall) -> bool:
    """True when `second` repeats the request of `first` with the next seed, as `stages.calls` does."""
    one, other = first.request, second.request
    return (
        first.role == second.role
        and (one.schema, one.ordinal, one.images) == (other.schema, other.ordinal, other.images)
        and (one.seed + 1) % 2**31 == other.seed
    )
