"""Images of a row, decoded when they are asked for.

In: an `ImageCell`, the encoded image as it lies in the shard. Out: a PIL image, or a NumPy array; the pixels are the same.
"""

from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from training.loader.problem import LoaderProblem
from training.row import ImageCell

# Loaders have a process a core as it is: threads inside of each would only wait for one another.
_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def as_array(cell: ImageCell) -> Any:
    """The image as uint8, height x width x 3, RGB; transparency is left out. Raises LoaderProblem for what is no image."""
    pixels = cv2.imdecode(np.frombuffer(_bytes(cell), np.uint8), _FLAGS)
    if pixels is None:
        raise LoaderProblem(
            f"{cell.path}: these {len(cell.bytes)} bytes are no image; `x2i verify` checks a whole output"
        )
    return pixels


def as_picture(cell: ImageCell) -> Image.Image:
    """The image as PIL has it, RGB. Raises LoaderProblem for what is no image."""
    try:
        return Image.open(BytesIO(_bytes(cell))).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise LoaderProblem(f"{cell.path}: no image: {error}; `x2i verify` checks a whole output") from None


def _bytes(cell: ImageCell) -> bytes:
    if not cell.bytes:
        raise LoaderProblem(f"{cell.path}: read without its bytes; iterate over the data set, not over iter_text()")
    return cell.bytes
