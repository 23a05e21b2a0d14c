"""How the review of a build begins, and goes on while the build does.

In: the folder of a build, finished or at work; where the review is kept; settings, where they are to change. Out: its
`ReviewStore`, its items drawn. Called again it draws what has come since, and leaves a finished build alone that is drawn already.
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from pipeline.review.database import default_url
from pipeline.review.draw import draw, populations_of
from pipeline.review.errors import ReviewError
from pipeline.review.frame import FrameRow, fingerprint_of, read_frame, stamp_of
from pipeline.review.register import ReviewDraw
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import ReviewStore, open_review


def prepare(
    out: Path,
    url: str | None = None,
    settings: ReviewSettings | None = None,
    database: str | None = None,
    clock: Callable[[], float] = time.time,
) -> ReviewStore:
    """The review of the build in `out`, with its items drawn; None for `url` keeps it in the build's folder.

    `settings` replace those of before; None leaves them. `database` is the URL of the build's own database, needed while it is at
    work and that one has a password. Raises ReviewError where there is no build, or the review cannot be opened.
    """
    store = open_review(url or default_url(out), fingerprint_of(out), clock)
    if settings is not None:
        store.configure(settings)
    refresh(out, store, database)
    return store


def refresh(out: Path, store: ReviewStore, database: str | None = None) -> None:
    """Draw what came to the build since the last draw. Raises ReviewError where the build cannot be read, or `out` holds another
    one by now.
    """
    stamp = stamp_of(out)
    if not store.is_drawn_by(stamp):
        frame = read_frame(out, database)
        if frame.fingerprint != store.fingerprint:
            raise ReviewError(
                f"{out}: holds another build than the one under review; end this review and begin one of that"
            )
        store.redraw(partial(draw_all, frame.rows), frame.hash, frame.frozen, frame.stamp)


def draw_all(rows: Sequence[FrameRow], settings: ReviewSettings, seen: Collection[str] = ()) -> ReviewDraw:
    """The items of a review, and how many rows each lot has."""
    return ReviewDraw(draw(rows, settings, seen), populations_of(rows, settings))
