"""Reads the next wave of a source, of whichever kind it is, and stops where the wave ends.

In: how far a source was read. Out: its next rows, admitted or failed, and the state after them. A reader stays open between waves,
so that nothing is read twice; one that is opened again skips what was read before.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from pipeline.backends.world.source import WorldSpec, row_name
from pipeline.manifest.precomputed import is_precomputed
from pipeline.manifest.spec import Manifest
from pipeline.planning import world_rows
from pipeline.planning.admission import Admission, Look, admit, identify
from pipeline.planning.book import PlanBook, SourceState
from pipeline.planning.cursor import TableCursor
from pipeline.planning.truth import TruthRow
from pipeline.screening.checks import images_of
from pipeline.screening.looks import ImageLook
from pipeline.sources.bad_row import BadRow, Place
from pipeline.sources.files import TableError, list_files
from pipeline.sources.mapping import Row
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.pixels import upright_rgb
from stages.identity import digest, draw
from stages.records import ImageRef, Sample

SAMPLED = "sample"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row of a source: its sample, why it failed (None: it did not), where it stands, what its images look like where a
    screen wants to know, and its truth where one is known."""

    sample: Sample
    problem: str | None
    place: Place
    looks: Sequence[ImageLook] = ()
    truth: TruthRow | None = None


class Reader(Protocol):
    """A source that is being read."""

    def read(self, state: SourceState, most: int) -> Iterator[ReadRow]:
        """The next rows, of `most` that are looked at; `state` is brought up to date. Raises TableError, OSError."""

    def close(self) -> None:
        """Close its files; the next `read` opens them again."""


def open_reader(
    spec: TableSpec | WorldSpec, manifest: Manifest, store: ImageStore, workers: int, book: PlanBook, look: Look | None
) -> Reader:
    """A reader of `spec`; no file is opened yet. `look`: what to do with the pixels of each image, if anything."""
    if isinstance(spec, WorldSpec):
        return WorldReader(spec, manifest.seed, store, workers, look)
    admission = Admission(spec, store, manifest.output.image.size, is_precomputed(manifest), look)
    return TableReader(admission, manifest.seed, workers, book)


@dataclass(frozen=True)
class WorldReader:
    """The world as a source."""

    spec: WorldSpec
    seed: int
    store: ImageStore
    workers: int
    look: Look | None = None

    def read(self, state: SourceState, most: int) -> Iterator[ReadRow]:
        """See `Reader`."""
        rows = range(state.rows, min(state.rows + most, self.spec.count))
        wanted = [n for n in rows if self._is_drawn(n)]
        for _ in range(len(rows) - len(wanted)):
            state.leave_out(SAMPLED)
        made = world_rows.read(self.spec, self.seed, self.store, self.workers, numbers=wanted)
        for number, (sample, truth) in zip(wanted, made, strict=True):
            looks = () if self.look is None else tuple(map(self.look, map(self._pixels, images_of(sample))))
            yield ReadRow(sample, None, Place("", number + 1, number + 1), looks, truth)
        state.rows = rows.stop
        state.done = rows.stop >= self.spec.count

    def _is_drawn(self, number: int) -> bool:
        share = self.spec.sample
        return share is None or draw(self.seed, self.spec.name, row_name(number)) < share

    def _pixels(self, image: ImageRef) -> Image.Image:
        return upright_rgb(self.store.get(image.sha256))

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class TableReader:
    """A table as a source."""

    admission: Admission
    seed: int
    workers: int
    book: PlanBook
    _cursor: TableCursor | None = None

    def read(self, state: SourceState, most: int) -> Iterator[ReadRow]:
        """See `Reader`. Raises TableError also where the files are not those that the plan began with."""
        spec = self.admission.spec
        self._check_files(state)
        if self._cursor is None:
            self._cursor = TableCursor(spec, self.seed, state)
        identified = identify(spec, self._cursor.take(most, state), self.book.claim)
        drawn = (row for row in identified if self._is_drawn(row[0], state))
        for row in admit(self.admission, drawn, self.workers):
            yield ReadRow(row.sample, row.problem, row.place, row.looks)
        state.done = self._cursor.is_at_end(state)
        self._check_files(state)  # a table that shrank meanwhile has simply come to its end

    def _is_drawn(self, row: Row, state: SourceState) -> bool:
        share = self.admission.spec.sample
        if share is None:
            return True
        try:
            name = row.row_id()
        except BadRow:
            name = f"row:{row.place.number}"
        drawn = draw(self.seed, state.name, name) < share
        if not drawn:
            state.leave_out(SAMPLED)
        return drawn

    def _check_files(self, state: SourceState) -> None:
        spec = self.admission.spec
        if spec.kind == "huggingface" or is_remote(spec.path):
            return  # what lies elsewhere is known by its version (`pipeline.sources.content`)
        seen = digest([[file.name, os.path.getsize(file.path)] for file in list_files(spec)])
        if state.files not in ("", seen):
            problem = "its files changed after a part of them was planned"
            raise TableError(spec.path, f"{problem}; put back what was there, or begin from nothing with --overwrite")
        state.files = seen

    def close(self) -> None:
        """See `Reader`."""
        self._cursor = None
