"""How far apart two pictures are: the same picture in another encoding is near, a change that can be seen is not."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from stages.policy import Policy

LIMIT = Policy().unchanged_within


def png(image: Image.Image) -> bytes:
    return encoded(image, "PNG", compress_level=1)


def encoded(image: Image.Image, form: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def drawing(size=(512, 512)) -> Image.Image:
    rng = np.random.default_rng(1)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(20):
        x, y, r = (int(v) for v in (rng.integers(size[0]), rng.integers(size[1]), rng.integers(10, size[0] // 6)))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    return image


def photo(size=(512, 512)) -> Image.Image:
    rng = np.random.default_rng(2)
    coarse = Image.fromarray(rng.integers(60, 200, (24, 24, 3)).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return Image.fromarray(
        np.clip(np.asarray(coarse) + rng.normal(0, 5, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    )


def distance(tmp_path, one: bytes, other: bytes) -> float:
    store = ImageStore(str(tmp_path))
    names = [store.put(data).sha256 for data in (one, other)]
    return asyncio.run(StoreComparer(store).distance(*names))


def noisy(image: Image.Image) -> Image.Image:
    rng = np.random.default_rng(3)
    pixels = np.asarray(image) + rng.normal(0, 3, np.asarray(image).shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


SAME = {
    "compressed otherwise": lambda i: encoded(i, "PNG", compress_level=9),
    "JPEG 95": lambda i: encoded(i, "JPEG", quality=95),
    "JPEG 90": lambda i: encoded(i, "JPEG", quality=90),
    "WebP 90": lambda i: encoded(i, "WEBP", quality=90),
    "noise": lambda i: png(noisy(i)),
    "twice the size": lambda i: png(scaled(i, 2)),
    "scaled down and back": lambda i: png(scaled(i, 0.75).resize(i.size, Image.Resampling.LANCZOS)),
    "a few pixels wider": lambda i: png(i.resize((i.width + 4, i.height), Image.Resampling.LANCZOS)),
}


@pytest.mark.parametrize("change", SAME)
@pytest.mark.parametrize("picture", [drawing, photo])
@pytest.mark.parametrize("size", [(512, 512), (1024, 768)])
def test_the_same_picture_again_is_unchanged(tmp_path, picture, size, change):
    image = picture(size)
    assert distance(tmp_path, png(image), SAME[change](image)) <= LIMIT


def test_equal_bytes_are_no_distance_apart(tmp_path):
    assert distance(tmp_path, png(drawing()), png(drawing())) == 0.0


def with_dot(image: Image.Image, radius: int) -> Image.Image:
    changed = image.copy()
    x, y = image.width // 2, image.height // 2
    ImageDraw.Draw(changed).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(230, 20, 20))
    return changed


def lettered(image: Image.Image, text: str) -> Image.Image:
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    draw.rectangle((40, 40, 200, 90), fill="white")
    draw.text((50, 50), text, fill="black", font_size=20)
    return changed


CHANGES = {
    "a small dot": lambda i: (i, with_dot(i, 8)),
    "a letter": lambda i: (lettered(i, "SALE 8"), lettered(i, "SALE 3")),
    "a darker part": lambda i: (i, darker_part(i)),
    "mirrored": lambda i: (i, i.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "grey": lambda i: (i, i.convert("L").convert("RGB")),
    "brighter as a whole": lambda i: (i, i.point(lambda v: min(255, v + 20))),
    "moved by ten pixels": lambda i: (i, Image.fromarray(np.roll(np.asarray(i), 10, 1))),
    "strongly blurred": lambda i: (i, i.filter(ImageFilter.GaussianBlur(12))),
    "of another shape": lambda i: (i, i.resize((i.width, i.height * 9 // 10))),
}


def darker_part(image: Image.Image) -> Image.Image:
    changed = image.copy()
    box = (100, 100, 160, 160)
    changed.paste(image.crop(box).point(lambda v: v * 8 // 10), box)
    return changed


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("picture", [drawing, photo])
@pytest.mark.parametrize("size", [(512, 512), (1024, 768)])
def test_a_change_that_can_be_seen_is_a_change(tmp_path, picture, size, change):
    before, after = CHANGES[change](picture(size))
    assert distance(tmp_path, png(before), png(after)) > LIMIT


@pytest.mark.parametrize(
    ("form", "options"),
    [("JPEG", {"quality": 95}), ("JPEG", {"quality": 90, "subsampling": 0}), ("WEBP", {"quality": 90})],
)
def test_a_small_picture_encoded_again_is_the_same(tmp_path, form, options):
    image = drawing((128, 128))
    assert distance(tmp_path, png(image), encoded(image, form, **options)) <= LIMIT


def test_a_small_change_of_a_small_picture_is_one(tmp_path):
    image = drawing((128, 128))
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((60, 60, 67, 67), fill="red")
    assert distance(tmp_path, png(image), png(changed)) > 3 * LIMIT
