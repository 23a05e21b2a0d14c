"""What is still to climb: planned samples without an outcome, in rank order, as far as the quotas need them.

In: a planner, the outcomes that stay, the quotas. Out: pages of samples, one after the other. The next wave of the sources is read
when the pages come to the end of the plan, and no sooner.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pipeline.output.cut import Filling, Finished, Quotas, finished
from pipeline.planning.book import PlannedRow
from pipeline.planning.planner import Planner
from stages.trajectory import Trajectory

PAGE_ROWS = 4096

Keep: TypeAlias = Callable[[Iterable[Trajectory]], None]


@dataclass
class Page:
    """The next samples of the plan: those `todo`, and the outcomes of the others, at the ranks that the plan gives them."""

    todo: list[PlannedRow] = field(default_factory=list)
    earlier: list[Finished] = field(default_factory=list)


class Pending:
    """Pages of what is to climb. `known`: outcomes by sample id. `keep` writes outcomes of rows that cannot climb. `most`: so many
    samples at most (None: all).

    `stop` ends the reading of a wave that nobody waits for any more; `bound` may be lowered from outside while pages are read.
    """

    def __init__(
        self, planner: Planner, known: Mapping[str, Finished], quotas: Quotas, keep: Keep, most: int | None = None
    ) -> None:
        self._planner = planner
        self._known = known
        self._filling = Filling(quotas)
        self._keep = keep
        self._left = most
        self._last: PlannedRow | None = None
        self.bound: int | None = None
        self.stop = threading.Event()

    def pages(self) -> Iterator[Page]:
        """Raises pipeline.manifest.spec.ManifestError, OSError where a source cannot be read, planner.Stopped."""
        while self._is_needed() and self._left != 0:
            rows = self._planner.book.page(self._last, self._planner.horizon, PAGE_ROWS)
            if rows:
                self._last = rows[-1]
                yield self._page(rows)
            elif self._planner.done or self._bound is not None:
                return  # whatever is read from here on stands beyond the bound
            else:
                self._planner.advance(lambda: not self.stop.is_set())

    @property
    def exhausted(self) -> bool:
        """True when it is certain that no further page comes."""
        return self._planner.done and not self._planner.book.page(self._last, self._planner.horizon, 1)

    @property
    def _bound(self) -> int | None:
        """No sample of a higher rank is needed; None while all are."""
        bounds = [bound for bound in (self.bound, self._filling.bound) if bound is not None]
        return min(bounds, default=None)

    def _is_needed(self) -> bool:
        """Whether samples after the last page may be needed. The rollouts of a row share a rank, and are needed together."""
        bound, last = self._bound, -1 if self._last is None else self._last.rank
        return bound is None or (last <= bound and bound >= 0)

    def _page(self, rows: Iterable[PlannedRow]) -> Page:
        page, failed = Page(), list[Trajectory]()
        for row in rows:
            bound = self._filling.bound
            if self._left == 0 or (bound is not None and row.rank > bound):
                break
            known = self._known.get(row.id)
            if known is None and row.status != "climbing":
                failed.append(row.trajectory)
                known = finished(failed[-1])
            if known is None:
                page.todo.append(row)
                self._left = None if self._left is None else self._left - 1
            else:
                at_its_place = replace(known, rank=row.rank)  # an older version gave other ranks
                page.earlier.append(at_its_place)
                self._filling.add(at_its_place)
        self._keep(failed)
        self._planner.restore(row.trajectory.sample for row in page.todo)
        return page


def read_first(pages: Iterator[Page]) -> list[Page]:
    """Pages up to the first one with a sample to climb; all of them where there is none."""
    first: list[Page] = []
    for page in pages:
        first.append(page)
        if page.todo:
            break
    return first
