"""What is still to climb where targets steer a build: round after round, each decided by the outcomes of those before it.

In: a planner, the outcomes that stay, the goals. Out: pages of samples, as of `pipeline.run.pending`. A round is written down
before anything of it is begun, so a build that was killed begins the same rows, in whatever order outcomes came. The rank of a
sample is its place among all that are begun.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.manifest.spec import Manifest
from pipeline.output.chosen import goals_of
from pipeline.output.cut import Finished, finished
from pipeline.planning.book import PlannedRow, RowKind
from pipeline.planning.planner import Planner
from pipeline.run.pending import PAGE_ROWS, Keep, Page
from pipeline.storage.outcomes import Outcomes
from pipeline.storage.rounds import RoundLog
from pipeline.targets.goals import REST, RL_PROMPTS, Cell, Placed, Stock, cell_of
from pipeline.targets.missing import Missing
from pipeline.targets.rounds import next_round
from stages.trajectory import dump

Row = Sequence[RowKind]
"""The rollouts of one row of a source."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A row that a round begins, at its rank among all that are begun."""

    rank: int
    cell: Cell
    row: Row


class Rounds:
    """Pages of what is to climb. `known`: outcomes by sample id. `wait` waits until all that was fed is finished, and is False
    where it will not be; `missing` are the goals that could not be met, once there are no more pages.
    """

    def __init__(
        self,
        planner: Planner,
        known: Mapping[str, Finished],
        manifest: Manifest,
        outcomes: Outcomes,
    ) -> None:
        self._planner = planner
        self._known = dict(known)
        self._goals = goals_of(manifest)
        self._seed = manifest.seed
        self._rollouts = {spec.name: float(spec.rollouts) for spec in manifest.sources}
        self._outcomes = outcomes
        self._log = RoundLog(outcomes.engine, outcomes.run)
        self._keep: Keep = outcomes.upsert
        self._ready: dict[Cell, deque[Row]] = defaultdict(deque)
        self._seen = 0  # ranks of the plan below it are among what is ready, or were
        self._begun: list[_Begun] = []
        self.before: Collection[str] = self._log.kept()
        self.missing: tuple[Missing, ...] = ()
        self.wait: Callable[[], bool] = lambda: False
        self.bound: int | None = None
        self.stop = threading.Event()

    @property
    def ranks(self) -> dict[str, int]:
        """The rank of every sample that was begun, in order."""
        return {kind.id: one.rank for one in self._begun for kind in one.row}

    @property
    def exhausted(self) -> bool:
        """Never: what a round leads to is known when it is over."""
        return False

    def pages(self) -> Iterator[Page]:
        """Raises as `pipeline.run.pending.Pending.pages`."""
        if not any(state.waves for state in self._planner.states) and not self._planner.done:
            self._advance()
        self._look()
        decided = self._log.read()
        number = 0
        while not self.stop.is_set():
            if number < len(decided):
                decision = {Cell(*cell): rows for cell, rows in decided[number].items()}
            else:
                after = next_round(self._goals, self._placed(), self._stocks(), self.before, self._seed, number)
                self.missing = after.missing
                decision = dict(after.rows)
                if not decision:
                    return
                self._log.add(number, {(c.source, c.category, c.rl): rows for c, rows in decision.items()})
            yield from self._climb(decision)
            if self._is_open():
                return
            number += 1

    def _climb(self, decision: Mapping[Cell, int]) -> Iterator[Page]:
        """The pages of a round; after the last, everything of it is finished, or the run is at its end."""
        begun, todo = self._assign(decision), False
        for start in range(0, len(begun), PAGE_ROWS):
            page = self._page(begun[start : start + PAGE_ROWS])
            todo = todo or bool(page.todo)
            yield page
        if todo and self.wait():
            ids = [kind.id for one in begun for kind in one.row]
            found = self._outcomes.among(ids, unsettled=True)
            self._known |= {name: finished(t) for name, t in found.items()}

    def _page(self, begun: Sequence[_Begun]) -> Page:
        page, failed = Page(), []
        ranks = {kind.id: one.rank for one in begun for kind in one.row}
        for planned in self._planner.book.find(kind for one in begun for kind in one.row):
            known = self._known.get(planned.id)
            if known is None:
                t = replace(planned.trajectory, rank=ranks[planned.id])
                if t.status == "climbing":
                    page.todo.append(PlannedRow(t.rank, planned.group, planned.id, t.status, dump(t)))
                    continue
                failed.append(t)
                known = finished(t)
            # an earlier build without targets gave other ranks
            self._known[planned.id] = replace(known, rank=ranks[planned.id])
            page.earlier.append(self._known[planned.id])
        self._keep(failed)
        self._planner.restore(row.trajectory.sample for row in page.todo)
        return page

    def _assign(self, decision: Mapping[Cell, int]) -> list[_Begun]:
        """The rows that a round begins: the next ones of each cell, in the order of the plan, which is read on where it is
        short."""
        rows: list[tuple[Cell, Row]] = []
        for cell, most in sorted(decision.items()):
            while len(self._ready[cell]) < most and self._has_more(cell):
                self._advance()
            rows += [(cell, self._ready[cell].popleft()) for _ in range(min(most, len(self._ready[cell])))]
        rows.sort(key=lambda one: (one[1][0].rank, one[1][0].group))
        begun = [_Begun(len(self._begun) + n, cell, row) for n, (cell, row) in enumerate(rows)]
        self._begun += begun
        return begun

    def _advance(self) -> None:
        self._planner.advance(lambda: not self.stop.is_set())
        self._look()

    def _look(self) -> None:
        """Sort what was planned since the last look into cells."""
        horizon = self._planner.horizon
        kinds = self._planner.book.kinds(self._seen, horizon)
        for _, rollouts in groupby(kinds, key=lambda kind: (kind.rank, kind.group)):
            row = tuple(rollouts)
            self._ready[cell_of(row[0].source, row[0].category, row[0].split, self._goals.floors)].append(row)
        self._seen = horizon

    def _has_more(self, cell: Cell) -> bool:
        """Whether a source that may hold rows of the cell is not read to its end."""
        return any(not state.done for state in self._planner.states if cell.source in ("*", state.name))

    def _stocks(self) -> dict[Cell, Stock]:
        named = [Cell(name, category) for name in self._rollouts for category in self._goals.floors]
        mean = sum(self._rollouts.values()) / len(self._rollouts)
        return {
            cell: Stock(len(self._ready[cell]), self._has_more(cell), self._rollouts.get(cell.source, mean))
            for cell in (*named, REST, RL_PROMPTS)
        }

    def _placed(self) -> list[Placed]:
        return [Placed(self._known[kind.id], one.cell, 0, kind.category) for one in self._begun for kind in one.row]

    def _is_open(self) -> bool:
        """Whether a sample that was begun has no outcome."""
        return any(kind.id not in self._known for one in self._begun for kind in one.row)
