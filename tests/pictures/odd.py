"""Odd picture files, made here, with the pixels that a person sees in each: known from how it was made, not from a decoder."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

SIZE = WIDTH, HEIGHT = 48, 32
LOSSY = 6  # levels of 255 that a JPEG of a smooth picture may be off


class Odd(NamedTuple):
    """A file, the sRGB levels that are seen in it, and by how many it may be off."""

    data: bytes
    pixels: np.ndarray
    tolerance: int = 0


def scene(deep: bool = False) -> np.ndarray:
    """A smooth picture that looks different from every side and lies within all gamuts."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    values = np.stack([90 + x * 5 // 2, 100 + y * 3, 180 - x - y], -1)
    return (values * 257 + (x * 3 + y)[..., None]).astype(np.uint16) if deep else values.astype(np.uint8)


SCENE = scene()
GREY = SCENE[..., 0]
ALPHA = np.repeat(np.linspace(0, 255, HEIGHT).round().astype(np.uint8)[:, None], WIDTH, 1)
HALF = np.where(np.arange(HEIGHT)[:, None, None] < HEIGHT // 2, 255, 0) * np.ones((1, WIDTH, 1), int)


def on_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return np.rint(pixels * share + 255 * (1 - share))


def three(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, -1)


def saved(pixels: np.ndarray | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(pixels: np.ndarray | Image.Image = SCENE, **options: Any) -> bytes:
    options = {"quality": 97, **options}
    if not isinstance(pixels, Image.Image) and pixels.ndim == 3:
        options = {"subsampling": 0, **options}
    return saved(pixels, "JPEG", **options)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    pixels: np.ndarray, colour: int, depth: int, *before: bytes, after: bytes = b"", size: tuple[int, int] = SIZE
) -> bytes:
    """A PNG by hand; `pixels` are bytes or 16-bit values, rows first; packed already where depth is below 8."""
    raw = pixels.astype(">u2" if depth == 16 else np.uint8).reshape(len(pixels), -1)
    rows = b"".join(b"\0" + row.tobytes() for row in raw)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(before)
        + chunk(b"IDAT", zlib.compress(rows))
        + after
        + chunk(b"IEND", b"")
    )


def interlaced(pixels: np.ndarray, depth: int) -> bytes:
    """A PNG by hand whose pixels come in seven passes."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    values = pixels.astype(">u2" if depth == 16 else np.uint8)
    rows = [row for x, y, across, down in passes for row in values[y::down, x::across]]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *SIZE, depth, 2, 0, 0, 1))
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chromaticities(*values: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(v * 100_000) for v in values)))


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"a profile\0\0" + zlib.compress(profile))


def exif(orientation: int, place: bool = False) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    if place:
        tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.5)})
        tags[0x010E] = "SECRET PLACE"
    return tags.tobytes()


TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p),
    7: lambda p: np.rot90(p.swapaxes(0, 1), 2),
    8: lambda p: np.rot90(p, -1),
}
"""How a picture is stored that a viewer with this orientation sees upright."""


def stored(orientation: int, pixels: np.ndarray = SCENE) -> np.ndarray:
    return np.ascontiguousarray(TURNED[orientation](pixels))


def palette(transparent: int | None = None, **options: Any) -> tuple[Image.Image, np.ndarray]:
    """16 colours in stripes, and what is seen of them."""
    colours = np.array([((i * 53) % 256, (i * 97) % 256, (255 - i * 16) % 256) for i in range(16)], np.uint8)
    places = np.repeat((np.arange(WIDTH) // 3)[None], HEIGHT, 0).astype(np.uint8)
    image = Image.fromarray(places).convert("P")
    image.putdata(places.ravel().tolist())
    image.putpalette(colours.tobytes())
    pixels = colours[places].copy()
    if transparent is not None:
        pixels[places == transparent] = 255
    return image, pixels


def bmp(
    bits: int, raw: bytes, *, height: int = HEIGHT, compression: int = 0, extra: bytes = b"", colours: int = 0
) -> bytes:
    """A BMP by hand: 40 bytes of header, and what follows it."""
    start = 14 + 40 + len(extra)
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(raw), 2835, 2835, colours, 0)
    return b"BM" + struct.pack("<IHHI", start + len(raw), 0, 0, start) + head + extra + raw


def inks() -> tuple[np.ndarray, np.ndarray, list[tuple[int, ...]]]:
    """Patches of all 16 mixtures of full inks, with a colour chosen for each."""
    light = [
        (255, 255, 255),
        (240, 220, 60),
        (190, 50, 120),
        (200, 60, 50),
        (60, 150, 200),
        (50, 140, 80),
        (70, 60, 140),
    ]
    corners: list[tuple[int, ...]] = [(0, 0, 0)] * 16
    corners[:14:2] = light
    number = (np.arange(HEIGHT)[:, None] // 8) * 4 + np.arange(WIDTH)[None] // 12
    full = np.stack([(number >> bit & 1) * 255 for bit in (3, 2, 1, 0)], -1).astype(np.uint8)
    return full, np.array(corners)[number], corners


def mixture() -> np.ndarray:
    """A smooth picture in inks."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 3, y * 5, 120 - x, y], -1).astype(np.uint8)


def of_inks(cmyk: np.ndarray) -> np.ndarray:
    left = 1 - cmyk / 255
    return np.rint(255 * left[..., :3] * left[..., 3:])


def ycck() -> bytes:
    """Inks stored as Photoshop stores them: inverted, the first three as luma and chroma."""
    light = mixture()[..., :3].astype(float)  # inverted inks are the complement of light, and so is this
    luma = light @ [0.299, 0.587, 0.114]
    chroma = [128 + 0.564 * (light[..., 2] - luma), 128 + 0.713 * (light[..., 0] - luma)]
    written = np.rint(np.stack([luma, *chroma], -1)).clip(0, 255)
    planes = np.concatenate([255 - written, mixture()[..., 3:]], -1).astype(np.uint8)  # Pillow inverts as it writes
    data = jpeg(Image.frombytes("CMYK", SIZE, planes.tobytes()))
    marker = data.index(b"Adobe")
    return data[: marker + 11] + b"\x02" + data[marker + 12 :]


def animation(form: str, **options: Any) -> bytes:
    other = Image.fromarray(255 - SCENE)
    return saved(SCENE, form, save_all=True, append_images=[other], duration=50, **options)
