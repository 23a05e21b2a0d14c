"""Reads rows of a source for a look at them, with their pictures, and keeps nothing.

In: a source, how many rows at most. Out: `SeenRow`s, failed ones too. Of a table of many chunks a sample takes its rows from chunks
that are spread over it, so that it is no sample of the first file alone.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from tempfile import TemporaryDirectory

from PIL import Image

from pipeline.backends.world.source import WorldSpec
from pipeline.planning import samples, world_rows
from pipeline.screening.pictures import read_pictures
from pipeline.sources import table
from pipeline.sources.bad_row import BadRow, Place
from pipeline.sources.chunk import Cells
from pipeline.sources.mapping import Row
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.pixels import upright_rgb
from stages.records import ImageRef, Sample

SIZE = (512, 512)  # what a row without a size of its own would get; nothing here depends on it
MOST_CHUNKS = 20
COUNTED_BYTES = 500_000_000  # of files whose rows have to be counted
_BATCH = 16

Eye = Callable[[Image.Image], object]


@dataclass(frozen=True, slots=True)
class SeenRow:
    """A row: its sample and pictures, references first; or the line that says why it cannot be read."""

    place: Place
    sample: Sample | None
    pictures: Sequence[Image.Image] = ()
    problem: str | None = None


def see_table(spec: TableSpec, most: int | None, workers: int) -> Iterator[SeenRow]:
    """Rows of a table, at most so many (None: all). Raises TableError, OSError."""
    rows = _read(spec, most)
    if spec.columns.references is None and spec.columns.first is None:
        yield from (_see(spec, *item) for item in rows)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="inspection") as pool:
        ahead: deque[Future[list[SeenRow]]] = deque()
        while batch := list(islice(rows, _BATCH)):
            ahead.append(pool.submit(lambda items: [_see(spec, *item) for item in items], batch))
            if len(ahead) > 2 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _read(spec: TableSpec, most: int | None) -> Iterator[table.Item]:
    if most is None:
        yield from table.rows(spec)
        return
    chunks = list(table.chunks(spec))
    taken = chunks if len(chunks) <= MOST_CHUNKS else chunks[:: -(-len(chunks) // MOST_CHUNKS)]
    left = min(most, spec.limit or most)
    for n, chunk in enumerate(taken):
        share = -(-left // (len(taken) - n))
        for item in islice(table.rows_of(chunk), share):
            left -= 1
            yield item


def _see(spec: TableSpec, place: Place, values: Cells) -> SeenRow:
    try:
        if isinstance(values, BadRow):
            raise values
        return _make(spec, Row(spec, place, values))
    except BadRow as error:
        return SeenRow(place, None, problem=error.line(place))


def _make(spec: TableSpec, row: Row) -> SeenRow:
    references, firsts = list(read_pictures(row, "references")), list(read_pictures(row, "first"))
    pictures = [*references, *firsts]
    refs = [ImageRef(sha256(p.original).hexdigest(), p.width, p.height, p.format) for p in pictures]
    sample = samples.make(
        source=spec.name,
        row_id=row.row_id(),
        instruction=row.instruction(),
        explanation=row.text("explanation"),
        references=refs[: len(references)],
        first=refs[len(references)] if firsts else None,
        task=row.task(len(references)),
        category=row.text("category"),
        size=row.size() or SIZE,
        licence=row.text("licence") or spec.licence,
        checker=row.checker(),
    )
    return SeenRow(row.place, sample, [picture.pixels for picture in pictures])


def see_world(spec: WorldSpec, seed: int, most: int | None, workers: int) -> Iterator[SeenRow]:
    """The first rows of the world, which makes them when it is asked."""
    shorter = spec if most is None else spec.model_copy(update={"count": min(most, spec.count)})
    with TemporaryDirectory(prefix="x2i-inspect-") as folder:
        store = ImageStore(folder)
        for number, (sample, _) in enumerate(world_rows.read(shorter, seed, store, workers), 1):
            pictures = [upright_rgb(store.get(image.sha256)) for image in sample.references]
            yield SeenRow(Place(spec.name, number, number), sample, pictures)


def count_rows(spec: TableSpec | WorldSpec) -> int | None:
    """How many rows the source has; None where only reading much would tell. Raises TableError, OSError."""
    if isinstance(spec, WorldSpec):
        return spec.count
    chunks = list(table.chunks(spec))
    if any(chunk.rows is None for chunk in chunks):
        paths = [chunk.file.path for chunk in chunks]
        small = all(map(os.path.isfile, paths)) and sum(map(os.path.getsize, paths)) <= COUNTED_BYTES
        return table.count_rows(spec) if small else None
    whole = sum(chunk.rows or 0 for chunk in chunks)
    return whole if spec.limit is None else min(whole, spec.limit)
