"""The plan of a run on disk: every sample planned so far in the order in which it climbs, how far each source was read, and what is
known of the rows read, so that a later wave can be compared with them.

In: waves, each in one transaction. Out: pages of planned samples, states of sources. It is a cache: what it holds follows from the
manifest and the sources, so one that is lost, or of another plan, is made again. Only one thread may work with it at a time.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from pipeline.planning.tables import END, key_of, open_file
from pipeline.planning.truth import TruthRow
from pipeline.sources.bad_row import Place
from stages.records import Split
from stages.trajectory import Trajectory, dump, load


@dataclass
class SourceState:
    """How far a source was read: `rows` in `waves`, of which `placed` have a place in the order of the run (rollouts counted once).

    `done`: there is nothing more to read. `left_out`: rows that are no samples, by why. `by_category`: placed rows that count
    towards a cap. `files`: what the files were when they were first read. `chunk`: how many of its chunks were read whole, up to
    the row numbered `before`; `chunk_rows`: how many rows of the next one, up to the row numbered `last`.
    """

    name: str
    rows: int = 0
    waves: int = 0
    placed: int = 0
    done: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    by_category: dict[str, int] = field(default_factory=dict)
    files: str = ""
    chunk: int = 0
    chunk_rows: int = 0
    before: int = 0
    last: int = 0

    def leave_out(self, why: str) -> None:
        """Count one more row that is no sample."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A planned sample. `group`: the id of its first rollout. `text`: its trajectory as `stages.trajectory.dump` writes it."""

    rank: int
    group: str
    id: str
    status: str
    text: str

    @property
    def trajectory(self) -> Trajectory:
        """The trajectory before it climbs."""
        return load(self.text)


_ROW = "rank, grp, id, status, trajectory"


@dataclass(frozen=True, slots=True)
class RowKind:
    """A planned sample without its content."""

    rank: int
    group: str
    id: str
    source: str
    category: str
    split: Split


@dataclass(frozen=True, slots=True)
class LeakGroup:
    """A leak group. `number`: groups of rows that were read earlier have lower ones."""

    number: int
    name: str


class PlanBook:
    """The plan called `identity` in the file at `path` (":memory:": nowhere). A file of another plan is replaced.

    Raises sqlite3.Error, OSError.
    """

    def __init__(self, path: str | Path, identity: str) -> None:
        self._database = open_file(str(path), identity)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is written in this context is written together, or not at all."""
        self._database.execute("BEGIN IMMEDIATE")
        written = False
        try:
            yield
            written = True
        finally:
            self._database.execute("COMMIT" if written else "ROLLBACK")

    @property
    def is_new(self) -> bool:
        """True where nothing is planned yet."""
        return self._database.execute("SELECT 1 FROM sources LIMIT 1").fetchone() is None

    def state(self, name: str) -> SourceState:
        """How far the source `name` was read."""
        row = self._database.execute("SELECT state FROM sources WHERE name = ?", (name,)).fetchone()
        return SourceState(name) if row is None else SourceState(**json.loads(row[0]))

    def keep_state(self, state: SourceState) -> None:
        """Write how far a source was read."""
        row = (state.name, json.dumps(asdict(state)))
        self._database.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", row)

    def claim(self, source: str, row_id: str, place: Place) -> Place:
        """The place of the first row of `source` with this id: `place` itself, where it is the first."""
        key, name = key_of("row id", source, row_id), json.dumps([place.file, place.row, place.number])
        made = self._database.execute("INSERT OR IGNORE INTO row_ids VALUES (?, ?)", (key, name))
        if made.rowcount:
            return place
        there = self._database.execute("SELECT place FROM row_ids WHERE key = ?", (key,)).fetchone()[0]
        return place if there == name else Place(*json.loads(there))

    def add(self, planned: Iterable[Trajectory]) -> None:
        """Write planned samples."""
        rows = (
            (t.rank, s.group, s.id, t.status, dump(t), s.source, s.category, s.split)
            for t in planned
            for s in (t.sample,)
        )
        self._database.executemany("INSERT OR REPLACE INTO planned VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def add_truth(self, rows: Iterable[tuple[int, TruthRow]]) -> None:
        """Write what is true of samples that the world made, each with its rank."""
        texts = ((rank, row.id, json.dumps(asdict(row))) for rank, row in rows)
        self._database.executemany("INSERT OR REPLACE INTO truth VALUES (?, ?, ?)", texts)

    def groups(self, keys: Iterable[int]) -> dict[int, LeakGroup]:
        """Of these leak keys those that are known, each with its group."""
        query = "SELECT number, name FROM leak_keys JOIN leak_groups USING (number) WHERE key = ?"
        found = ((key, self._database.execute(query, (key,)).fetchone()) for key in keys)
        return {key: LeakGroup(*row) for key, row in found if row is not None}

    def next_group(self) -> int:
        """The number of the next new leak group; groups are numbered in the order in which their first rows were read."""
        last = self._database.execute("SELECT max(number) FROM leak_groups").fetchone()[0]
        return 1 if last is None else int(last) + 1

    def add_groups(self, groups: Iterable[LeakGroup], keys: Iterable[tuple[int, int]]) -> None:
        """Write new groups, and (key, number of its group) for keys that have none yet."""
        self._database.executemany("INSERT INTO leak_groups VALUES (?, ?)", ((g.number, g.name) for g in groups))
        self._database.executemany("INSERT OR IGNORE INTO leak_keys VALUES (?, ?)", keys)

    def page(self, after: PlannedRow | None, below: int, most: int) -> list[PlannedRow]:
        """The next samples in order after the row `after`, of ranks below `below`."""
        place = (-1, "", "") if after is None else (after.rank, after.group, after.id)
        query = (
            f"SELECT {_ROW} FROM planned WHERE (rank, grp, id) > (?, ?, ?) AND rank < ? ORDER BY rank, grp, id LIMIT ?"
        )
        return [PlannedRow(*row) for row in self._database.execute(query, (*place, min(below, END), most))]

    def kinds(self, start: int, below: int) -> Iterator[RowKind]:
        """What is known of the samples of ranks from `start` to below `below`, without their content, in order."""
        query = "SELECT rank, grp, id, source, category, split FROM planned WHERE rank >= ? AND rank < ? ORDER BY rank, grp, id"
        with closing(self._database.execute(query, (start, min(below, END)))) as rows:
            yield from (RowKind(*row) for row in rows)

    def find(self, kinds: Iterable[RowKind]) -> Iterator[PlannedRow]:
        """The planned samples of these kinds, in their order."""
        query = f"SELECT {_ROW} FROM planned WHERE rank = ? AND grp = ? AND id = ?"
        for kind in kinds:
            yield PlannedRow(*self._database.execute(query, (kind.rank, kind.group, kind.id)).fetchone())

    def ranks(self, below: int) -> Iterator[tuple[str, int]]:
        """(id, rank) of every sample planned below the rank `below`, in order."""
        query = "SELECT id, rank FROM planned WHERE rank < ? ORDER BY rank, grp, id"
        with closing(self._database.execute(query, (min(below, END),))) as rows:
            yield from rows

    def count(self, below: int) -> int:
        """How many samples are planned below a rank."""
        query = "SELECT count(*) FROM planned WHERE rank < ?"
        return int(self._database.execute(query, (min(below, END),)).fetchone()[0])

    def truth(self, upto: int | None) -> Iterator[TruthRow]:
        """What is true of the samples up to a rank (None: of all), in the order of their ids."""
        query = "SELECT row FROM truth WHERE rank <= ? ORDER BY id"
        with closing(self._database.execute(query, (END if upto is None else upto,))) as rows:
            yield from (TruthRow(**json.loads(text)) for (text,) in rows)

    def __enter__(self) -> Self:
        """This plan, closed at the end of the context."""
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
