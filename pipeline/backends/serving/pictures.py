"""The pictures that come with a request: what they are by their heads, before anybody decodes them.

In: encoded bytes. Out: their references, or a `RequestProblem` that says which of them is not taken, and why.
"""

import struct
import warnings
from collections.abc import Sequence

from PIL import Image

from pipeline.backends.serving.limits import FORMATS, MOST_IMAGE_PIXELS, MOST_IMAGES
from pipeline.backends.serving.problems import invalid
from pipeline.storage.image_store import describe
from stages.records import ImageRef


def inspect_all(images: Sequence[bytes]) -> list[ImageRef]:
    """Hash, size and format of each. Raises RequestProblem where one is not taken, or where there are too many."""
    if len(images) > MOST_IMAGES:
        raise invalid(f"there are {len(images)} images; at most {MOST_IMAGES} are taken", "image")
    return [_inspect(data, n) for n, data in enumerate(images, 1)]


def _inspect(data: bytes, number: int) -> ImageRef:
    try:
        with warnings.catch_warnings(action="ignore"):  # of its size, which is checked below
            image = describe(data)
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, struct.error) as error:
        raise invalid(f"image {number} cannot be read: {error}", "image") from error
    except Image.DecompressionBombError as error:
        raise invalid(_too_large(number), "image") from error
    if image.format not in FORMATS:
        raise invalid(f"image {number} is {image.format or 'of no known format'}; send {', '.join(FORMATS)}", "image")
    if image.width * image.height > MOST_IMAGE_PIXELS:
        raise invalid(_too_large(number), "image")
    return image


def _too_large(number: int) -> str:
    return f"image {number} has more than {MOST_IMAGE_PIXELS:,} pixels (4096x4096)"
