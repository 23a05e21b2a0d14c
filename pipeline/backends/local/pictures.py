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
    import cv2  # here: who only checks a manifest should not load it
    import numpy as np

    # Pillow's encoder takes seven times as long, and holds the interpreter's lock, for which the thread that computes would wait
    good, encoded = cv2.imencode(".png", cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR))
    if not good:
        raise OSError(f"a picture of {picture.width} x {picture.height} cannot be written as PNG")
    return store.put(encoded.tobytes())


def pixels_of(images: Any) -> list[Any]:
    """Pictures as arrays of shape (height, width, 3), for `picture_of`.

    `images`: such arrays already, or a tensor of shape (count, 3, height, width) of floats from 0 to 1. Its values become whole
    numbers from 0 to 255 on its device, unless some are not finite: then they are kept, so that the picture at fault shows.
    """
    import torch  # here: not every model in this process is of torch

    if not isinstance(images, torch.Tensor):
        return list(images)
    rows = images.float().permute(0, 2, 3, 1)
    if torch.isfinite(rows).all():
        rows = (rows.clamp(0, 1) * 255).round().to(torch.uint8)
    return list(rows.cpu().numpy())


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
