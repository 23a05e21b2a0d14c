"""Where the reading of a table stands: it goes on from there, in the same process or in another.

In: a table, and how far it was read. Out: its next rows. Chunks that were read whole are not opened again, but for what their files
say of how many rows they hold.
"""

from collections.abc import Iterator
from itertools import islice

from pipeline.planning.book import SourceState
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import Item, chunks, rows_of


class TableCursor:
    """The rows of a table after those that `state` counts, at most as many as the table's `limit`."""

    def __init__(self, spec: TableSpec, seed: int, state: SourceState) -> None:
        self._limit = spec.limit
        self._chunks = islice(chunks(spec, seed), state.chunk, None)
        self._rows: Iterator[Item] | None = None
        self._ahead: Item | None = None

    def take(self, most: int, state: SourceState) -> Iterator[Item]:
        """The next rows, at most `most`; `state` counts each before it is given. Raises TableError, OSError."""
        while most > 0 and not self.is_at_end(state) and self._ahead is not None:
            item, self._ahead = self._ahead, None
            most, state.rows, state.chunk_rows = most - 1, state.rows + 1, state.chunk_rows + 1
            state.last = item[0].number
            yield item

    def is_at_end(self, state: SourceState) -> bool:
        """True when there is no further row; a chunk that is read whole is counted. Raises TableError, OSError."""
        if state.rows == self._limit:
            return True
        while self._ahead is None:
            if self._rows is None:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return True
                self._rows = rows_of(chunk, state.before, state.chunk_rows)
            self._ahead = next(self._rows, None)
            if self._ahead is None:
                self._rows = None
                state.chunk, state.chunk_rows, state.before = state.chunk + 1, 0, state.last
        return False
