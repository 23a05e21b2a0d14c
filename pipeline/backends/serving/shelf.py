"""The images of requests and answers, on their way through the store of a served model.

In: encoded images of a request. Out: references that the model reads, and the bytes of what it drew. A store of our own is swept:
what nobody has touched for an hour is removed, so that a server does not fill its disk however long it runs.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.backends.serving.limits import MOST_IMAGE_PIXELS
from pipeline.backends.serving.pictures import inspect_all
from pipeline.backends.serving.problems import invalid
from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import admit
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef

KEPT_S = 3600.0
SWEPT_EVERY_S = 60.0


class Shelf:
    """Images in `store`. `passing`: the store is our own, in a folder, and what lies in it may be removed after a while."""

    def __init__(self, store: ImageStore, passing: bool) -> None:
        self.store = store
        self._passing = passing
        self._swept = time.monotonic()

    async def take_in(self, images: Sequence[bytes]) -> tuple[ImageRef, ...]:
        """Store the images of a request, each as its rendition. Raises RequestProblem for one that is not taken."""
        return await asyncio.to_thread(self._take_in, images)

    async def bytes_of(self, image: ImageRef) -> bytes:
        """The bytes of what a model drew. Raises OSError when they are gone or damaged."""
        return await asyncio.to_thread(self.store.get, image.sha256)

    def _take_in(self, images: Sequence[bytes]) -> tuple[ImageRef, ...]:
        self.sweep()
        inspect_all(images)
        return tuple(self._keep(data, number) for number, data in enumerate(images, 1))

    def _keep(self, data: bytes, number: int) -> ImageRef:
        try:
            kept = self.store.keep(admit(data, MOST_IMAGE_PIXELS, "image", f"image {number}"))
        except BadRow as error:
            raise invalid(error.problem, "image") from error
        if self._passing:
            os.utime(self.store.path(kept.sha256))  # an image that is asked about again is not old
        return kept

    def sweep(self) -> None:
        """Remove what is old, at most once a minute, and only from a store of our own."""
        now = time.monotonic()
        if not self._passing or now - self._swept < SWEPT_EVERY_S:
            return
        self._swept = now
        oldest = time.time() - KEPT_S
        for file in Path(self.store.root).glob("??/*"):
            with suppress(FileNotFoundError):  # another request may sweep at the same time
                if file.stat().st_mtime < oldest:
                    file.unlink()
