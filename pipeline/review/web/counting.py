"""The lead's figures, counted in a process of their own: at 50,000 rows that takes a second, for which no page is to wait.

In: where a review and its build lie. Out: `FiguresProcess`, which counts when it is called. It opens the review once, keeps the
Analyzer's scores, and ends with the server, however that ends.
"""

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from pipeline.errors import one_line
from pipeline.review.errors import ReviewError
from pipeline.review.store import open_review
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.figures import LeadFigures, lead_figures

_NICER = 5
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """Where a review is kept (`url`), of which build (`fingerprint`, `out`); `database` as `ReviewRows` takes it."""

    url: str
    fingerprint: str
    out: Path
    database: str | None = None


class FiguresProcess:
    """Counts the figures of the review at `place`; a context, at whose end its process ends."""

    def __init__(self, place: ReviewPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection | None = None

    def __enter__(self) -> Self:
        with self._lock:
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._end()

    def __call__(self) -> LeadFigures:
        """The figures of now. Raises ReviewError."""
        with self._lock:
            try:
                line = self._line or self._start()
                line.send(None)
                answer = line.recv()
            except (EOFError, OSError) as error:
                self._end()  # the next look starts another
                raise ReviewError(
                    f"the figures could not be counted ({one_line(error)}); load the page again"
                ) from error
        if isinstance(answer, LeadFigures):
            return answer
        raise ReviewError(str(answer))

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of the server's threads
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_count, args=(self._place, theirs), daemon=True)
        self._process.start()
        theirs.close()  # so that this side is told when the process is gone
        return self._line

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()  # which ends the process, once it has counted
            self._line = None
        if self._process is not None:
            self._process.join(_PATIENCE_S)
            self._process.kill()
            self._process = None


def _count(place: ReviewPlace, line: Connection) -> None:
    """Count whenever the other side asks, until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server ends this process
    with suppress(OSError):
        os.nice(_NICER)
    with open_review(place.url, place.fingerprint) as store, suppress(EOFError, BrokenPipeError):
        desk = ReviewDesk(store, place.out, place.database)
        while True:
            line.recv()
            try:
                answer: LeadFigures | str = lead_figures(desk)
            except ReviewError as error:
                answer = str(error)
            line.send(answer)
