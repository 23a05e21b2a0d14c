"""Feeds the ladder beside its climbing: a thread of the driver that hands pages of samples to the hub before those fed run out.

In: pages (`pipeline.run.pending`), the hub. Out: blocks in the hub. While a wave is read, what was fed climbs on.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import ray
import ray.exceptions

from pipeline.errors import BuildError, RunStopped, one_line
from pipeline.planning.book import PlannedRow
from pipeline.planning.planner import Stopped
from pipeline.run.feed import FeedNeed, Row
from pipeline.run.pending import Page, Pending, read_first
from pipeline.run.rounds import Rounds

AHEAD_ROWS = 2048
"""So many samples wait to be begun; as soon as there are fewer, the next page is fetched, which may take a wave to be read."""
POLL_S = 0.1


class Feeding:
    """The pages of `pending`, and a thread that feeds them to a hub while the context lasts. `todo` are the first samples that
    climb."""

    def __init__(self, pending: Pending | Rounds) -> None:
        self._pending = pending
        self._pages = pending.pages()
        self._first = read_first(self._pages)
        self.todo: Sequence[PlannedRow] = self._first[-1].todo if self._first else ()
        self._order = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feeding")
        self._done: Future[None] | None = None

    def begin(self, hub: Any, size: int) -> None:
        """Feed `hub` in blocks of `size` rows; the first samples at once."""
        self._hub, self._size = hub, size
        if isinstance(self._pending, Rounds):
            self._pending.wait = self._wait
        for page in self._first:
            self._push(page)
        if self._pending.exhausted:  # then the number of blocks is known from the start
            ray.get(hub.end_feed.remote())

    def _run(self) -> None:
        while self._is_wanted() and (page := next(self._pages, None)) is not None:
            self._push(page)

    def _is_wanted(self) -> bool:
        """Wait until more is to be fed; False when nothing is."""
        while not self._pending.stop.wait(POLL_S):
            need: FeedNeed = ray.get(self._hub.need.remote())
            self._pending.bound = need.bound
            if need.over:
                return False
            if need.untaken < AHEAD_ROWS:
                return True
        return False

    def _wait(self) -> bool:
        """Wait until all that was fed is finished; False when it will not be."""
        while not self._pending.stop.wait(POLL_S):
            need: FeedNeed = ray.get(self._hub.need.remote())
            if need.over:
                return False
            if need.unfinished == 0:
                return True
        return False

    def _push(self, page: Page) -> None:
        rows = [self._number(row) for row in page.todo]
        blocks = [rows[start : start + self._size] for start in range(0, len(rows), self._size)]
        ray.get(self._hub.feed.remote(blocks, len(rows) + len(page.earlier), page.earlier))

    def _number(self, row: PlannedRow) -> Row:
        self._order += 1
        return fed_row(row.id, row.rank, self._order - 1, row.status, row.text)

    def _end(self, done: Future[None]) -> None:
        """No more comes; where that is for an error, the run drains, and ends with its words."""
        error = done.exception()
        try:
            if error is not None and not isinstance(error, Stopped):
                ray.get(self._hub.stopped.remote(one_line(error)))
            ray.get(self._hub.end_feed.remote())
        except ray.exceptions.RayError:
            return  # the hub is gone, and with it the run; whoever climbs reports why

    def __enter__(self) -> Self:
        """Begin to feed."""
        self._done = self._thread.submit(self._run)
        self._done.add_done_callback(self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop feeding. Raises what went wrong with it, RunStopped where a source was to blame."""
        self._pending.stop.set()
        self._thread.shutdown()
        if error is not None and not isinstance(error, RunStopped):
            return  # an interrupt, or a fault of its own
        problem = self._done.exception() if self._done is not None else None
        if isinstance(problem, BuildError):
            raise RunStopped(str(problem)) from problem
        if problem is not None and not isinstance(problem, Stopped | ray.exceptions.RayError):
            raise problem


def fed_row(name: str, rank: int, order: int, status: str, trajectory: str) -> Row:
    """A sample as it is fed."""
    return {"id": name, "rank": rank, "order": order, "status": status, "trajectory": trajectory}
