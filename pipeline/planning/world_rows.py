"""Makes the samples of the world from a seed, in parallel; draws their references and puts them into the store.

In: a `WorldSpec`, the run's seed, the store. Out: samples and their truth, in row order, the same for any number of
workers. Drawing is heavy and holds the interpreter, so it runs in processes.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain

from pipeline.backends.world.source import WorldRow, WorldSpec, row
from pipeline.backends.world.words.writer import Writer, plain
from pipeline.planning import samples
from pipeline.planning.truth import TruthRow
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool
from stages.records import Checker, Sample

CHUNK_ROWS = 64
POOL_FROM = 512  # rows; fewer are made sooner than a pool of processes starts (about a second)

Made = tuple[Sample, TruthRow]


def read(
    spec: WorldSpec,
    seed: int,
    store: ImageStore,
    workers: int,
    writer: Writer = plain,
    numbers: Sequence[int] | None = None,
) -> Iterator[Made]:
    """Rows of the source with their truth, worded by `writer`: those with these numbers from 0, or every one.

    Raises OSError when the store cannot be written.
    """
    wanted = range(spec.count) if numbers is None else numbers
    make_chunk = partial(_make_chunk, spec, seed, store, writer)
    chunks = [wanted[start : start + CHUNK_ROWS] for start in range(0, len(wanted), CHUNK_ROWS)]
    if workers == 1 or len(wanted) < POOL_FROM:
        yield from chain.from_iterable(map(make_chunk, chunks))
        return
    with process_pool(workers) as pool:
        yield from chain.from_iterable(pool.map(make_chunk, chunks))


def _make_chunk(spec: WorldSpec, seed: int, store: ImageStore, writer: Writer, numbers: Sequence[int]) -> list[Made]:
    return [_make_row(spec, store, row(spec, seed, i, writer)) for i in numbers]


def _make_row(spec: WorldSpec, store: ImageStore, world_row: WorldRow) -> Made:
    sample = samples.make(
        source=spec.name,
        row_id=world_row.row_id,
        instruction=world_row.instruction,
        explanation=world_row.explanation,
        references=[store.put(reference) for reference in world_row.references],
        first=None,
        task=world_row.task,
        category=world_row.category,
        size=(world_row.width, world_row.height),
        licence=spec.licence,
        checker=Checker("objects", json.dumps(world_row.checker_spec, ensure_ascii=False, sort_keys=True)),
    )
    truth = world_row.truth
    return sample, TruthRow(sample.id, truth.count, truth.exotic, truth.cause, truth.dump())
