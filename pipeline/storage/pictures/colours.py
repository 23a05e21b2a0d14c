"""Converts the colours of a picture to sRGB, as the profile that it carries, or a PNG's colour chunks, say they are meant.

In: colours without alpha, and what the file says of them. Out: 8-bit sRGB. A profile that is broken, larger than `MOST_PROFILE`, or
for colours of another kind is ignored, as is one that says sRGB: then grey and RGB are taken as sRGB, and CMYK as inks that
absorb what they should, (1 - C)(1 - K). Transfer functions of high dynamic range are not converted.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from pipeline.storage.pictures.opening import UNREADABLE

MOST_PROFILE = 4 << 20
"""Bytes of a profile that is heeded; those of presses have 2 MiB."""
_AT_ONCE = 1 << 20  # pixels that are converted in floating point
_SAME = 2  # levels of 255 by which a profile may differ from sRGB and still say sRGB: they do so by rounding
_LINEAR_SLOPE, _KNEE = 12.92, 0.0031308
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_REC_2020 = (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
_NEAR = 0.005  # by which chromaticities may differ from those of sRGB and be meant as them
_USUAL_GAMMA, _THRESHOLD = (
    1 / 2.2,
    0.05,
)  # of PNG; nearer to it than this share it is sRGB's own curve, as libpng has it
_CICP_PRIMARIES: Mapping[int, tuple[float, ...] | None] = {1: None, 9: _REC_2020, 12: _P3}
_CICP_EXPONENTS: Mapping[int, float | None] = {13: None, 4: 2.2, 5: 2.8, 8: 1.0}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
Colours = Image.Image | np.ndarray
"""Grey, RGB or CMYK as an 8-bit image, or grey or RGB as an array of 16 bits, height by width by channels."""


@dataclass(frozen=True)
class LightSpace:
    """What colour chunks of a PNG say. `exponent`: from a value to light, None for sRGB's curve; `primaries`: x and y of white,
    red, green and blue, None for those of sRGB.
    """

    exponent: float | None
    primaries: tuple[float, ...] | None


Space = bytes | LightSpace
"""An ICC profile, or what colour chunks say."""


def space_of(image: Image.Image, cicp: bytes | None = None) -> Space | None:
    """What the file of `image` says of its colours; None for sRGB. `cicp` is the content of a PNG's chunk of that name."""
    if cicp is not None and len(cicp) == 4 and cicp[0] in _CICP_PRIMARIES and cicp[1] in _CICP_EXPONENTS:
        primaries, exponent = _CICP_PRIMARIES[cicp[0]], _CICP_EXPONENTS[cicp[1]]
        return None if primaries is None and exponent is None else LightSpace(exponent, primaries)
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        return profile if len(profile) <= MOST_PROFILE else None
    return None if "srgb" in image.info or image.format != "PNG" else _png_space(image.info)


def _png_space(info: Mapping[Any, Any]) -> LightSpace | None:
    gamma, primaries = info.get("gamma"), info.get("chromaticity")
    if primaries is not None and max(abs(a - b) for a, b in zip(primaries, _SRGB, strict=True)) <= _NEAR:
        primaries = None
    if primaries is not None and (_to_srgb_light(primaries) is None):
        primaries = None
    if gamma is None or not 0.1 <= gamma <= 10 or (primaries is None and abs(gamma / _USUAL_GAMMA - 1) <= _THRESHOLD):
        gamma = None
    return None if gamma is None and primaries is None else LightSpace(None if gamma is None else 1 / gamma, primaries)


def in_srgb(colours: Colours, space: Space | None) -> Image.Image:
    """The colours as an RGB image of 8 bits."""
    if isinstance(space, LightSpace) and not (isinstance(colours, Image.Image) and colours.mode == "CMYK"):
        return _from_light(colours, space)
    image = colours if isinstance(colours, Image.Image) else _eight_bits(colours)
    transform = _transform(space, image.mode) if isinstance(space, bytes) else None
    return image.convert("RGB") if transform is None else ImageCms.applyTransform(image, transform) or image


def says_srgb(profile: bytes) -> bool:
    """True for a profile that leaves RGB as it is, or cannot be heeded."""
    return _transform(profile, "RGB") is None


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from `profile` to sRGB; None where it leads nowhere, or nowhere else."""
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        way = ImageCms.buildTransform(meant, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode != "RGB":
            return way
        probe = _probe()
        there = ImageCms.applyTransform(probe, way) or probe
    except (*UNREADABLE, ImageCms.PyCMSError):
        return None
    return way if np.abs(np.asarray(there, np.int16) - np.asarray(probe, np.int16)).max() > _SAME else None


def _probe() -> Image.Image:
    """Colours from all over the cube."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    return Image.fromarray(cube.reshape(27, 27, 3))


def _eight_bits(fine: np.ndarray) -> Image.Image:
    values = np.rint(fine / 257).astype(np.uint8)
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def _from_light(colours: Colours, space: LightSpace) -> Image.Image:
    if isinstance(colours, Image.Image):
        fine, most = np.asarray(colours if colours.mode == "L" else colours.convert("RGB")), 255
        fine = fine[..., None] if fine.ndim == 2 else fine
    else:
        fine, most = colours, 65535
    curve = _light(np.arange(most + 1, dtype=np.float32) / most, space.exponent).astype(np.float32)
    matrix = None if space.primaries is None else _to_srgb_light(space.primaries)
    if matrix is None or fine.shape[-1] == 1:  # grey has the colour of white, in any primaries
        values = _encoded(curve)[fine]
    else:
        rows = max(1, _AT_ONCE // fine.shape[1])  # all of a large picture would take some gigabytes
        bands = [fine[start : start + rows] for start in range(0, len(fine), rows)]
        values = np.concatenate([_encoded(curve[band] @ matrix.T.astype(np.float32)) for band in bands])
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values).convert("RGB")


def _light(values: np.ndarray, exponent: float | None) -> np.ndarray:
    if exponent is not None:
        return np.asarray(values**exponent)
    return np.where(values <= _KNEE * _LINEAR_SLOPE, values / _LINEAR_SLOPE, ((values + 0.055) / 1.055) ** 2.4)


def _encoded(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    values = np.where(light <= _KNEE, light * _LINEAR_SLOPE, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(values * 255).astype(np.uint8))


def _to_srgb_light(primaries: tuple[float, ...]) -> np.ndarray | None:
    """The matrix from light in these primaries to light in those of sRGB; None where they span no colours."""
    there, back = _to_xyz(primaries), _to_xyz(_SRGB)
    if there is None or back is None:
        return None
    with np.errstate(all="ignore"):  # a file may say anything: what is not finite is not heeded
        white, ours = _BRADFORD @ there.sum(axis=1), _BRADFORD @ back.sum(axis=1)
        adapted = np.linalg.inv(_BRADFORD) @ np.diag(ours / white) @ _BRADFORD
        matrix = np.linalg.inv(back) @ adapted @ there
    return np.asarray(matrix) if np.isfinite(matrix).all() else None


def _to_xyz(primaries: tuple[float, ...]) -> np.ndarray | None:
    x, y = np.array(primaries[::2], float), np.array(primaries[1::2], float)
    if not (y > 0).all():
        return None
    corners = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    if abs(np.linalg.det(corners[:, 1:])) < 1e-6:
        return None
    return np.asarray(corners[:, 1:] * np.linalg.solve(corners[:, 1:], corners[:, 0]))
