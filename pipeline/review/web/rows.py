"""The rows of a build, one at a time, as stories.

In: the folder of a build, finished or at work, and a sample's id. Out: its `Story`. The record of a finished build is read by an
index of ids, a row group at a time; of one at work the outcome is read from its database, to read from only.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.errors import RunStopped
from pipeline.output import run_json
from pipeline.output.record import Recorded, check_form, files, read_row, recorded
from pipeline.replay.place import open_outcomes, place
from pipeline.review.errors import ReviewError
from pipeline.storage.image_store import ImageStore
from pipeline.views.story import Story, story_of
from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

_KEPT = 256


@dataclass(frozen=True, slots=True)
class _RowPlace:
    file: str
    group: int
    row: int


class ReviewRows:
    """The rows of the build in `out`; `database` is the URL of its own database where that needs a password."""

    def __init__(self, out: Path, database: str | None = None) -> None:
        self._out, self._database = out, database
        self._lock = threading.Lock()
        self._places: dict[str, _RowPlace] | None = None
        self._footers: dict[str, pq.FileMetaData] = {}
        self._read_once = lru_cache(_KEPT)(self._read)

    def story(self, sample_id: str, content_hash: str) -> Story:
        """The story of a sample; one with another `content_hash` is read anew. Raises ReviewError where there is none."""
        return self._read_once(sample_id, content_hash)

    def look_up(self) -> None:
        """Read where each row of a finished build lies, and the footers of its files. Raises ReviewError."""
        if not self.finished:
            return
        try:
            for file in {where.file for where in self._index().values()}:
                self._footer(file)
        except (OSError, ValueError) as error:
            raise ReviewError(f"{self._out}: its rows cannot be read ({error})") from error

    def recipe(self) -> Recipe:
        """The ladder of the build. Raises ReviewError."""
        try:
            return read_recipe(self.policy())
        except (LookupError, ValueError) as error:
            raise ReviewError(f"{self._out}: its ladder cannot be read ({error})") from error

    def policy(self) -> Policy:
        """The policy of the build. Raises ReviewError."""
        try:
            if self.finished:
                return Policy.model_validate(run_json.read(self._out).manifest.get("policy"))
            return place(self._out, self._database).manifest.policy
        except (LookupError, OSError, ValueError) as error:
            raise ReviewError(f"{self._out}: its policy cannot be read ({error})") from error

    def all(self) -> Iterator[Trajectory]:
        """Every row but those that no shard holds for want of room. Raises ReviewError."""
        try:
            if self.finished:
                yield from (row.trajectory for row in recorded(self._out) if row.fate != "surplus")
                return
            with open_outcomes(place(self._out, self._database)) as outcomes:
                yield from outcomes.all()
        except (LookupError, OSError, ValueError, RunStopped) as error:
            raise ReviewError(f"{self._out}: its rows cannot be read ({error})") from error

    def store(self) -> ImageStore:
        """Where its images are. Raises ReviewError."""
        try:
            if self.finished:
                root = run_json.store_root(run_json.read(self._out), self._out)
                return ImageStore(root or str(self._out / "store"))
            return place(self._out, self._database).store
        except (LookupError, OSError, ValueError) as error:
            raise ReviewError(f"{self._out}: its images cannot be found ({error})") from error

    @property
    def finished(self) -> bool:
        """Whether the build has come to its end."""
        return (self._out / run_json.NAME).exists()

    def _read(self, sample_id: str, _content_hash: str) -> Story:
        try:
            row = self._recorded(sample_id) if self.finished else self._outcome(sample_id)
            return story_of(row, self.recipe())
        except (LookupError, OSError, ValueError, TypeError) as error:
            raise ReviewError(f"sample {sample_id} cannot be read ({error})") from error

    def _recorded(self, sample_id: str) -> Recorded:
        where = self._index()[sample_id]
        with pq.ParquetFile(where.file, metadata=self._footer(where.file)) as file:
            rows = file.read_row_group(where.group).slice(where.row, 1).to_pylist()
        return read_row(rows[0], where.file)

    def _index(self) -> dict[str, _RowPlace]:
        with self._lock:
            if self._places is None:
                self._places = _find_rows(self._out)
            return self._places

    def _footer(self, file: str) -> pq.FileMetaData:
        with self._lock:
            if file not in self._footers:
                self._footers[file] = pq.read_metadata(file)  # 150 ms for a file of 50,000 rows
            return self._footers[file]

    def _outcome(self, sample_id: str) -> Recorded:
        with open_outcomes(place(self._out, self._database)) as outcomes:
            outcomes_by_id = outcomes.among([sample_id])
        return _as_recorded(outcomes_by_id[sample_id])


def _as_recorded(t: Trajectory) -> Recorded:
    """An outcome as the record will hold it, as far as is known before the end."""
    return Recorded(t, "kept" if t.status == "accepted" else "failed" if t.status == "failed" else "discarded")


def _find_rows(out: Path) -> dict[str, _RowPlace]:
    places: dict[str, _RowPlace] = {}
    for path in files(out):
        with pq.ParquetFile(path) as file:
            check_form(file, path)
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["id"]).column("id").to_pylist()
                places |= {name: _RowPlace(path, group, row) for row, name in enumerate(ids)}
    return places
