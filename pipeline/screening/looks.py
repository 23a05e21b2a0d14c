"""What an image looks like, in a few bytes.

In: a picture's pixels. Out: an `ImageLook`, by which re-encoded and scaled copies are known.

The perceptual hash (ImageHash's `phash`, 64 bits of a cosine transform) sees no colour, so a thumbnail of 4 x 4 pixels stands
beside it: a red car and a blue one are two pictures.
"""

from dataclasses import dataclass

from PIL import Image, ImageStat

from pipeline.screening.needs import need

THUMB_SIDE = 4
COLOUR_WITHIN = 16  # levels of 255, in any channel of any pixel of the thumbnail


@dataclass(frozen=True, slots=True)
class ImageLook:
    """`phash`: 64 bits. `thumb`: RGB of 4 x 4 pixels, row by row. `contrast`: the greatest standard deviation of a channel, in
    levels of 0 to 255. `unsafe`: the image model's score from 0 to 1, None where it was not asked."""

    phash: int
    thumb: bytes
    contrast: float
    unsafe: float | None = None

    def is_like(self, other: "ImageLook", bits: int) -> bool:
        """True where the hashes differ in at most `bits` bits and the colours hardly."""
        return (self.phash ^ other.phash).bit_count() <= bits and all(
            abs(a - b) <= COLOUR_WITHIN for a, b in zip(self.thumb, other.thumb, strict=True)
        )


def look(pixels: Image.Image) -> ImageLook:
    """What these pixels look like. Raises MissingExtra when ImageHash is not installed. Safe to call from threads."""
    hashing = need("imagehash", "screens")
    rgb = pixels.convert("RGB")
    bits = hashing.phash(rgb).hash.flatten()
    phash = int("".join("1" if bit else "0" for bit in bits), 2)
    thumb = rgb.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX).tobytes()
    small = rgb.resize((64, 64), Image.Resampling.BOX) if max(rgb.size) > 64 else rgb
    return ImageLook(phash, thumb, max(ImageStat.Stat(small).stddev))
