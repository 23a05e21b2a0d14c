"""What a build has already: the outcomes that stay, and those of them that the plan knows.

In: the database of a run, its image store, its plan. Out: outcomes by id, or in rank order at the ranks of the plan. What is begun
is held in memory, what is only planned is not.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from pipeline.output.cut import Filling, Finished, Quotas, finished
from pipeline.planning.planner import Planner
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes, settled
from stages.trajectory import Trajectory


def read_known(
    outcomes: Outcomes, store: ImageStore, tell: Callable[[str], None], unsettled: bool = False
) -> dict[str, Finished]:
    """The outcomes that stay, by id: none whose images are gone from the store, and none that failed in transport unless
    `unsettled` says so: the next run tries these again, the one in which they failed does not.
    """
    known: dict[str, Finished] = {}
    torn: set[str] = set()
    for t in outcomes.all():
        if not (unsettled or settled(t)):
            continue
        if all(store.has(e.image.sha256) for e in t.events if e.image):
            known[t.sample.id] = finished(t)
        else:
            torn.add(t.sample.id)
    if torn:
        tell(f"{len(torn)} samples lost images from {store.root}: they climb again.")
        outcomes.forget(torn)
    return known


def count_planned(known: dict[str, Finished], planner: Planner) -> tuple[int, int]:
    """How many samples are planned so far, and how many of them have an outcome that is not a bad row's."""
    planned = there = 0
    for name, _ in planner.book.ranks(planner.horizon):
        planned += 1
        there += name in known and known[name].status != "failed"
    return planned, there


def count_missing(known: dict[str, Finished], planner: Planner, quotas: Quotas) -> int:
    """How many samples of those planned so far have no outcome, up to the rank at which the outcomes there are fill the quotas."""
    filling, missing = Filling(quotas), 0
    for name, rank in planner.book.ranks(planner.horizon):
        if filling.bound is not None and rank > filling.bound:
            break
        if name in known:
            filling.add(replace(known[name], rank=rank))
        else:
            missing += 1
    return missing


def restore_images(outcomes: Outcomes, planner: Planner) -> None:
    """Let the store have the images that rows brought along, also of those that have their outcome. Raises as `Planner.restore`."""
    planner.restore(t.sample for t in outcomes.all())


def read_planned(outcomes: Outcomes, ranks: Iterable[tuple[str, int]]) -> list[Trajectory]:
    """The outcomes of the samples of which the ids and ranks are given, in their order.

    An older version, or a build without targets, gave other ranks: such outcomes are moved to these.
    """
    there = {t.sample.id: t for t in outcomes.all()}
    planned: list[Trajectory] = []
    moved: list[Trajectory] = []
    for name, rank in ranks:
        if (t := there.pop(name, None)) is None:
            continue
        if t.rank != rank:
            t = replace(t, rank=rank)
            moved.append(t)
        planned.append(t)
    outcomes.upsert(moved)
    return planned
