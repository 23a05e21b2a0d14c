"""Are the groups of an output whole: every row with all its rollouts, alike but for their ids and what happened to them?

In: rows of the record, and how many rollouts each source makes of a row. Out: problems; none when all is well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.output.problem import Problem
from pipeline.output.record import Recorded
from stages.identity import rollout_id
from stages.records import Sample


def check_groups(rows: Sequence[Recorded], rollouts: Mapping[str, int]) -> Iterator[Problem]:
    """What is wrong with the groups; `rollouts` by the name of a source."""
    groups: dict[str, dict[int, Recorded]] = {}
    for r in rows:
        sample = r.trajectory.sample
        if sample.id != rollout_id(sample.group, sample.rollout):
            yield Problem(r.file, sample.id, f"its id is not that of rollout {sample.rollout} of group {sample.group}")
            continue
        groups.setdefault(sample.group, {})[sample.rollout] = r
    for name, group in groups.items():
        first = next(iter(group.values()))
        # a row that could not be read makes one failed sample, whatever its source wants
        unread = first.trajectory.reason == "input"
        due = range(1 if unread else rollouts.get(first.trajectory.sample.source, 1))
        if sorted(group) != list(due):
            yield Problem(
                first.file, name, f"its group holds the rollouts {sorted(group)}, its source makes {len(due)}"
            )
        for r in group.values():
            if _shared(r) != _shared(first):
                yield Problem(r.file, r.trajectory.sample.id, f"it is not the same row as the others of group {name}")


def _shared(r: Recorded) -> tuple[int, Sample]:
    """What all rollouts of a row have in common."""
    return r.trajectory.rank, replace(r.trajectory.sample, id="", rollout=0, rollout_of=None)
