"""The rendition of a picture: what models are sent and trainers see, whatever file it came in.

In: encoded bytes. Out: a `Rendition`, PNG or JPEG: upright, flattened onto white, 8-bit sRGB, one frame, and nothing in it but
the picture. Bytes that are such a rendition stay as they are. Where a PNG or JPEG only carries more than the picture (places,
names, previews, profiles that say sRGB), that is cut out and the compressed pixels are kept. All else becomes a PNG, in which no
pixel is lost a second time.
"""

import io
from dataclasses import dataclass

from PIL import Image

from pipeline.storage.pictures.opening import UNREADABLE, opened
from pipeline.storage.pictures.stripping import strip_jpeg, strip_png

RULES = 1
"""Counts the changes of what a rendition is; one made by other rules is made again."""


class Undecodable(OSError):
    """A picture cannot be decoded in full; the message says why, in Pillow's words."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """`original` are the bytes as they came; `width` and `height` in pixels and `format` (PNG, JPEG) are those of the rendition.

    `kept` is its file where the compressed pixels stay as they are, the same object as `original` where nothing is cut out; None
    where `pixels` (RGB) are to be encoded.
    """

    original: bytes
    width: int
    height: int
    format: str
    kept: bytes | None
    pixels: Image.Image

    @property
    def data(self) -> bytes:
        """The file of the rendition. Encoding takes by far the most of a rendition's time, so it waits until it is asked for."""
        if self.kept is not None:
            return self.kept
        out = io.BytesIO()
        self.pixels.save(out, "PNG")
        return out.getvalue()


def render(original: bytes) -> Rendition:
    """The rendition of an encoded picture. Raises Undecodable when it does not decode in full."""
    # here: numpy takes a tenth of a second, and most who name a store make no rendition
    from pipeline.storage.pictures.pixels import seen

    try:
        with opened(original) as image:
            image.verify()  # checksums: `load` alone lets a PNG without its end pass
            form = image.format
        shown = seen(original)
        kept = _kept(original, form) if shown.as_stored else None
    except UNREADABLE as error:
        raise Undecodable(str(error)) from error
    shown.image.info.clear()  # Pillow would carry profiles and EXIF over
    return Rendition(original, *shown.image.size, "JPEG" if kept and form != "PNG" else "PNG", kept, shown.image)


def _kept(original: bytes, form: str | None) -> bytes | None:
    """The file with nothing but its picture, the pixels compressed as they are; None where it is neither PNG nor JPEG."""
    if form == "PNG":
        return strip_png(original)
    return strip_jpeg(original) if form in ("JPEG", "MPO") else None
