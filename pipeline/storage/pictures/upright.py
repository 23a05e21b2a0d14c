"""Which way up a picture is, as its EXIF orientation says, where that can be read.

In: an opened Pillow image. Out: the turn that shows it as a person would see it. Pictures from the web often carry broken EXIF
data: it is ignored, because it must not stop a build after all its calls are paid for.
"""

from PIL import Image
from PIL.Image import Transpose

from pipeline.storage.pictures.opening import UNREADABLE

_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SIDEWAYS = (Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90)


def turn_of(image: Image.Image) -> Transpose | None:
    """The turn that puts `image` upright; None where it is so, or has no orientation that can be read."""
    try:
        orientation: object = image.getexif().get(_ORIENTATION)
        return _TURNS.get(orientation) if isinstance(orientation, int) else None
    except UNREADABLE:
        return None


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of `image` once it is upright."""
    return (image.height, image.width) if turn_of(image) in _SIDEWAYS else (image.width, image.height)
