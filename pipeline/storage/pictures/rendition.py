"""The rendition of a picture: what models are sent and trainers see, whatever file it came in.

In: encoded bytes. Out: a `Rendition`, PNG or JPEG: upright, flattened onto white, 8-bit sRGB, one frame, and nothing in it but
the picture. Bytes that are such a rendition stay as they are. Where a PNG or JPEG only carries more than the picture (places,
names, previews, profiles that say sRGB), that is cut out and the compressed pixels are kept. All else becomes a PNG, in which no
pixel is lost a second time.
"""

import hashlib
import io
from dataclasses import dataclass

from pipeline.storage.pictures.opening import UNREADABLE, opened
from pipeline.storage.pictures.pixels import seen
from pipeline.storage.pictures.stripping import strip_jpeg, strip_png

RULES = 1
"""Counts the changes of what a rendition is; one made by other rules is made again."""


class Unreadable(OSError):
    """A picture cannot be decoded in full; the message says why, in Pillow's words."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """`data` is the rendition, `original` the bytes as they came: the same object where they are the rendition themselves.

    `width` and `height` in pixels and `format` (PNG, JPEG) are those of the rendition.
    """

    data: bytes
    original: bytes
    width: int
    height: int
    format: str

    @property
    def sha256(self) -> str:
        """The hash of the rendition's bytes."""
        return hashlib.sha256(self.data).hexdigest()


def render(original: bytes) -> Rendition:
    """The rendition of an encoded picture. Raises Unreadable when it does not decode in full."""
    try:
        with opened(original) as image:
            image.verify()  # checksums: `load` alone lets a PNG without its end pass
            form = image.format
        picture = seen(original)
        if picture.as_stored and form in ("PNG", "JPEG", "MPO"):
            kept = strip_png(original) if form == "PNG" else strip_jpeg(original)
            if kept is not None:
                return Rendition(kept, original, *picture.image.size, "PNG" if form == "PNG" else "JPEG")
        picture.image.info.clear()  # Pillow would carry profiles and EXIF over
        out = io.BytesIO()
        picture.image.save(out, "PNG")
        return Rendition(out.getvalue(), original, *picture.image.size, "PNG")
    except UNREADABLE as error:
        raise Unreadable(str(error)) from error
