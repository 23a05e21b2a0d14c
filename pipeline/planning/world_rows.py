"""Makes the samples of the world from a seed, in parallel; draws their references and puts them into the store.

In: a `WorldSpec`, the run's seed, the store. Out: samples and their truth, in row order, the same for any number of
workers. Drawing is heavy and holds the interpreter, so it runs in processes.
"""

import json
from collections.abc import Iterator
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


def read(spec: WorldSpec, seed: int, store: ImageStore, workers: int, writer: Writer = plain) -> Iterator[Made]:
    """Every row of the source with its truth, worded by `writer`. Raises OSError when the store cannot be written."""
    make_chunk = partial(_make_chunk, spec, seed, store, writer)
    starts = range(0, spec.count, CHUNK_ROWS)
    if workers == 1 or spec.count < POOL_FROM:
        yield from chain.from_iterable(map(make_chunk, starts))
        return
    with process_pool(workers) as pool:
        yield from chain.from_iterable(pool.map(make_chunk, starts))


def _make_chunk(spec: WorldSpec, seed: int, store: ImageStore, writer: Writer, start: int) -> list[Made]:
    stop = min(start + CHUNK_ROWS, spec.count)
    return [_make_row(spec, store, row(spec, seed, i, writer)) for i in range(start, stop)]


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
