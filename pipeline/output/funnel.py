"""What became of the samples, rung by rung and category by category.

In: planned trajectories with their fates, and the policy. Out: counts. Per rung: entered = passed + went_on + stopped +
discarded + failed; `stopped` are RL prompts that were only to be tried once, whatever came of it. Which rungs a sample entered
is read from its events: a rung whose first call failed was entered too.
"""

from collections import Counter
from typing import Literal

from pipeline.output.cut import FATES
from pipeline.output.parts import Planned
from stages.policy import Policy
from stages.records import MODES, Diagnosis, Evaluation, Trajectory

Rung = Literal["direct", "reflection", "diagnosis", "multistep"]
RUNGS: tuple[Rung, ...] = ("direct", "reflection", "diagnosis", "multistep")
ENDS = ("passed", "went_on", "stopped", "discarded", "failed")


def by_rung(planned: Planned, policy: Policy) -> dict[str, dict[str, int]]:
    """Per rung: how many entered, and how they left."""
    counts: Counter[tuple[str, str]] = Counter()
    for t, _ in planned:
        rungs = entered(t, policy)
        for n, rung in enumerate(rungs):
            counts[rung, "entered"] += 1
            counts[rung, _end(t) if n == len(rungs) - 1 else "went_on"] += 1
    return {rung: {what: counts[rung, what] for what in ("entered", *ENDS)} for rung in RUNGS}


def by_category(planned: Planned) -> dict[str, dict[str, int]]:
    """Per category: planned, each fate, and the kept ones of each mode."""
    counts: dict[str, Counter[str]] = {}
    for t, fate in planned:
        row = counts.setdefault(t.sample.category, Counter())
        row.update(("planned", fate))
        if fate == "kept" and t.mode is not None and t.sample.split != "rl":
            row[t.mode] += 1
    return {
        category: {what: counts[category][what] for what in ("planned", *FATES, *MODES)} for category in sorted(counts)
    }


def entered(t: Trajectory, policy: Policy) -> list[Rung]:
    """The rungs that `t` entered, in order."""
    if t.sample.climb == "none" or (t.status == "failed" and t.reason == "input"):
        return []
    rungs: list[Rung] = ["direct"]
    tries = _chain(t)
    if not tries or tries[0].passed or t.sample.climb == "direct":
        return rungs
    if policy.reflection_rounds:
        rungs.append("reflection")
    if len(tries) <= policy.reflection_rounds or tries[-1].passed:
        return rungs
    rungs.append("diagnosis")
    causes = {e.payload.cause for e in t.events if isinstance(e.payload, Diagnosis)}
    return [*rungs, "multistep"] if causes & set(policy.escalate_on) else rungs


def _chain(t: Trajectory) -> list[Evaluation]:
    """The judgements of the direct try and of the reflection rounds."""
    found: list[Evaluation] = []
    for event in t.events:
        if event.kind in ("diagnosis", "decomposition"):
            break
        if isinstance(event.payload, Evaluation):
            found.append(event.payload)
    return found


def _end(t: Trajectory) -> str:
    if t.status == "accepted":
        return "stopped" if t.sample.climb == "direct" else "passed"
    return t.status
