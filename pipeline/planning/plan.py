"""Plans a run: every row of every source becomes a trajectory, in a split, in the order in which it will climb.

In: a manifest, the image store, the number of workers. Out: `Planned`. Deterministic: nothing depends on the workers.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.planning import admission, leaks, world_rows
from pipeline.planning.admission import Admitted
from pipeline.planning.truth import TruthRow
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import TableError
from pipeline.storage.image_store import ImageStore
from stages import identity
from stages.records import Sample, Trajectory


@dataclass(frozen=True)
class Planned:
    """Every row of the sources, sorted by (rank, id); failed rows among them. `truth` is that of the world's rows."""

    trajectories: list[Trajectory]
    truth: list[TruthRow]


def plan(manifest: Manifest, store: ImageStore, workers: int) -> Planned:
    """Reads all sources. Raises ManifestError when a file as a whole is broken, OSError when file or store fail."""
    admitted: list[Admitted] = []
    truth: list[TruthRow] = []
    for spec in manifest.sources:
        if isinstance(spec, TableSpec):
            with warnings.catch_warnings():  # set here, once: the filters are shared by all threads
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # max_pixels decides
                admitted += _table(spec, manifest, store, workers)
        else:
            for sample, row in world_rows.read(spec, manifest.seed, store, workers):
                admitted.append(Admitted(sample))
                truth.append(row)
    return Planned(_ranked(admitted, manifest), truth)


def _table(spec: TableSpec, manifest: Manifest, store: ImageStore, workers: int) -> Iterable[Admitted]:
    try:
        yield from admission.read(spec, store, manifest.output.image.size, workers)
    except TableError as error:
        raise ManifestError(f"sources.{spec.name}.path: {spec.path}: {error}") from error


def _ranked(admitted: list[Admitted], manifest: Manifest) -> list[Trajectory]:
    good = [row.sample for row in admitted if row.problem is None]
    placed = leaks.assign(good, manifest.seed, manifest.splits)
    done = [_ranked_one(sample, manifest.seed) for sample in placed]
    done += [
        _ranked_one(row.sample, manifest.seed).fail("input", row.problem) for row in admitted if row.problem is not None
    ]
    return sorted(done, key=lambda trajectory: (trajectory.rank, trajectory.sample.id))


def _ranked_one(sample: Sample, seed: int) -> Trajectory:
    return Trajectory(sample, identity.rank(seed, sample.id))
