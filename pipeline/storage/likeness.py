"""How far apart two stored images are, as somebody sees them who compares them part by part.

In: two images of a store, by hash. Out: a distance from 0 to 1. The images are divided into blocks of 8 pixels (64 to 256 blocks
along the longer side, of no less than 4 pixels); the distance is the largest difference between the mean brightness of two
blocks, or between the mean colour of two blocks of twice that size, as a share of the full range. Encoding a picture again at a
high quality, scaling it and back, or a little noise stays below 0.03; a change of something that can be seen is well above.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import opened
from pipeline.storage.pictures.pixels import upright_rgb
from pipeline.storage.pictures.upright import upright_size

BLOCK = 8  # pixels
SMALLEST = 4  # pixels of a block in a small image: a JPEG's colours, two pixels wide, must not show as a change
LEAST, MOST = 64, 256  # blocks along the longer side
SAME_SHAPE = 0.02  # the greatest relative difference between the aspect ratios of two images that are compared
_REMEMBERED = 256  # signatures; a reference is compared with every image that is made from it

Blocks = npt.NDArray[np.int16]
Signature = tuple[Blocks, Blocks]


@dataclass(frozen=True)
class StoreComparer:
    """Compares images of `store`."""

    store: ImageStore

    async def distance(self, image: str, other: str) -> float:
        """From 0 (the same pixels) to 1. Images of another shape are 1 apart. Raises OSError where one cannot be read."""
        return 0.0 if image == other else await asyncio.to_thread(self._distance, image, other)

    def _distance(self, image: str, other: str) -> float:
        size, (width, height) = _size(self.store, image), _size(self.store, other)
        if abs(size[0] * height / (size[1] * width) - 1) > SAME_SHAPE:
            return 1.0
        # blocks of the smaller one's pixels: enlarging adds nothing that could be compared
        size = min(size, (width, height))
        pairs = zip(_signature(self.store, image, size), _signature(self.store, other, size), strict=True)
        return max(float(np.abs(a - b).max()) for a, b in pairs) / 255


@lru_cache(_REMEMBERED)
def _size(store: ImageStore, sha256: str) -> tuple[int, int]:
    with opened(store.get(sha256)) as image:
        return upright_size(image)


@lru_cache(_REMEMBERED)
def _signature(store: ImageStore, sha256: str, size: tuple[int, int]) -> Signature:
    """Of the image at `size` (pixels): mean brightness by blocks, and mean colour by blocks of twice the size."""
    pixels = upright_rgb(store.get(sha256))
    if pixels.size != size:
        pixels = pixels.resize(size, Image.Resampling.LANCZOS)
    longer = max(size)
    blocks = min(MOST, max(LEAST, longer // BLOCK), max(2, longer // SMALLEST))
    grid = (max(2, round(size[0] * blocks / longer)), max(2, round(size[1] * blocks / longer)))
    parts = pixels.convert("YCbCr")
    brightness = np.asarray(parts.resize(grid, Image.Resampling.BOX))[..., 0]
    colour = np.asarray(parts.resize((grid[0] // 2, grid[1] // 2), Image.Resampling.BOX))[..., 1:]
    return brightness.astype(np.int16), colour.astype(np.int16)
