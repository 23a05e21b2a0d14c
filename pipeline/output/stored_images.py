"""Are the images in the store, undamaged, and what does the trained view of each look like?

In: a store, hashes of images, and which of them rows hold. Out: per image the sha256 of its view made again, or what is wrong with
it, in words. A rendition must show what the file shows that it was made of. Runs in worker processes; a store that cannot be read
is an answer, not an error.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.output.problem import one_line
from pipeline.output.view import ViewSpec, encode
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE
from pipeline.storage.pictures.pixels import upright_rgb

_ROUNDING = 2  # levels of 255 by which another version of a decoder may differ
UNOPENABLE = (ImportError, OSError, ValueError, RuntimeError)  # fsspec: a protocol without its package, or unknown


class StoredImage(NamedTuple):
    """An image to be examined; `came_as` names the file that it is the rendition of, where that is to be compared."""

    sha256: str
    viewed: bool
    came_as: str | None


@dataclass(frozen=True, slots=True)
class ExaminedImage:
    """One of them: `view` is the sha256 of its trained view, None where no row holds one; `problem` says what is wrong with it."""

    sha256: str
    view: str | None = None
    problem: str | None = None


def store_problem(root: str) -> str | None:
    """Why the store cannot be opened; None when it can."""
    try:
        ImageStore(root).path("")
    except UNOPENABLE as error:
        return f"the store {root} cannot be opened ({one_line(error)})"
    return None


def examine_images(images: Sequence[StoredImage], root: str, spec: ViewSpec) -> list[ExaminedImage]:
    """Read each of `images`."""
    store = ImageStore(root)
    return [_examine(stored, store, spec) for stored in images]


def _examine(stored: StoredImage, store: ImageStore, spec: ViewSpec) -> ExaminedImage:
    sha256 = stored.sha256
    try:
        data = store.get(sha256)
        view = hashlib.sha256(encode(data, spec)).hexdigest() if stored.viewed else None
    except FileNotFoundError:
        return ExaminedImage(sha256, problem=f"image {sha256[:16]} is not in the store {store.root}")
    except (*UNREADABLE, ImportError, RuntimeError) as error:
        return ExaminedImage(sha256, problem=f"image {sha256[:16]} cannot be read from the store ({one_line(error)})")
    return ExaminedImage(sha256, view, None if stored.came_as is None else _difference(data, stored.came_as, store))


def _difference(rendition: bytes, came_as: str, store: ImageStore) -> str | None:
    """What is wrong with a rendition, read against the file that it was made of."""
    name = f"image {came_as[:16]}, as it came,"
    try:
        original = store.get(came_as)
        one, other = (np.asarray(upright_rgb(data), np.int16) for data in (original, rendition))
    except FileNotFoundError:
        return f"{name} is not in the store {store.root}"
    except (*UNREADABLE, ImportError, RuntimeError) as error:
        return f"{name} cannot be read from the store ({one_line(error)})"
    same = one.shape == other.shape and np.abs(one - other).max() <= _ROUNDING
    return None if same else f"{name} does not show what its rendition shows"
