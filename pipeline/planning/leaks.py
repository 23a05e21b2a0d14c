"""Leak groups: samples that share a key (`pipeline.screening.keys`) form a group, and a group goes to one split as a whole.

In: samples, the run's seed and the shares of the splits. Out: the same samples, each with its group, split and climb.
Only the name of a group and the seed decide its split, neither the order of the samples nor their number.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.manifest.spec import Splits
from pipeline.screening.keys import leak_keys
from stages import identity
from stages.records import Sample, Split


def name_groups(samples: Sequence[Sample]) -> dict[str, str]:
    """Sample id -> the name of its leak group."""
    parent: dict[str, str] = {}

    def find(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for sample in samples:
        for key in leak_keys(sample):
            parent[find(key)] = find(sample.id)
    least_ids: dict[str, str] = {}
    for sample in samples:
        root = find(sample.id)
        least_ids[root] = min(sample.id, least_ids.get(root, sample.id))
    return {sample.id: identity.digest("leak group", least_ids[find(sample.id)])[:32] for sample in samples}


def split_of(group: str, seed: int, splits: Splits) -> Split:
    """The split of a leak group."""
    point = int(identity.digest(seed, "split", group)[:13], 16) / 16**13
    if point < splits.validation:
        return "validation"
    return "rl" if point < splits.validation + splits.rl else "train"


def assign(samples: Sequence[Sample], seed: int, splits: Splits) -> list[Sample]:
    """The samples in their order, each with its group, its split and how far it climbs."""
    names = name_groups(samples)
    return [place(sample, names[sample.id], seed, splits) for sample in samples]


def place(sample: Sample, group: str, seed: int, splits: Splits) -> Sample:
    """The sample in its leak group, with the split of that group and how far it climbs."""
    split = split_of(group, seed, splits)
    return replace(sample, leak_group=group, split=split, climb=splits.rl_climb if split == "rl" else "full")
