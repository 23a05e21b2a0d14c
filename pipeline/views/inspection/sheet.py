"""The contact sheet: some pictures of a source, drawn from all of it in a way that does not change from call to call.

In: rows as they are read. Out: small copies of those whose ids hash lowest, in the order of the rows.
"""

import base64
import heapq
import io
from collections.abc import Iterator
from hashlib import sha256

from PIL import Image

from pipeline.views.inspection.looking import SeenRow
from pipeline.views.thumbnails import Thumbnail

CELLS, SIDE = 24, 220
_QUALITY = 78


class ContactSheet:
    """Holds at most `CELLS` pictures at a time."""

    def __init__(self) -> None:
        self._held: list[tuple[int, int, Image.Image, SeenRow]] = []  # the highest hash first, as a negative number

    def offer(self, row: SeenRow) -> None:
        """Take the row's first picture if it belongs on the sheet."""
        if row.sample is None or not row.pictures:
            return
        point = -int.from_bytes(sha256(row.sample.id.encode()).digest()[:8], "big")
        if len(self._held) == CELLS and point <= self._held[0][0]:
            return
        small = row.pictures[0].convert("RGB")
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        entry = (point, row.place.number, small, SeenRow(row.place, row.sample))
        if len(self._held) < CELLS:
            heapq.heappush(self._held, entry)
        else:
            heapq.heapreplace(self._held, entry)

    def shown(self) -> Iterator[tuple[Thumbnail, str, str]]:
        """Each picture with what is asked of it and where its row stands."""
        for _, _, small, row in sorted(self._held, key=lambda entry: entry[1]):
            if row.sample is not None:
                yield _encode(small), row.sample.instruction, f"{row.place.file}: row {row.place.row}"


def _encode(small: Image.Image) -> Thumbnail:
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY)
    return Thumbnail(f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}", small.width, small.height)
