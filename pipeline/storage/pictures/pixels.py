"""The pixels of a picture as a person sees it: upright, on white, 8-bit sRGB. Whoever shows a picture shows these.

In: encoded bytes, or an opened image. Out: an RGB image. Of an animation the first frame counts, or the picture that the file
shows where nothing moves. Transparency goes onto white after the colours were converted, as in a browser; 16-bit values are scaled.
"""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from pipeline.storage.pictures.colours import Colours, Space, in_srgb, says_srgb, space_of
from pipeline.storage.pictures.opening import opened
from pipeline.storage.pictures.stripping import png_parts
from pipeline.storage.pictures.upright import turn_of

_DEPTH = 24  # where a PNG says the bits of a channel
_FINE = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
"""How Pillow reads the upper bytes of 16-bit colours, and how it reads the lower ones."""


class Shown(NamedTuple):
    """`image` is RGB. `as_stored`: its pixels are just those that the file holds, under no profile."""

    image: Image.Image
    as_stored: bool


class _Planes(NamedTuple):
    colours: Colours
    alpha: Image.Image | None


def seen(data: bytes) -> Shown:
    """The picture in `data`. Raises one of `pipeline.storage.pictures.opening.UNREADABLE`."""
    with opened(data) as image:
        tiles = image.tile if isinstance(image, PngImageFile) else ()
        fine_mode = _FINE.get(str(tiles[0].args)) if tiles else None
        image.load()
        return _seen(image, data, fine_mode)


def upright_rgb(data: bytes, side: int | None = None) -> Image.Image:
    """The picture in `data`; with `side` it may come smaller, though not than that. Raises as `seen`."""
    if side is None:
        return seen(data).image
    with opened(data) as image:
        image.draft("RGB", (side, side))
        image.load()
        return _seen(image, data, None).image


def _seen(image: Image.Image, data: bytes, fine_mode: str | None) -> Shown:
    turn = turn_of(image)
    space = space_of(image, _cicp(data) if image.format == "PNG" else None)
    if isinstance(space, bytes) and image.mode == "RGB" and says_srgb(space):
        space = None
    if image.mode == "RGB" and not image.has_transparency_data and (turn, space, fine_mode) == (None, None, None):
        return Shown(image, True)
    planes = _planes(image, data, fine_mode)
    flat = _on_white(planes, space)
    return Shown(flat if turn is None else flat.transpose(turn), False)


def _cicp(data: bytes) -> bytes | None:
    return next((data[start + 8 : end - 4] for kind, start, end in png_parts(data) if kind == b"cICP"), None)


def _on_white(planes: _Planes, space: Space | None) -> Image.Image:
    flat = in_srgb(planes.colours, space)
    if planes.alpha is None:
        return flat
    return Image.composite(flat, Image.new("RGB", flat.size, "white"), planes.alpha)


def _planes(image: Image.Image, data: bytes, fine_mode: str | None) -> _Planes:
    """Colours and alpha apart, in any mode that a file is read in."""
    key = image.info.get("transparency")
    if image.mode.startswith("I"):
        fine = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., None]
        return _Planes(fine, _where_not(fine, (key,)) if isinstance(key, int) else None)
    if fine_mode is not None:
        fine = _with_lower_bytes(image, data, fine_mode)
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        return _Planes(fine, _where_not(fine, key) if isinstance(key, tuple) else alpha)
    if image.mode in ("1", "L"):
        grey = image.convert("L")
        return _Planes(
            grey, _where_not(np.asarray(grey)[..., None], (_grey_key(key, data),)) if isinstance(key, int) else None
        )
    if image.mode == "RGB" and isinstance(key, tuple):
        return _Planes(image, _where_not(np.asarray(image), key))
    if image.mode == "LA":
        return _Planes(image.getchannel("L"), image.getchannel("A"))
    if image.mode == "CMYK":
        return _Planes(image, None)
    if not image.has_transparency_data:
        return _Planes(image.convert("RGB"), None)
    layer = image.convert("RGBA")
    return _Planes(layer.convert("RGB"), layer.getchannel("A"))


def _grey_key(key: int, data: bytes) -> int:
    """The transparent grey, which a PNG counts in its own levels and Pillow reads as it is."""
    depth = data[_DEPTH] if data[1:4] == b"PNG" else 8
    return key * 255 // (2**depth - 1) if 1 < depth < 8 else key


def _where_not(values: np.ndarray, key: tuple[int, ...]) -> Image.Image:
    """Opaque where the value is not `key`, of which a PNG's reader looks at all the bits that it stores."""
    return Image.fromarray(np.where((values == np.array(key)).all(axis=-1), 0, 255).astype(np.uint8))


def _with_lower_bytes(image: Image.Image, data: bytes, fine_mode: str) -> np.ndarray:
    """The 16-bit colours of `image`, which holds the upper bytes: Pillow has no mode for them."""
    with PngImageFile(io.BytesIO(data)) as again:
        again.tile = [tile._replace(args=fine_mode) for tile in again.tile]
        again.load()
        lower = np.asarray(again.convert("RGB"), np.uint16)
    return np.asarray((np.asarray(image.convert("RGB"), np.uint16) << 8) | lower)
