"""Which finished samples are in the data set: by the quota cut, or by the selection of targets. Pure.

In: outcomes, a manifest, and the ids that were kept for earlier, smaller goals. Out: a `Cut`. Where a manifest has targets the
ranks of outcomes say in which order rows were begun, and there is no cut: everything that was begun is planned.
"""

from collections.abc import Collection, Iterable

from pipeline.manifest.batches import batches_used
from pipeline.manifest.spec import Manifest
from pipeline.output.cut import Cut, cut, finished
from pipeline.targets.goals import Goals, Placed, cell_of
from pipeline.targets.selection import select
from stages.trajectory import Trajectory


def goals_of(manifest: Manifest) -> Goals:
    """What a manifest with targets is to end with."""
    return Goals(manifest.quotas, manifest.targets.categories)


def target_problem(manifest: Manifest) -> str | None:
    """Why the targets of a manifest cannot be built, as a line for the person who typed them; None where they can."""
    if not manifest.targets.categories:
        return None
    if batches_used(manifest):
        return "targets.categories: rounds wait for answers, which come hours later from a batch; leave targets or batches out"
    return goals_of(manifest).problem()


def place(t: Trajectory, goals: Goals) -> Placed:
    """An outcome and the cell that it was begun from. Its rank orders rounds, too, so that they need not be told apart."""
    s = t.sample
    return Placed(finished(t), cell_of(s.source, s.category, s.split, goals.floors), 0, s.category)


def choose(outcomes: Iterable[Trajectory], manifest: Manifest, before: Collection[str] = ()) -> Cut:
    """The fate of every planned sample. Raises ValueError when an id comes twice."""
    if not manifest.targets.categories:
        return cut((finished(t) for t in outcomes), manifest.quotas)
    goals = goals_of(manifest)
    return Cut(None, select((place(t, goals) for t in outcomes), goals, frozenset(before)), 0)
