"""Plans a run: every row of every source becomes a trajectory, in a split, in the order in which it will climb.

In: a manifest, the image store, the number of workers. Out: `Planned`, the same for any number of workers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pipeline.manifest.precomputed import is_precomputed
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.planning import admission, leaks, world_rows
from pipeline.planning.admission import AdmittedRow
from pipeline.planning.truth import TruthRow
from pipeline.sources.files import TableError
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore
from stages import identity
from stages.records import Sample
from stages.trajectory import Trajectory


@dataclass(frozen=True)
class Planned:
    """`trajectories`: every row of the sources, failed rows too, sorted by (rank, id). `truth`: of the rows that the world made."""

    trajectories: list[Trajectory]
    truth: list[TruthRow]


def plan(manifest: Manifest, store: ImageStore, workers: int) -> Planned:
    """Read all sources. Raises ManifestError when a file is broken as a whole, OSError when a file or the store fails."""
    admitted: list[AdmittedRow] = []
    truth: list[TruthRow] = []
    for spec in manifest.sources:
        if isinstance(spec, TableSpec):
            admitted += _admit_table(spec, manifest, store, workers)
        else:
            for sample, row in world_rows.read(spec, manifest.seed, store, workers):
                admitted.append(AdmittedRow(sample))
                truth.append(row)
    rollouts = {spec.name: spec.rollouts for spec in manifest.sources}
    samples = {row.sample.id: row.sample for row in admitted}
    truth = [replace(row, id=r.id) for row in truth for r in _roll_out(samples[row.id], rollouts)]
    return Planned(_rank_all(admitted, manifest, rollouts), truth)


def _admit_table(spec: TableSpec, manifest: Manifest, store: ImageStore, workers: int) -> Iterable[AdmittedRow]:
    try:
        yield from admission.read(spec, store, manifest.output.image.size, workers, is_precomputed(manifest))
    except TableError as error:
        raise ManifestError(f"sources.{spec.name}.path: {error}") from error


def _rank_all(admitted: list[AdmittedRow], manifest: Manifest, rollouts: Mapping[str, int]) -> list[Trajectory]:
    good = [row.sample for row in admitted if row.problem is None]
    # before there are rollouts: their number must not move a row to another split
    assigned = leaks.assign(good, manifest.seed, manifest.splits)
    trajectories = [_rank(one, manifest.seed) for sample in assigned for one in _roll_out(sample, rollouts)]
    trajectories += [
        _rank(row.sample, manifest.seed).fail("input", row.problem) for row in admitted if row.problem is not None
    ]
    return sorted(trajectories, key=lambda trajectory: (trajectory.rank, trajectory.sample.id))


def _roll_out(sample: Sample, rollouts: Mapping[str, int]) -> Iterator[Sample]:
    """The samples that the row of `sample` makes: itself, and as many more as its source wants (by name)."""
    yield sample
    for number in range(1, rollouts[sample.source]):
        yield replace(sample, id=identity.rollout_id(sample.id, number), rollout=number, rollout_of=sample.id)


def _rank(sample: Sample, seed: int) -> Trajectory:
    return Trajectory(sample, identity.rank(seed, sample.group))
