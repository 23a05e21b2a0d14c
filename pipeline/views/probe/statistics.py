"""Simple statistics of how two pictures were rendered, compared where both show the same.

In: the pixels of two pictures of one subject, as a trainer gets them. Out: by how much the second exceeds the first in each of the
`STATISTICS`, or None where they have too little in common. Only blocks count in which both show the same, and of their
differences the median: a thing that one of them lacks, or its shadow, changes nothing.
"""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BLOCK = 16  # pixels
COMMON = 12  # blocks: fewer say nothing
FAR, NEAR = 16.0, 4.0  # of 255: how far colours may be apart, as they are, and once a tint of the whole is taken off
SCALES = (0.0, 0.7, 1.4, 2.8)  # pixels: between two of them lies a band of spatial frequencies
BANDS = ("finest", "fine", "medium")
PLANES = ("brightness", "red", "blue")
_LEAST_SPREAD = 0.05  # of 255: below it there is no detail to speak of, and a logarithm would exaggerate

STATISTICS = (
    *(f"{band} detail of {plane}" for plane in PLANES for band in BANDS),
    *(f"noise of {plane} in calm places" for plane in PLANES),
    *(f"tint of {colour}" for colour in ("red", "green", "blue")),
    "likeness of neighbouring pixels",
)
"""What each number is, in the words of a report."""


def compare(one: Pixels, other: Pixels) -> Values | None:
    """What `other` has more of than `one`, both RGB (height, width, 3) of one size; None where fewer than `COMMON` blocks show the
    same.
    """
    tints = _means(other, BLOCK // 2) - _means(one, BLOCK // 2)
    common = _common_blocks(tints)
    if common.sum() < COMMON:
        return None
    planes = [cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb).astype(np.float32) for picture in (one, other)]
    details = [_details(picture) for picture in planes]
    more = [(b - a)[common] for a, b in zip(*details, strict=True)]
    values = [float(np.median(differences)) for differences in more]
    # the finest detail of calm blocks is noise alone
    for n in range(len(PLANES)):
        finest = n * len(BANDS)
        level = (details[0][finest] + details[1][finest])[common]
        values.append(float(np.median(more[finest][level <= np.quantile(level, 0.25)])))
    values += [float(v) for v in np.median((_means(other, BLOCK) - _means(one, BLOCK))[common], axis=0)]
    likeness = [_likeness(picture[..., 0]) for picture in planes]
    values.append(float(np.median((likeness[1] - likeness[0])[common])))
    return np.asarray(values)


def _common_blocks(tints: Plane) -> Mask:
    """The blocks in which both pictures show the same: their four quarters differ by no more than the picture as a whole does."""
    possible = np.abs(tints).max(axis=2) < FAR
    whole = np.median(tints[possible], axis=0) if possible.any() else np.zeros(3)
    alike = possible & (np.abs(tints - whole).max(axis=2) < NEAR)
    rows, columns = (side // 2 for side in alike.shape)
    common: Mask = alike[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).all(axis=(1, 3))
    return common


def _details(planes: Plane) -> list[Plane]:
    """For each plane and band how much detail each block has, as a logarithm."""
    details = []
    for n in range(len(PLANES)):
        plane = np.ascontiguousarray(planes[..., n])
        smoothed = [plane if scale == 0 else cv2.GaussianBlur(plane, (0, 0), scale) for scale in SCALES]
        for finer, coarser in pairwise(smoothed):
            spread: Plane = np.sqrt(_means((finer - coarser)[..., None] ** 2, BLOCK)[..., 0])
            details.append(np.log(spread + _LEAST_SPREAD))
    return details


def _likeness(plane: Plane) -> Plane:
    """How much the finest detail of each block resembles itself one pixel on: noise of a sensor does not, a decoder's does."""
    detail = plane - cv2.GaussianBlur(plane, (0, 0), SCALES[1])
    products = np.zeros_like(detail)
    products[:, :-1] = detail[:, :-1] * detail[:, 1:]
    likeness: Plane = (_means(products[..., None], BLOCK) / (_means(detail[..., None] ** 2, BLOCK) + 0.01))[..., 0]
    return likeness


def _means(planes: npt.NDArray[np.generic], side: int) -> Plane:
    """The means of (height, width, n) over blocks of `side` pixels; what does not fill a block is left out."""
    rows, columns = planes.shape[0] // side, planes.shape[1] // side
    blocks = planes[: rows * side, : columns * side].reshape(rows, side, columns, side, -1)
    means: Plane = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
