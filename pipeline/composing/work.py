"""From the sources of a manifest to compounds. In: a manifest, a store, an order. Out: compounds, and the rows left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.composing.compounds import Compound, compose
from pipeline.composing.pairs import pair
from pipeline.composing.parents import Parents
from pipeline.manifest.spec import Manifest
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore


@dataclass(frozen=True, slots=True)
class ComposingOrder:
    """`count` compounds of `least` to `most` clauses, of which the share `paired`, 0 to 1, has two references. `licences` that rows
    may have; none given: any."""

    count: int
    least: int
    most: int
    paired: float
    licences: tuple[str, ...]
    seed: int


def parents_of(manifest: Manifest, store: ImageStore, order: ComposingOrder, workers: int) -> Parents:
    """The rows of all sources that can be joined. Raises ManifestError, OSError."""
    parents = Parents()
    for trajectory in plan(manifest, store, workers).trajectories:
        sample = trajectory.sample
        if trajectory.status == "failed":
            parents.left_out["not readable"] += 1
        elif sample.rollout_of is None:
            parents.add(sample, order.licences)
    return parents


def make(parents: Parents, order: ComposingOrder) -> list[Compound]:
    """The compounds ordered, or as many as the rows give."""
    paired = round(order.count * order.paired)
    two = _first(pair(parents.by_reference, order.seed), paired)
    one = _first(compose(parents.by_reference, order.least, order.most, order.seed), order.count - len(two))
    return [*one, *two]


def _first(compounds: Iterator[Compound], count: int) -> Sequence[Compound]:
    return list(islice(compounds, count))
