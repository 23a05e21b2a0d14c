"""Admits the rows of a table: each becomes a sample, its images safe in the store, or a line that says why not.

In: a `TableSpec`, the image store, the default size. Out: one `Admitted` a row, in row order, none skipped.
Rows are decoded by threads (Pillow and hashing release the interpreter), a bounded number of them ahead.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline.planning import samples
from pipeline.sources import images, table
from pipeline.sources.bad_row import BadRow
from pipeline.sources.mapping import Row, task_of, unicode
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef, Sample, Task

CHUNK_ROWS = 16


@dataclass(frozen=True, slots=True)
class Admitted:
    """A sample, and the line that says why its row failed, if it did."""

    sample: Sample
    problem: str | None = None


Incoming = tuple[Row, BadRow | None]


@dataclass(frozen=True)
class Door:
    """Where a table's rows come in."""

    spec: TableSpec
    store: ImageStore
    size: tuple[int, int]

    def admit(self, incoming: Incoming) -> Admitted:
        """The row as a sample, or as a failed one. Raises OSError when the store cannot be written."""
        row, error = incoming
        try:
            if error is not None:
                raise error
            return Admitted(self._sample(row))
        except BadRow as wrong:
            return self._refused(row, wrong)

    def _refused(self, row: Row, error: BadRow) -> Admitted:
        file = os.path.basename(self.spec.path)  # the folder must not get into a shard
        sample = samples.failed(self.spec.name, file, row.number, self.size, self.spec.licence, _known(row))
        return Admitted(sample, error.line(file, row.number))

    def _sample(self, row: Row) -> Sample:
        instruction, checker, asked = row.instruction(), row.checker(), row.size()
        explanation, category, licence = row.text("explanation"), row.text("category"), row.text("licence")
        found = list(self._images(row, "references"))
        firsts = list(self._images(row, "first"))
        if len(firsts) > 1:
            raise BadRow(row.named("first"), f"holds {len(firsts)} images", "give one")
        task = row.task(len(found))
        # nothing is stored until the whole row has proved good
        references = [self.store.put(data) for data in found]
        size = asked or ((references[0].width, references[0].height) if references else self.size)
        return samples.make(
            source=self.spec.name,
            row_id=row.row_id(),
            instruction=instruction,
            explanation=explanation,
            references=references,
            first=self._first(firsts),
            task=task,
            category=category,
            size=size,
            licence=licence or self.spec.licence,
            checker=checker,
        )

    def _first(self, firsts: list[bytes]) -> ImageRef | None:
        return self.store.put(firsts[0]) if firsts else None

    def _images(self, row: Row, field: str) -> Iterator[bytes]:
        for value, name in images.cells(row.value(field), row.named(field)):
            yield self._image(row, value, name)

    def _image(self, row: Row, value: Any, field: str) -> bytes:
        data = images.embedded(value, field)
        if isinstance(data, bytes):
            return images.admit(data, self.spec.max_pixels, field)
        declared = self.spec.images
        path = row.fill(declared.path, field, image=unicode(data, field)) if declared else data
        data = images.Root(declared.root if declared else None).read(path, field)
        return images.admit(data, self.spec.max_pixels, field, images.shown_path(path))


def _known(row: Row) -> samples.Known:
    """What of a failed row can be read all the same."""

    def text(field: str) -> str | None:
        with suppress(BadRow):
            return row.text(field)
        return None

    task: Task = "t2i"
    with suppress(BadRow):
        references = images.count(row.value("references"))
        task = task_of(references)
        task = row.task(references)  # edit or compose, where the row says which
    return samples.Known(text("instruction"), text("explanation"), text("category"), text("licence"), task)


def read(spec: TableSpec, store: ImageStore, size: tuple[int, int], workers: int) -> Iterator[Admitted]:
    """Every row of the table, admitted or failed. Raises TableError, and OSError when file or store fail."""
    door, incoming = Door(spec, store, size), _numbered(spec)
    if spec.columns.references is None and spec.columns.first is None:
        return map(door.admit, incoming)  # text alone gains nothing from threads
    return _threaded(door, incoming, workers)


def _threaded(door: Door, incoming: Iterable[Incoming], workers: int) -> Iterator[Admitted]:
    def admit_all(chunk: tuple[Incoming, ...]) -> list[Admitted]:
        return [door.admit(row) for row in chunk]

    with ThreadPoolExecutor(workers, thread_name_prefix="admission") as pool:
        ahead: deque[Future[list[Admitted]]] = deque()
        rows = iter(incoming)
        while chunk := tuple(islice(rows, CHUNK_ROWS)):
            ahead.append(pool.submit(admit_all, chunk))
            if len(ahead) > 2 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _numbered(spec: TableSpec) -> Iterator[Incoming]:
    owner: dict[str, int] = {}
    for number, cells in table.rows(spec):
        if isinstance(cells, BadRow):
            yield Row(spec, number, cells.rest), cells
            continue
        row = Row(spec, number, cells)
        try:
            row_id = row.row_id()
        except BadRow as error:
            yield row, error
            continue
        if owner.setdefault(row_id, number) == number:
            yield row, None
        else:
            problem = f"{row_id!r} is taken by row {owner[row_id]}"
            yield row, BadRow("id", problem, 'make ids unique, as with the template "{row}"')
