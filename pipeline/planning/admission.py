"""Admits the rows of a table: each becomes a sample whose images are in the store, or a failed sample and a line that says why.

In: rows of a `TableSpec`, the image store, the default size. Out: one `AdmittedRow` for each row, in row order.
Rows are decoded and rendered by threads (Pillow and hashing release the interpreter), a bounded number of rows ahead.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from PIL import Image

from pipeline.planning import samples
from pipeline.screening.looks import ImageLook
from pipeline.sources import cells, images, table
from pipeline.sources.bad_row import BadRow, Place
from pipeline.sources.mapping import Row, check_unicode, task_of
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.rendition import Rendition
from stages.records import Sample, Task

CHUNK_ROWS = 16
NOWHERE = Place("", 0, 0)
"""Where the rows of a source stand that has no file."""


@dataclass(frozen=True, slots=True)
class AdmittedRow:
    """The sample of a row. `problem`: the line that says why the row failed, None when it did not. `looks`: of its images, where
    somebody wants to know."""

    sample: Sample
    problem: str | None = None
    place: Place = NOWHERE
    looks: tuple[ImageLook, ...] = ()


ReadRow = tuple[Row, BadRow | None]
"""A row, and the error with which it was read, if any."""
Look = Callable[[Image.Image], ImageLook]
"""The pixels of an image -> what it looks like."""
Claim = Callable[[str, str, Place], Place]
"""Source, row id and place of a row -> the place of the first row with this id."""


@dataclass(frozen=True)
class Admission:
    """Admits single rows of one table. `size`: width and height in pixels where a row names none. `needs_first`: nobody else
    makes the baseline's image."""

    spec: TableSpec
    store: ImageStore
    size: tuple[int, int]
    needs_first: bool = False
    look: Look | None = None

    def admit(self, read_row: ReadRow) -> AdmittedRow:
        """The row as a sample, or as a failed sample. Raises OSError when the store cannot be written."""
        row, error = read_row
        try:
            if error is not None:
                raise error
            return self._make_sample(row)
        except BadRow as bad:
            return self._refuse(row, bad)

    def _refuse(self, row: Row, error: BadRow) -> AdmittedRow:
        sample = samples.make_failed(self.spec.name, row.place, self.size, self.spec.licence, _read_partially(row))
        return AdmittedRow(sample, error.line(row.place), row.place)

    def _make_sample(self, row: Row) -> AdmittedRow:
        instruction, checker, size = row.instruction(), row.checker(), row.size()
        explanation, category = row.text("explanation"), row.text("category")
        licence, citation = row.text("licence"), row.text("citation")
        pictures = list(self._read_images(row, "references"))
        firsts = list(self._read_images(row, "first"))
        if len(firsts) > 1:
            raise BadRow(row.label("first"), f"holds {len(firsts)} images", "give one")
        if self.needs_first and not firsts:
            problem = "the row brings no image along, and the baseline is precomputed"
            raise BadRow(row.label("first"), problem, "give the image, or name a model that draws")
        task = row.task(len(pictures))
        # nothing is stored until the whole row has proved good
        references = [self.store.keep(picture) for picture in pictures]
        default = (references[0].width, references[0].height) if references else self.size
        sample = samples.make(
            source=self.spec.name,
            row_id=row.row_id(),
            instruction=instruction,
            explanation=explanation,
            references=references,
            first=self.store.keep(firsts[0]) if firsts else None,
            task=task,
            category=category,
            size=size or default,
            licence=licence or self.spec.licence,
            citation=citation or self.spec.citation,
            checker=checker,
        )
        looks = () if self.look is None else tuple(self.look(picture.pixels) for picture in (*pictures, *firsts))
        return AdmittedRow(sample, None, row.place, looks)

    def _read_images(self, row: Row, field: str) -> Iterator[Rendition]:
        for value, name in cells.split_cell(row.value(field), row.label(field)):
            yield self._read_image(row, value, name)

    def _read_image(self, row: Row, value: Any, field: str) -> Rendition:
        data = cells.read_cell(value, field)
        if isinstance(data, bytes):
            return images.admit(data, self.spec.max_pixels, field)
        declared = self.spec.images
        path = row.fill(declared.path, field, image=check_unicode(data, field)) if declared else data
        data = images.Root(declared.root if declared else None).read(path, field)
        return images.admit(data, self.spec.max_pixels, field, images.quote_path(path))


def _read_partially(row: Row) -> samples.PartialRow:
    """Whatever can be read of a failed row."""

    def text(field: str) -> str | None:
        with suppress(BadRow):
            return row.text(field)
        return None

    task: Task = "t2i"
    with suppress(BadRow):
        references = cells.count_images(row.value("references"))
        task = task_of(references)
        task = row.task(references)  # edit or compose, where the row says which
    return samples.PartialRow(text("instruction"), text("explanation"), text("category"), text("licence"), task)


def admit(admission: Admission, rows: Iterable[ReadRow], workers: int) -> Iterator[AdmittedRow]:
    """The rows, admitted or failed. Raises TableError, and OSError when file or store fail."""
    columns = admission.spec.columns
    if columns.references is None and columns.first is None:
        return map(admission.admit, rows)  # text alone gains nothing from threads
    return _admit_in_threads(admission, rows, workers)


def _admit_in_threads(admission: Admission, rows: Iterable[ReadRow], workers: int) -> Iterator[AdmittedRow]:
    def admit_all(chunk: tuple[ReadRow, ...]) -> list[AdmittedRow]:
        return [admission.admit(row) for row in chunk]

    with ThreadPoolExecutor(workers, thread_name_prefix="admission") as pool:
        ahead: deque[Future[list[AdmittedRow]]] = deque()
        remaining = iter(rows)
        while chunk := tuple(islice(remaining, CHUNK_ROWS)):
            ahead.append(pool.submit(admit_all, chunk))
            if len(ahead) > 2 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def identify(spec: TableSpec, items: Iterable[table.Item], claim: Claim) -> Iterator[ReadRow]:
    """The rows with the errors with which they were read; of two rows with one id the later one has one. Raises TableError,
    OSError."""
    for place, values in items:
        if isinstance(values, BadRow):
            yield Row(spec, place, values.rest), values
            continue
        row = Row(spec, place, values)
        try:
            row_id = row.row_id()
        except BadRow as error:
            yield row, error
            continue
        # numbers of rows differ by themselves
        owner = place if spec.id == "{row}" else claim(spec.name, row_id, place)
        if owner == place:
            yield row, None
        else:
            elsewhere = "" if owner.file == place.file else f" of {owner.file}"
            problem = f"{row_id!r} is taken by row {owner.row}{elsewhere}"
            yield row, BadRow("id", problem, 'make ids unique, as with the template "{row}"')
