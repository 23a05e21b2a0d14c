"""How much of the data people accept: overall, and by stratum.

In: populations and resolutions. Out: a `StratumShare` for each value of each stratum, of kept rows and of lost ones. An item
counts once its opinion stands: agreed by all who were asked, or settled by a lead. Only an acceptance is one; a lead who is
left unsure has not accepted.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.output.share import Share
from pipeline.review.numbers.tallying import AnswerCount, CodedItems
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


def count_accepted(populations: Sequence[LotPopulation], resolutions: Sequence[Resolution]) -> AnswerCount:
    """The settled items by cell, and how many of them were accepted."""
    items = CodedItems(populations, (r.item for r in resolutions))
    return items.count(accepted(r) if settled(r) else "open" for r in resolutions)


def overall(count: AnswerCount, lost: bool) -> WeightedShare:
    """The share that people accept of kept rows, or of those that were `lost`."""
    return count.share(count.numbers([key for key in count.items.cells if key.lot.lost == lost]))


def by_stratum(count: AnswerCount, lost: bool) -> dict[str, list[StratumShare]]:
    """For each stratum its values, sorted, of kept rows or of those that were `lost`. `count` is that of `count_accepted`."""
    keys = [(number, key) for number, key in enumerate(count.items.cells) if key.lot.lost == lost]
    return {name: _values(keys, value_of, count, name == "lot") for name, value_of in STRATA.items()}


def _values(
    keys: Sequence[tuple[int, CellKey]], value_of: Callable[[CellKey], str], count: AnswerCount, drawn_alone: bool
) -> list[StratumShare]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, key in keys:
        groups[value_of(key)].append(number)
    shares = []
    for value, numbers in sorted(groups.items()):
        chosen = np.array(numbers)
        counts = count.counts[chosen].sum(axis=0)
        no, yes, *_ = (counts[0] if drawn_alone else counts.sum(axis=0)).tolist()
        rows = int(count.items.sizes[chosen].sum())
        shares.append(StratumShare(value, rows, int(counts.sum()), Share(yes, yes + no), count.share(chosen)))
    return shares
