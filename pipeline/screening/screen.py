"""Decides of each row of the sources whether it stays in, and remembers what it decided.

In: samples in reading order, with what their images look like. Out: None, or a `Dropped`; in the end `screened.parquet`.

The index lies in a file beside the plan. Commit it before the plan that rests on it: a row that is judged again, because a run was
killed in between, is judged as before.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import BuildError
from pipeline.screening.checks import check_images, images_of
from pipeline.screening.dropped import Dropped, Reason, ScreenedRow, write_screened
from pipeline.screening.duplicates import DuplicateScreen
from pipeline.screening.index import RowIndex
from pipeline.screening.looks import ImageLook
from pipeline.screening.spec import ScreensSpec
from pipeline.sources.bad_row import Place
from stages.records import Sample

FILE = "screens.db"


class Screen:
    """Judges rows, one after the other; one thread at a time.

    `folder`: where `screens.db` is kept, to be gone on with; None keeps it only as long as the process lives. Raises BuildError
    where the folder holds an index of other screens, or where a library is missing.
    """

    def __init__(self, spec: ScreensSpec, folder: Path | None) -> None:
        self._spec = spec
        self._index = RowIndex(None if folder is None else folder / FILE)
        meant = spec.model_dump_json()
        if self._index.meaning(meant) != meant:
            self._index.close()
            raise BuildError(f"{folder}: {FILE} was filled by other screens; remove it, or build into another folder")
        self._duplicates = DuplicateScreen(spec.duplicates, self._index) if spec.duplicates.is_on else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def judge(self, sample: Sample, place: Place, looks: Sequence[ImageLook] = ()) -> Dropped | None:
        """Why the row stays out; None where it stays in.

        `looks`: of `images_of(sample)`, in that order (`pipeline.screening.looks.look`); needed where `spec.needs_looks` and the
        row has images. A row that is dropped is remembered for `write`; one that stays in, for the rows after it.
        """
        if self._spec.needs_looks and len(looks) != len(images_of(sample)):
            raise ValueError(f"{len(looks)} looks for {len(images_of(sample))} images of {sample.id}")
        dropped = self._find_fault(sample, place, looks)
        if dropped is not None:
            self._index.drop(ScreenedRow(sample.source, place, sample.row_id, sample.instruction, dropped))
        return dropped

    def _find_fault(self, sample: Sample, place: Place, looks: Sequence[ImageLook]) -> Dropped | None:
        if (dropped := check_images(self._spec.images, sample, looks)) is not None:
            return dropped
        return self._duplicates.judge(sample, place, looks) if self._duplicates is not None else None

    def drop(self, sample: Sample, place: Place, reason: Reason, detail: str) -> None:
        """Note a row that somebody else drops: for its licence, or as a bridge between leak groups."""
        self._index.drop(ScreenedRow(sample.source, place, sample.row_id, sample.instruction, Dropped(reason, detail)))

    def commit(self) -> None:
        """Make durable what was decided so far."""
        self._index.commit()

    def counts(self) -> dict[str, int]:
        """How many rows were dropped, by reason, in the order of the reasons' names."""
        return self._index.counts()

    def write(self, path: Path) -> int:
        """Write the dropped rows to `path` as Parquet; how many there are."""
        return write_screened(self._index.dropped(), path)

    def close(self) -> None:
        """Make durable what was decided, and let go of the index."""
        self._index.close()
