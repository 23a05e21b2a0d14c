"""Small copies of stored images, as data URIs: a page that carries them asks nobody for anything.

In: an image store and a hash. Out: `Thumbnail`, or None when the image cannot be shown (the page says so in its place).
"""

import base64
import io
from dataclasses import dataclass

from PIL import Image

from pipeline.storage.image_store import ImageStore
from pipeline.storage.upright import upright

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
        with Image.open(io.BytesIO(store.get(sha256))) as image:
            image.draft("RGB", (side, side))
            small = flat(upright(image))
    except (OSError, Image.DecompressionBombError):
        return None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=_QUALITY)
    encoded = base64.b64encode(file.getvalue()).decode()
    return Thumbnail(f"data:image/webp;base64,{encoded}", small.width, small.height)


def flat(image: Image.Image) -> Image.Image:
    """`image` as RGB, transparency on white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
