"""What a process has read of a review already, so that it reads only what is new: pages ask for all resolutions again and again.

In: a database whose verdicts are append-only, and whose items bear a revision. Out: items, verdicts and resolutions as of now. Safe
for several threads.
"""

import threading
from collections import defaultdict

from sqlalchemy import Connection, select

from pipeline.review import verdicts
from pipeline.review.items import item_of
from pipeline.review.records import Resolution, ReviewItem
from pipeline.review.resolving import resolve
from pipeline.review.tables import BUILD, ITEM
from pipeline.review.verdicts import KeptVerdict


class ReviewMemory:
    """Items, verdicts and resolutions of one build, up to the last `refresh`."""

    def __init__(self, build: str) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._revision = -1
        self._seq = 0
        self._items: list[tuple[ReviewItem, int]] = []
        self._log: list[KeptVerdict] = []
        self._said: dict[str, list[KeptVerdict]] = defaultdict(list)
        self._resolved: dict[str, Resolution] = {}

    def items(self, connection: Connection) -> list[ReviewItem]:
        """The items of the queue, in its order."""
        with self._lock:
            self._refresh(connection)
            return [item for item, _ in self._items]

    def log(self, connection: Connection) -> list[KeptVerdict]:
        """All verdicts, in order."""
        with self._lock:
            self._refresh(connection)
            return list(self._log)

    def resolutions(self, connection: Connection) -> list[Resolution]:
        """What the verdicts on each item come to, in the order of the queue; planted items are left out."""
        with self._lock:
            self._refresh(connection)
            resolutions = []
            for item, asked in self._items:
                if item.draw == "gold":
                    continue
                resolution = self._resolved.get(item.sample_id)
                if resolution is None:
                    resolution = resolve(item, asked, self._said.get(item.sample_id, ()))
                    self._resolved[item.sample_id] = resolution
                resolutions.append(resolution)
            return resolutions

    def _refresh(self, connection: Connection) -> None:
        revision = connection.execute(select(BUILD.c.revision).where(BUILD.c.build == self._build)).scalar_one()
        if revision != self._revision:
            query = select(ITEM).where((ITEM.c.build == self._build) & ITEM.c.active)
            rows = connection.execute(query.order_by(ITEM.c.position, ITEM.c.sample_id)).all()
            self._items = [(item_of(row), row.wanted) for row in rows]
            self._resolved.clear()
            self._revision = revision
        for row in verdicts.since(connection, self._build, self._seq):
            self._log.append(row)
            self._said[row.verdict.sample_id].append(row)
            self._resolved.pop(row.verdict.sample_id, None)
            self._seq = row.seq
