"""What the screens remember of rows, on disk: the kept ones by their keys, the distinct images, and the dropped ones.

In: 63-bit keys, and what stands behind them. Out: the rows that have a key, earliest first. One SQLite file with a page cache of
fixed size, so that memory stays flat whatever the number of rows; nothing is durable before `commit`.

Keys fall anywhere in their table, so that a few thousand new ones would rewrite most of it. They are written to the end of a table
of recent keys, which is held in memory too, and go to their places `MOST_RECENT` at a time.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.screening.dropped import Dropped, ScreenedRow
from pipeline.screening.looks import ImageLook
from pipeline.sources.bad_row import Place

CACHE_KIB = 16 * 1024
MOST_RECENT = 250_000  # keys, about 25 MB
MOST_HOLDERS = 8  # rows looked at for one key: thousands may have it where a template made them
MOST_LOOKALIKES = 200  # images looked at for one key
_TABLES = """
CREATE TABLE IF NOT EXISTS rows(
    ordinal INTEGER PRIMARY KEY, source TEXT NOT NULL, file TEXT NOT NULL, row INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys(key INTEGER NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY(key, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent(key INTEGER NOT NULL, ordinal INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS images(number INTEGER PRIMARY KEY, phash INTEGER NOT NULL, thumb BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS image_keys(key INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(key, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS screened(
    source TEXT NOT NULL, file TEXT NOT NULL, row INTEGER NOT NULL, row_id TEXT NOT NULL, instruction TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(source, file, row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meaning(spec TEXT NOT NULL);
"""
_SIGN = 1 << 63
_ROW = "SELECT ordinal, source, file, row, text FROM"


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row that stayed in, as the index knows it; `text` is its normalised instruction, empty where that is not needed."""

    ordinal: int
    source: str
    file: str
    row: int
    text: str

    def stands_at(self, source: str, place: Place) -> bool:
        """True where it is this row itself."""
        return (self.row, self.file, self.source) == (place.row, place.file, source)


class RowIndex:
    """The rows seen so far. `path`: None keeps it in a file that goes with the process."""

    def __init__(self, path: Path | None) -> None:
        self._base = sqlite3.connect("" if path is None else path, isolation_level=None, check_same_thread=False)
        self._base.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        if path is not None:
            self._base.execute("PRAGMA journal_mode=WAL")
        self._base.executescript(_TABLES)
        self._recent: dict[int, tuple[int, ...]] = {}
        self._read_recent()
        self._base.execute("BEGIN")

    def _read_recent(self) -> None:
        self._recent.clear()
        for key, ordinal in self._base.execute("SELECT key, ordinal FROM recent ORDER BY ordinal"):
            self._recent[key] = (*self._recent.get(key, ()), ordinal)
        self._has_old = self._base.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None

    def _settle(self) -> None:
        """Bring recent keys to their places."""
        self._base.execute("INSERT OR IGNORE INTO keys SELECT key, ordinal FROM recent ORDER BY key, ordinal")
        self._base.execute("DELETE FROM recent")
        self._recent.clear()
        self._has_old = True

    def meaning(self, spec: str) -> str:
        """The spec of the screens that filled this index; `spec` itself where it is new."""
        found = self._base.execute("SELECT spec FROM meaning").fetchone()
        if found is None:
            self._base.execute("INSERT INTO meaning VALUES(?)", (spec,))
        return spec if found is None else str(found[0])

    def roll_back(self) -> None:
        """Forget what was added since the last commit."""
        self._base.execute("ROLLBACK")
        self._read_recent()
        self._base.execute("BEGIN")

    def commit(self) -> None:
        """Make durable what was added. Raises sqlite3.Error, as all do."""
        self._base.execute("COMMIT")
        self._base.execute("BEGIN")

    def close(self) -> None:
        """Make durable what was added, and let go of the file."""
        self._base.execute("COMMIT")
        self._base.close()

    def first(self, key: int) -> KeptRow | None:
        """The earliest kept row with this key."""
        return next(self.holders((key,), 1), None)

    def holders(self, keys: Sequence[int], most: int = MOST_HOLDERS) -> Iterator[KeptRow]:
        """The kept rows that have any of these keys, earliest first; of each key at most so many older and so many recent ones."""
        if self._has_old:
            one = f"SELECT ordinal FROM (SELECT ordinal FROM keys WHERE key=? ORDER BY ordinal LIMIT {most})"
            old = " UNION ".join([one] * len(keys))
            for found in self._base.execute(f"{_ROW} rows WHERE ordinal IN ({old}) ORDER BY ordinal", keys):
                yield KeptRow(*found)
        for ordinal in sorted({n for key in keys for n in self._recent.get(key, ())[:most]}):
            found = self._base.execute(f"{_ROW} rows WHERE ordinal=?", (ordinal,)).fetchone()
            yield KeptRow(*found)

    def keep(self, source: str, place: Place, text: str, keys: Sequence[int]) -> None:
        """Remember a row that stays in, under its keys."""
        ordinal = self._base.execute(
            "INSERT INTO rows(source, file, row, text) VALUES(?,?,?,?)", (source, place.file, place.row, text)
        ).lastrowid
        number = int(ordinal or 0)
        rare = [key for key in keys if len(self._recent.get(key, ())) < MOST_HOLDERS]
        self._base.executemany("INSERT INTO recent VALUES(?,?)", [(key, number) for key in rare])
        for key in rare:
            self._recent[key] = (*self._recent.get(key, ()), number)
        if len(self._recent) >= MOST_RECENT:
            self._settle()

    def images(self, keys: Sequence[int]) -> Iterator[tuple[int, ImageLook]]:
        """The distinct images that have any of these keys, with their numbers, earliest first; of each key so many at most."""
        one = f"SELECT number FROM (SELECT number FROM image_keys WHERE key=? ORDER BY number LIMIT {MOST_LOOKALIKES})"
        numbers = " UNION ".join([one] * len(keys))
        for number, phash, thumb in self._base.execute(
            f"SELECT number, phash, thumb FROM images WHERE number IN ({numbers}) ORDER BY number", keys
        ):
            yield number, ImageLook(phash + _SIGN, thumb, 0.0)

    def image(self, key: int) -> int | None:
        """The number of the image with this key; None where it is new."""
        found = self._base.execute("SELECT number FROM image_keys WHERE key=? LIMIT 1", (key,)).fetchone()
        return found and int(found[0])

    def name_image(self, number: int, key: int) -> None:
        """Remember a further key of an image."""
        self._base.execute("INSERT OR IGNORE INTO image_keys VALUES(?,?)", (key, number))

    def add_image(self, seen: ImageLook, keys: Iterable[int]) -> int:
        """Remember a new image under its keys; its number."""
        number = self._base.execute(
            "INSERT INTO images(phash, thumb) VALUES(?,?)", (seen.phash - _SIGN, seen.thumb)
        ).lastrowid
        self._base.executemany("INSERT OR IGNORE INTO image_keys VALUES(?,?)", [(key, number) for key in keys])
        return int(number or 0)

    def drop(self, row: ScreenedRow) -> None:
        """Remember a row that was dropped; what was known of it before is replaced."""
        at, why = row.place, row.dropped
        self._base.execute(
            "INSERT OR REPLACE INTO screened VALUES(?,?,?,?,?,?,?)",
            (row.source, at.file, at.row, row.row_id, row.instruction, why.reason, why.detail),
        )

    def dropped(self) -> Iterator[ScreenedRow]:
        """The dropped rows by source, file and row."""
        for source, file, row, row_id, instruction, reason, detail in self._base.execute(
            "SELECT source, file, row, row_id, instruction, reason, detail FROM screened"
        ):
            yield ScreenedRow(source, Place(file, row, row), row_id, instruction, Dropped(reason, detail))

    def counts(self) -> dict[str, int]:
        """How many rows were dropped, by reason."""
        return dict(self._base.execute("SELECT reason, count(*) FROM screened GROUP BY reason ORDER BY reason"))
