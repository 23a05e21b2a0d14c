"""Samples of the world: made from a seed, in parallel, their references drawn and put into the store.

In: a `WorldSpec`, the run's seed, the store, the default size. Out: samples and their truth, in row order, the same at any
number of workers. Drawing is heavy and holds the interpreter, so it runs in processes.
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
ALONE_BELOW = 512  # a pool takes about a second to start; that many rows do not

Made = tuple[Sample, TruthRow]


def read(spec: WorldSpec, seed: int, store: ImageStore, workers: int, writer: Writer = plain) -> Iterator[Made]:
    """Every row of the world source, in the words of `writer`, with its truth. Raises OSError when the store cannot be written."""
    make = partial(_chunk, spec, seed, store, writer)
    starts = range(0, spec.count, CHUNK_ROWS)
    if workers == 1 or spec.count < ALONE_BELOW:
        yield from chain.from_iterable(map(make, starts))
        return
    with process_pool(workers) as pool:
        yield from chain.from_iterable(pool.map(make, starts))


def _chunk(spec: WorldSpec, seed: int, store: ImageStore, writer: Writer, start: int) -> list[Made]:
    stop = min(start + CHUNK_ROWS, spec.count)
    return [_made(spec, store, row(spec, seed, i, writer)) for i in range(start, stop)]


def _made(spec: WorldSpec, store: ImageStore, made: WorldRow) -> Made:
    sample = samples.make(
        source=spec.name,
        row_id=made.row_id,
        instruction=made.instruction,
        explanation=made.explanation,
        references=[store.put(reference) for reference in made.references],
        first=None,
        task=made.task,
        category=made.category,
        size=(made.width, made.height),
        licence=spec.licence,
        checker=Checker("objects", json.dumps(made.checker_spec, ensure_ascii=False, sort_keys=True)),
    )
    truth = made.truth
    return sample, TruthRow(sample.id, truth.count, truth.exotic, truth.cause, truth.dump())
