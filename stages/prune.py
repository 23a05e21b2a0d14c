"""Prune: mark what the trained model must not see (SAIR escalation step 5). Nothing is removed; the record keeps all.

In: a trajectory. Out: the same with `pruned` marks. In `multistep` the whole failed reflection chain and its diagnosis go,
and so do the failed attempts of a step, leaving "failed direct try -> decomposition -> step by step"; the last step keeps
its judgement against the original instruction. In the other modes nothing is pruned.
"""

from dataclasses import replace

from stages.records import Event, Trajectory


def prune(t: Trajectory) -> Trajectory:
    """`t` with its events marked. Marking twice changes nothing."""
    if t.mode != "multistep":
        return replace(t, events=tuple(replace(e, pruned=False) for e in t.events))
    split = next(n for n, e in enumerate(t.events) if e.kind == "decomposition")
    return replace(t, events=tuple(replace(e, pruned=_pruned(t.events, n, split)) for n, e in enumerate(t.events)))


def _pruned(events: tuple[Event, ...], n: int, split: int) -> bool:
    event = events[n]
    if n < split:
        return event.index > 1 or event.kind not in ("generation", "evaluation")
    if event.kind not in ("generation", "evaluation"):
        return False
    rivals = [e for e in events[n + 1 :] if e.kind == event.kind and e.index == event.index]
    return bool(rivals)  # a later one of the same step replaces it: a further attempt, or the final check
