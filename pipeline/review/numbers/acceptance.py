"""How much of the data people accept: overall, and by stratum.

In: populations and resolutions. Out: a `StratumShare` for each value of each stratum, of kept rows and of lost ones. An item
counts once its opinion stands: agreed by all who were asked, or settled by a lead. Only an acceptance is one; a lead who is
left unsure has not accepted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.output.share import Share
from pipeline.review.numbers.tallying import AnswerCount
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import CellKey, LotPopulation, Resolution

STRATA: dict[str, Callable[[CellKey], str]] = {
    "lot": lambda cell: " / ".join((cell.lot.outcome, cell.lot.source, cell.lot.generator)),
    "mode": lambda cell: cell.lot.outcome,
    "category": lambda cell: cell.category,
    "margin": lambda cell: cell.margin,
    "generator": lambda cell: cell.lot.generator,
    "source": lambda cell: cell.lot.source,
}


@dataclass(frozen=True, slots=True)
class StratumShare:
    """The rows with the same value of a stratum.

    `sampled` counts the judged rows as they are, with Wilson's interval: right where they were drawn alike, as in a lot's
    random sample; `weighted` is right everywhere. `rows` are all in the build, `items` those in the queue.
    """

    value: str
    rows: int
    items: int
    sampled: Share
    weighted: WeightedShare


def settled(resolution: Resolution) -> bool:
    """Whether an item's opinion stands; one that judges are unsure of waits for a lead."""
    return resolution.opinion is not None and (resolution.opinion != "unsure" or resolution.adjudicated)


def accepted(resolution: Resolution) -> bool:
    """Whether people accepted a settled item."""
    return resolution.opinion == "accept"


def count_accepted(populations: Sequence[LotPopulation], resolutions: Iterable[Resolution]) -> AnswerCount:
    """The settled items by cell, and how many of them were accepted."""
    return AnswerCount(populations).add((r.item, accepted(r)) for r in resolutions if settled(r))


def by_stratum(
    populations: Sequence[LotPopulation], resolutions: Sequence[Resolution], count: AnswerCount
) -> dict[str, list[StratumShare]]:
    """For each stratum its values, sorted. `count` is that of `count_accepted`."""
    items: dict[CellKey, int] = defaultdict(int)
    for resolution in resolutions:
        items[resolution.item.cell] += resolution.item.draw != "gold"
    sizes = {key: size for population in populations for key, size in population.cells.items()}
    return {name: _values(value_of, sizes, items, count, name == "lot") for name, value_of in STRATA.items()}


def _values(
    value_of: Callable[[CellKey], str],
    sizes: dict[CellKey, int],
    items: dict[CellKey, int],
    count: AnswerCount,
    drawn_alone: bool,
) -> list[StratumShare]:
    groups: dict[str, list[CellKey]] = defaultdict(list)
    for key in sizes:
        groups[value_of(key)].append(key)
    shares = []
    for value, keys in sorted(groups.items()):
        chosen = frozenset(keys)
        counts = [count.drawn, *(() if drawn_alone else (count.added,))]
        no, yes = (sum(part[key][answer] for part in counts for key in keys) for answer in (0, 1))
        weighted = count.share(chosen.__contains__)
        rows, drawn = sum(sizes[key] for key in keys), sum(items[key] for key in keys)
        shares.append(StratumShare(value, rows, drawn, Share(yes, yes + no), weighted))
    return shares
