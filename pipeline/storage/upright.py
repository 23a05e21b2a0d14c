"""Turns a picture as its EXIF orientation says, where that can be read.

In: an opened Pillow image. Out: the image as a person would see it. Pictures from the web often carry broken EXIF data: it is
ignored, because it must not stop a build after all its calls are paid for.
"""

import struct

from PIL import Image, ImageOps

_BROKEN = (SyntaxError, ValueError, TypeError, LookupError, OSError, EOFError, OverflowError, struct.error)
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION = 0x0112


def upright(image: Image.Image) -> Image.Image:
    """`image` turned upright; unchanged where it has no orientation that can be read."""
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:
        return image


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height of `image` once it is upright, without decoding it."""
    try:
        sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except _BROKEN:
        sideways = False
    return (image.height, image.width) if sideways else (image.width, image.height)
