"""Small copies of stored images, as data URIs: a page that carries them asks nobody for anything.

In: an image store and a hash. Out: `Thumbnail`, or None when the image cannot be shown (the page says so in its place).
"""

import base64
import io
from dataclasses import dataclass

from PIL import Image

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE
from pipeline.storage.pictures.pixels import upright_rgb

SIDE, SMALL = 256, 128
_QUALITY = 78


@dataclass(frozen=True)
class Thumbnail:
    """A WebP as a data URI, with its own size in pixels."""

    uri: str
    width: int
    height: int


def thumbnail(store: ImageStore, sha256: str, side: int = SIDE) -> Thumbnail | None:
    """The copy of at most `side` x `side` pixels, or None when the image is missing, damaged or too large to decode."""
    try:
        small = upright_rgb(store.get(sha256), side)
    except UNREADABLE:
        return None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=_QUALITY)
    encoded = base64.b64encode(file.getvalue()).decode()
    return Thumbnail(f"data:image/webp;base64,{encoded}", small.width, small.height)
