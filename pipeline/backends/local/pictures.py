"""Pictures between the store and a model in this process.

In: references to stored images, or what a model drew. Out: Pillow images, RGB; references to new images, stored as PNG. What is no
picture (numbers that are none, a black square in place of one that was withheld) raises the error that says so.
"""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed, Refused
from stages.records import ImageRef

WITHHELD = "the image was withheld by the model's safety checker"


def opened_pictures(store: ImageStore, refs: Sequence[ImageRef]) -> list[Image.Image]:
    """The pixels of stored images, in order. Raises OSError when one is gone or damaged."""
    return [Image.open(io.BytesIO(store.get(ref.sha256))).convert("RGB") for ref in refs]


def kept_picture(store: ImageStore, picture: Image.Image) -> ImageRef:
    """Store a picture as PNG; its pixels stay as they are. Raises OSError on a failed write."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "PNG")
    return store.put(out.getvalue())


def picture_of(values: Any, withheld: bool = False) -> Image.Image:
    """A picture from an array of shape (height, width, 3): floats from 0 to 1, or whole numbers from 0 to 255.

    `withheld`: the model says that it holds the picture back. Raises Refused for such a picture, Malformed where values are no
    finite numbers or there is no picture at all.
    """
    import numpy as np  # here: who only checks a manifest should not load it

    if withheld:
        raise Refused(WITHHELD)
    array = np.asarray(values)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise Malformed("", f"the model drew no picture: an array of shape {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            raise Malformed("", "the model drew no picture: its values are not finite (NaN); try another dtype")
        array = (array.clip(0, 1) * 255).round()
    return Image.fromarray(array.astype("uint8"), "RGB")


def is_black(picture: Image.Image) -> bool:
    """True where every pixel is black: what several safety checkers, and overflows in half precision, leave of a picture."""
    return picture.convert("RGB").getbbox() is None
