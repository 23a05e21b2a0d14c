"""What the Analyzer finally said of every row of a build, read in the background: a large build takes a minute.

In: a build's rows. Out: `KnownScores`, once they are there. The rows of a build at work are read again now and then.
"""

import threading
import time
from collections.abc import Iterator

from pipeline.manifest.spec import RL
from pipeline.review.errors import ReviewError
from pipeline.review.frame import lot_of
from pipeline.review.numbers.scored import KnownScores, final_scores
from pipeline.review.web.rows import ReviewRows
from stages.trajectory import Trajectory

_AGAIN_S = 60.0


class BuildScores:
    """The scores of the build behind `rows`."""

    def __init__(self, rows: ReviewRows, prompts: bool) -> None:
        self._rows, self._prompts = rows, prompts
        self._lock = threading.Lock()
        self._known: KnownScores | None = None
        self._frozen = False
        self._at = 0.0
        self._reader: threading.Thread | None = None
        self.trouble = ""

    def known(self, wait_s: float = 0.0) -> KnownScores | None:
        """The scores of now or of a minute ago; None while they are read for the first time, of which `wait_s` are waited for."""
        with self._lock:
            stale = not self._frozen and time.monotonic() - self._at > _AGAIN_S
            if (self._known is None or stale) and (self._reader is None or not self._reader.is_alive()):
                self._at = time.monotonic()
                self._reader = threading.Thread(target=self._read, daemon=True)
                self._reader.start()
            reader = self._reader
        if self._known is None and reader is not None:
            reader.join(wait_s)
        return self._known

    def _read(self) -> None:
        finished = self._rows.finished
        thresholds = self._rows.policy().thresholds
        try:
            known = KnownScores((t.sample.id, final_scores(t, thresholds)) for t in self._reviewable())
        except ReviewError as error:
            self.trouble = str(error)
            return
        with self._lock:
            self._known, self._frozen, self.trouble = known, finished, ""

    def _reviewable(self) -> Iterator[Trajectory]:
        for t in self._rows.all():
            lot = lot_of(t)
            if lot is not None and (self._prompts or lot.outcome != RL):
                yield t
