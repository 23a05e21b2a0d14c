"""The images of a review as a browser is given them: renditions of at most 512 pixels, and the stored files themselves.

In: an image store and a hash. Out: `WebPicture`, or None where the store holds no such image. A rendition holds pixels alone, so no
EXIF data leaves the machine with it. The bytes of a hash never change, so a browser may keep them for good.
"""

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE, opened
from pipeline.storage.pictures.pixels import upright_rgb
from pipeline.storage.pictures.upright import upright_size

SIDE = 512
_QUALITY = 92
_KEPT, _KEPT_SIZES = 256, 4096
_SHOWN_BY_BROWSERS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True, slots=True)
class WebPicture:
    """Encoded bytes and their media type."""

    data: bytes
    media: str


class ReviewPictures:
    """The images of a store. Renditions are made once and kept in memory, about 100 kB each."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self._small = lru_cache(_KEPT)(self._make_small)
        self._sizes = lru_cache(_KEPT_SIZES)(self._read_size)

    def small(self, sha256: str) -> WebPicture | None:
        """At most 512 x 512 pixels: lossless where it is made smaller by nothing, else as a JPEG of high quality."""
        try:
            return self._small(sha256)
        except UNREADABLE:
            return None

    def whole(self, sha256: str) -> WebPicture | None:
        """The stored file itself; as PNG where browsers do not show its format."""
        try:
            data = self._store.get(sha256)
            with opened(data) as image:
                media = _SHOWN_BY_BROWSERS.get(image.format or "")
            return WebPicture(data, media) if media else WebPicture(_png(upright_rgb(data)), "image/png")
        except UNREADABLE:
            return None

    def size(self, sha256: str) -> tuple[int, int] | None:
        """Width and height of the rendition in pixels; None where there is none."""
        try:
            width, height = self._sizes(sha256)
        except UNREADABLE:
            return None
        scale = min(1.0, SIDE / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _read_size(self, sha256: str) -> tuple[int, int]:
        with opened(self._store.get(sha256)) as image:
            return upright_size(image)

    def _make_small(self, sha256: str) -> WebPicture:
        data = self._store.get(sha256)
        if _is_plain(data):
            return WebPicture(data, "image/png")
        image = upright_rgb(data, SIDE)
        if max(image.size) <= SIDE:
            return WebPicture(_png(image), "image/png")
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=_QUALITY, subsampling=0)
        return WebPicture(file.getvalue(), "image/jpeg")


def _is_plain(data: bytes) -> bool:
    """Whether a file is a small PNG of pixels alone, as image models give it: making it again would give the same, later."""
    with opened(data) as image:
        if image.format != "PNG" or image.mode != "RGB" or max(image.size) > SIDE:
            return False
        image.load()  # what stands behind the pixels is known then, too
        return not image.info


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
