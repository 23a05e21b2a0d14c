"""What is truly wrong with the images of an output, where the truth is known: the world's samples, by `truth.parquet`.

In: an output and the store of its images. Out: rows of the record with a `Finding` for each image that was asked about. Only
`report`, `truth`, `compare` and the check of an output look here; no shard depends on it. The images are the stored ones, not the
trained views. At most `MOST` samples are measured, those of lowest rank: rank is a hash, so they are a fair draw.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.backends.world.oracle.truth import Finding, Truth, inspect
from pipeline.output.record import Recorded, identifiers, recorded
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool

NAME = "truth.parquet"
MOST = 2000
"""So many samples take a few minutes on a laptop, and give intervals of two points."""
_ALONE_BELOW = 300  # images; a pool takes a few seconds to start
_AT_ONCE = 16  # rows a process looks at at a time

Inspected = tuple[Recorded, dict[str, Finding]]
Asked = Callable[[Recorded], tuple[str, ...]]


@dataclass(frozen=True)
class TruthChoice:
    """The samples to measure, by id in rank order, and how many more know a truth and are left out."""

    ids: tuple[str, ...]
    left_out: int

    @property
    def note(self) -> str | None:
        """What a reader must know about the choice; None when all were measured."""
        if not self.left_out:
            return None
        return f"measured on the {len(self.ids):,} samples of lowest rank; {self.left_out:,} more were left out"


def known(out: Path) -> bool:
    """True when the output in `out` knows a truth."""
    return (out / NAME).exists()


def choose(out: Path) -> TruthChoice:
    """Which samples to measure: at most `MOST`.

    Raises FileNotFoundError when there is no record, OSError or ValueError for damaged files.
    """
    with_truth = set(ds.dataset(out / NAME, format="parquet").to_table(columns=["id"]).column("id").to_pylist())
    ids = [sample_id for sample_id in identifiers(out) if sample_id in with_truth]  # the record stands in rank order
    return TruthChoice(tuple(ids[:MOST]), max(0, len(ids) - MOST))


def inspected(
    out: Path, store: ImageStore, choice: TruthChoice, asked: Asked, workers: int | None = None
) -> Iterator[Inspected]:
    """Each chosen row, in the record's order, with what is truly wrong with the images that `asked` names of it.

    `workers`: as many processes; by default one a core where there is work for them. Raises FileNotFoundError when an original
    is gone, OSError or ValueError for one that is damaged, ValueError for a truth that cannot be read.
    """
    rows = _rows(out, choice)
    jobs = [(truth, asked(row)) for row, truth in rows]
    workers = _workers(jobs) if workers is None else workers
    look_at = partial(look, store)
    if workers == 1:
        yield from zip((row for row, _ in rows), map(look_at, jobs), strict=True)
        return
    with process_pool(workers) as pool:
        yield from zip((row for row, _ in rows), pool.map(look_at, jobs, chunksize=_AT_ONCE), strict=True)


def look(store: ImageStore, job: tuple[str, tuple[str, ...]]) -> dict[str, Finding]:
    """A truth as JSON and images: what is truly wrong with each of these. Raises as `inspected`."""
    truth = Truth.load(job[0])
    return {sha256: inspect(store.get(sha256), truth) for sha256 in dict.fromkeys(job[1])}


def images(row: Recorded) -> tuple[str, ...]:
    """Every image made for a sample, in order; one that was made twice stands there twice."""
    return tuple(e.image.sha256 for e in row.trajectory.events if e.kind == "generation" and e.image)


def is_accepted(row: Recorded) -> bool:
    """True when the Analyzer was satisfied in the end, RL prompts included."""
    return row.trajectory.mode is not None and row.fate in ("kept", "surplus")


def _rows(out: Path, choice: TruthChoice) -> list[tuple[Recorded, str]]:
    """The chosen rows with their truths; rows of samples that never had an image are left out."""
    chosen = ds.field("id").isin(pa.array(choice.ids, pa.string()))  # typed: none at all would be of type null
    truths = ds.dataset(out / NAME, format="parquet").to_table(columns=["id", "truth"], filter=chosen).to_pydict()
    by_id = dict(zip(truths["id"], truths["truth"], strict=True))
    rows = recorded(out, frozenset(choice.ids))
    return [(row, by_id[row.trajectory.sample.id]) for row in rows if row.trajectory.events]


def _workers(jobs: Sequence[tuple[str, tuple[str, ...]]]) -> int:
    return 1 if sum(len(asked) for _, asked in jobs) < _ALONE_BELOW else os.cpu_count() or 1
