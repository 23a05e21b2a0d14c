"""Decides of each row of the sources whether it stays in, and remembers what it decided.

In: samples in reading order, with what their images look like. Out: None, or a `Dropped`; in the end `screened.parquet`.

The index lies in a file beside the plan. Commit it before the plan that rests on it: a row that is judged again, because a run was
killed in between, is judged as before.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from pipeline.errors import BuildError
from pipeline.screening.checks import check_images, check_scores, images_of
from pipeline.screening.contamination import ContaminationScreen
from pipeline.screening.dropped import Dropped, Reason, ScreenedRow, write_screened
from pipeline.screening.duplicates import DuplicateScreen
from pipeline.screening.evaluation_sets import read_prompts
from pipeline.screening.index import RowIndex
from pipeline.screening.language import LanguageJudge
from pipeline.screening.licences import check_licence
from pipeline.screening.looks import ImageLook, Looker
from pipeline.screening.spec import ScreensSpec
from pipeline.screening.unsafe import UnsafeWords
from pipeline.sources.bad_row import Place
from stages.records import Sample

FILE = "screens.db"


def forget_rows(folder: Path) -> None:
    """Remove what is remembered in `folder` of rows that are about to be judged anew."""
    for path in folder.glob(f"{FILE}*"):
        path.unlink()


class Screen:
    """Judges rows, one after the other; one thread at a time.

    `folder`: where `screens.db` is kept, to be gone on with; None keeps it only as long as the process lives. Raises BuildError
    where the folder holds an index of other screens, where an evaluation set cannot be read, or where a library is missing.
    """

    def __init__(self, spec: ScreensSpec, folder: Path | None) -> None:
        self.spec = spec
        self._folder = folder
        with self._telling():
            self._index = RowIndex(None if folder is None else folder / FILE)
        meant = spec.model_dump_json(exclude={"decontaminate": {"__all__": {"path", "images"}}})
        if self._index.meaning(meant) != meant:
            self._index.close()
            raise BuildError(f"{folder}: {FILE} was filled by other screens; remove it, or build into another folder")
        self._looker = Looker(spec.unsafe.images is not None) if spec.needs_looks else None
        self._contamination = ContaminationScreen(spec.contamination) if spec.decontaminate else None
        for table in spec.decontaminate:
            if self._contamination is not None:
                self._contamination.learn(read_prompts(table, spec.contamination.images))
        self._language = LanguageJudge(spec.language) if spec.language.keep else None
        self._words = UnsafeWords(spec.unsafe) if spec.unsafe.words else None
        self._duplicates = DuplicateScreen(spec.duplicates, self._index) if spec.duplicates.is_on else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def look(self, pixels: Image.Image) -> ImageLook:
        """What `judge` needs to know of an image where `spec.needs_looks`. Safe to call from threads."""
        if self._looker is None:
            raise ValueError("these screens look at no image")
        return self._looker.look(pixels)

    def judge(self, sample: Sample, place: Place, looks: Sequence[ImageLook] = ()) -> Dropped | None:
        """Why the row stays out; None where it stays in.

        `looks`: of `images_of(sample)`, in that order (`look`); needed where `spec.needs_looks` and the
        row has images. A row that is dropped is remembered for `write`; one that stays in, for the rows after it.
        """
        if self.spec.needs_looks and len(looks) != len(images_of(sample)):
            raise ValueError(f"{len(looks)} looks for {len(images_of(sample))} images of {sample.id}")
        with self._telling():
            dropped = self._find_fault(sample, place, looks)
            if dropped is not None:
                self._index.drop(ScreenedRow(sample.source, place, sample.row_id, sample.instruction, dropped))
        return dropped

    def _find_fault(self, sample: Sample, place: Place, looks: Sequence[ImageLook]) -> Dropped | None:
        """The first reason of all: what is cheap to see comes first, and only what stays in is remembered by the last."""
        spec, text = self.spec, sample.instruction
        return (
            check_licence(spec.allow_licences, sample)
            or check_images(spec.images, sample, looks)
            or check_scores(spec.unsafe, sample, looks)
            or (self._words and self._words.judge(text))
            or (self._language and self._language.judge(text))
            or (self._contamination and self._contamination.judge(sample, looks))
            or (self._duplicates and self._duplicates.judge(sample, place, looks))
            or None
        )

    def drop(self, sample: Sample, place: Place, reason: Reason, detail: str) -> None:
        """Note a row that somebody else drops, such as a bridge between leak groups."""
        with self._telling():
            self._index.drop(
                ScreenedRow(sample.source, place, sample.row_id, sample.instruction, Dropped(reason, detail))
            )

    def commit(self) -> None:
        """Make durable what was decided so far."""
        with self._telling():
            self._index.commit()

    def roll_back(self) -> None:
        """Forget what was decided since the last `commit`."""
        with self._telling():
            self._index.roll_back()

    def dropped(self) -> Iterator[ScreenedRow]:
        """The rows that stay out, by source, file and row."""
        return self._index.dropped()

    def counts(self) -> dict[str, int]:
        """How many rows were dropped, by reason, in the order of the reasons' names."""
        return self._index.counts()

    def write(self, path: Path) -> int:
        """Write the dropped rows to `path` as Parquet; how many there are."""
        return write_screened(self._index.dropped(), path)

    def close(self) -> None:
        """Make durable what was decided, and let go of the index."""
        with self._telling():
            self._index.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What the index cannot do is told as an OSError that names its file."""
        try:
            yield
        except sqlite3.Error as error:
            where = "the index of the screens" if self._folder is None else str(self._folder / FILE)
            remedy = "make room, or remove it and build anew with --overwrite"
            raise OSError(f"{where}: {error}; {remedy}") from error
