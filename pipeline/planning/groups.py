"""Leak groups across waves: rows that are read together form groups among themselves and with the rows that were read before.

In: the samples of a wave, and the plan. Out: the same samples, each with its group, split and climb; and those that would join two
groups of different splits, each with the reason. Among rows read together groups are exact (`pipeline.planning.leaks`), so a source
that fits in one wave has the groups that it had before there were waves. A row joins the group of the earliest row with which
it shares a key; nothing that was planned before moves.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.manifest.spec import Splits
from pipeline.planning import leaks
from pipeline.planning.book import LeakGroup, PlanBook
from pipeline.planning.tables import key_of
from pipeline.screening.keys import leak_keys
from stages.records import Sample


@dataclass
class GroupedWave:
    """`placed`: samples with their group and split, in the order in which they came. `bridges`: id -> why a row cannot be
    placed."""

    placed: list[Sample] = field(default_factory=list)
    bridges: dict[str, str] = field(default_factory=dict)


def group(samples: Sequence[Sample], seed: int, splits: Splits, book: PlanBook) -> GroupedWave:
    """Place the samples of one wave, and let the plan know their keys."""
    keys = {sample.id: [key_of("leak", key) for key in dict.fromkeys(leak_keys(sample))] for sample in samples}
    known = book.groups({key for of_one in keys.values() for key in of_one})
    names, bridges = _name(samples, keys, known, seed, splits)
    numbers = {found.name: found.number for found in known.values()}
    first, new = book.next_group(), dict.fromkeys(names.values())
    fresh = [LeakGroup(first + n, name) for n, name in enumerate(name for name in new if name not in numbers)]
    numbers |= {made.name: made.number for made in fresh}
    book.add_groups(fresh, ((key, numbers[name]) for one, name in names.items() for key in keys[one]))
    placed = [leaks.place(s, names[s.id], seed, splits) for s in samples if s.id in names]
    return GroupedWave(placed, bridges)


def _name(
    samples: Sequence[Sample],
    keys: Mapping[str, Sequence[int]],
    known: Mapping[int, LeakGroup],
    seed: int,
    splits: Splits,
) -> tuple[dict[str, str], dict[str, str]]:
    """Sample id -> the name of its group; sample id -> why it has none."""
    names, bridges = dict[str, str](), dict[str, str]()
    owners = dict(known)
    components = defaultdict(list)
    for sample, name in zip(samples, leaks.name_groups(samples).values(), strict=True):
        components[name].append(sample)
    for name, component in components.items():
        if any(key in known for sample in component for key in keys[sample.id]):
            rest = _join(component, keys, owners, names, bridges, seed, splits)
            names |= leaks.name_groups(rest)  # of a component whose bridges are gone several may be left
        else:
            names |= dict.fromkeys((sample.id for sample in component), name)
    return names, bridges


def _join(
    component: Sequence[Sample],
    keys: Mapping[str, Sequence[int]],
    owners: dict[int, LeakGroup],
    names: dict[str, str],
    bridges: dict[str, str],
    seed: int,
    splits: Splits,
) -> list[Sample]:
    """Let samples join the groups that own their keys, and then own their other keys, until nobody joins; those that are left."""
    waiting, joined = list(component), True
    while waiting and joined:
        joined, left = False, []
        for sample in waiting:
            groups = sorted({owners[key] for key in keys[sample.id] if key in owners}, key=lambda g: g.number)
            if not groups:
                left.append(sample)
                continue
            joined = True
            in_splits = {leaks.split_of(g.name, seed, splits): g.name for g in reversed(groups)}
            if len(in_splits) > 1:
                bridges[sample.id] = "shares with rows of " + " and ".join(sorted(in_splits))
                continue
            names[sample.id] = groups[0].name
            for key in keys[sample.id]:
                owners.setdefault(key, groups[0])
        waiting = left
    return waiting
