"""Leak groups: samples that share a reference image or an instruction belong together, and go to one split together.

In: samples, the run's seed and the shares of the splits. Out: the same samples, each with its group, split and climb.
Neither the order of the samples nor their number decides where a group goes: only its name and the seed do.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.manifest.spec import Splits
from stages import identity
from stages.records import Sample, Split

_APART = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """An instruction without what does not tell it from its copies: case, width, punctuation, spacing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = _APART.sub(" ", unicodedata.normalize("NFKC", folded)).strip()
    return words or folded.strip()  # an instruction of nothing but signs is still itself


def groups(samples: Sequence[Sample]) -> dict[str, str]:
    """Sample id -> the name of its leak group."""
    parent: dict[str, str] = {}

    def find(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for sample in samples:
        for mark in _marks(sample):
            parent[find(mark)] = find(sample.id)
    least: dict[str, str] = {}
    for sample in samples:
        root = find(sample.id)
        least[root] = min(sample.id, least.get(root, sample.id))
    return {sample.id: identity.digest("leak group", least[find(sample.id)])[:32] for sample in samples}


def _marks(sample: Sample) -> Iterable[str]:
    yield f"text:{normal(sample.instruction)}"
    for image in sample.references:
        yield f"image:{image.sha256}"


def split_of(group: str, seed: int, splits: Splits) -> Split:
    """The split of a leak group."""
    point = int(identity.digest(seed, "split", group)[:13], 16) / 16**13
    if point < splits.validation:
        return "validation"
    return "rl" if point < splits.validation + splits.rl else "train"


def assign(samples: Sequence[Sample], seed: int, splits: Splits) -> list[Sample]:
    """The samples in their order, each with group, split, and how far it climbs."""
    named = groups(samples)
    return [_placed(sample, named[sample.id], seed, splits) for sample in samples]


def _placed(sample: Sample, group: str, seed: int, splits: Splits) -> Sample:
    split = split_of(group, seed, splits)
    return replace(sample, leak_group=group, split=split, climb=splits.rl_climb if split == "rl" else "full")
