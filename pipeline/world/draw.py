"""Scenes to pixels. In: a scene, a size, and a random generator for the sensor (None: no noise). Out: RGB or PNG bytes.

Every shape is a polygon within the unit circle, filled at four times the resolution and averaged down.
The PNG carries no metadata, and its noise is as strong on good images as on bad ones: a file's size tells nothing.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.world.scene import BACKGROUNDS, COLOURS, PLAIN, SIZES, Scene, Thing, centre, position

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[Any]
OVERSAMPLE = 4
TEXTURE_PERIOD = 0.05
STREAK_LENGTH, STREAK_WIDTH = 0.17, 0.012
NOISE = (2.0, 4.0)


def _polar(radii: tuple[float, ...], turn: float = -90.0) -> Floats:
    angles = np.radians(turn + 360.0 * np.arange(len(radii)) / len(radii))
    points: Floats = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]
    return points


def _heart() -> Floats:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x / 17, y / 17 - 0.08], axis=1)


def _crescent() -> Floats:
    outer = np.radians(np.linspace(50, 310, 48))
    inner = np.radians(np.linspace(292, 68, 40))
    rim = np.stack([np.cos(outer), np.sin(outer)], axis=1)
    bite = np.stack([0.40 + 0.82 * np.cos(inner) * 0.9, 0.82 * np.sin(inner)], axis=1)
    return np.concatenate([rim, bite])


@cache
def outline(shape: str) -> tuple[Floats, ...]:
    """The polygons of a shape around (0, 0); a second polygon is a hole."""
    disc = _polar((1.0,) * 72)
    arm = 0.3
    outlines: dict[str, tuple[Floats, ...]] = {
        "circle": (0.92 * disc,),
        "square": (0.82 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]),),
        "triangle": (np.array([(0, -1.0), (0.98, 0.8), (-0.98, 0.8)]),),
        "diamond": (np.array([(0, -1.02), (0.74, 0), (0, 1.02), (-0.74, 0)]),),
        "star": (_polar((1.05, 0.42) * 5),),
        "cross": (
            np.array(
                [
                    (-arm, -1),
                    (arm, -1),
                    (arm, -arm),
                    (1, -arm),
                    (1, arm),
                    (arm, arm),
                    (arm, 1),
                    (-arm, 1),
                    (-arm, arm),
                    (-1, arm),
                    (-1, -arm),
                    (-arm, -arm),
                ]
            ),
        ),
        "ring": (0.98 * disc, 0.5 * disc),
        "heart": (_heart(),),
        "gear": (_polar((1.0, 1.0, 0.62, 0.62) * 6), 0.28 * disc),
        "crescent": (_crescent(),),
        "hourglass": (np.array([(-0.8, -1), (0.8, -1), (0.16, 0), (0.8, 1), (-0.8, 1), (-0.16, 0)]),),
        "bolt": (np.array([(0.25, -1), (-0.6, 0.15), (-0.08, 0.15), (-0.25, 1), (0.6, -0.2), (0.1, -0.2)]),),
    }
    return outlines[shape]


def texture(kind: str, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Where the second tone of a texture lies; `x`, `y` from the thing's centre, as fractions of the shorter side."""
    u, v = np.sin(2 * np.pi * x / TEXTURE_PERIOD), np.sin(2 * np.pi * y / TEXTURE_PERIOD)
    if kind == "striped":
        return np.asarray(v > 0)
    if kind == "checkered":
        return np.asarray(u * v > 0)
    if kind == "dotted":
        return np.asarray(np.cos(2 * np.pi * x / TEXTURE_PERIOD) + np.cos(2 * np.pi * y / TEXTURE_PERIOD) > 0.7)
    raise ValueError(f"no texture named {kind!r}")


def coverage(polygons: tuple[Floats, ...], x: float, y: float, w: int, h: int) -> Floats:
    """How much of each pixel of a `w` x `h` patch the polygons cover, 0..1, when their origin lies at `x`, `y`."""
    fine: Pixels = np.zeros((h * OVERSAMPLE, w * OVERSAMPLE), np.uint8)
    # Pixel centres of the fine grid lie at half-integers, hence the -0.5; four bits of sub-pixel precision.
    points = [np.round(((p + np.array([x, y])) * OVERSAMPLE - 0.5) * 16).astype(np.int32) for p in polygons]
    cv2.fillPoly(fine, points, 255, shift=4)
    return np.asarray(cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA), np.float32) / 255


def _tones(thing: Thing, gx: Floats, gy: Floats) -> Floats:
    colour = np.array(COLOURS[thing.colour], np.float32)
    if thing.texture == PLAIN:
        return np.broadcast_to(colour, (*gx.shape, 3))
    second = np.array((120, 120, 120), np.float32) if thing.colour == "black" else colour * 0.5
    where = cv2.blur(texture(thing.texture, gx, gy).astype(np.float32), (2, 2))
    return colour + np.asarray(where)[..., None] * (second - colour)


def _stamp(canvas: Floats, thing: Thing) -> None:
    h, w = canvas.shape[:2]
    unit = min(w, h)
    x, y = position(thing, w, h)
    reach = int(SIZES[thing.size] * unit * 1.1) + 3
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    patch = canvas[top : int(y) + reach, left : int(x) + reach]
    ph, pw = patch.shape[:2]
    scaled = tuple(p * SIZES[thing.size] * unit for p in outline(thing.shape))
    alpha = coverage(scaled, x - left, y - top, pw, ph)[..., None]
    gx, gy = np.meshgrid((np.arange(pw) + 0.5 + left - x) / unit, (np.arange(ph) + 0.5 + top - y) / unit)
    patch += alpha * (_tones(thing, gx, gy) - patch)


def _streak(canvas: Floats, place: str, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    unit = min(w, h)
    x, y = centre(place, w, h)
    angle, half = rng.uniform(0, np.pi), STREAK_LENGTH * unit / 2
    across = max(1.1, STREAK_WIDTH * unit / 2)
    along = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-along[1], along[0]]) * across
    quad = np.array([along * half + side, along * half - side, -along * half - side, -along * half + side])
    alpha = coverage((quad,), x, y, w, h)[..., None]
    colour = np.array(list(COLOURS.values())[int(rng.integers(len(COLOURS)))], np.float32)
    canvas += alpha * (colour - canvas)


def render(scene: Scene, width: int, height: int, rng: np.random.Generator | None = None) -> Pixels:
    """The scene as RGB; with `rng`, as a sensor would see it."""
    cv2.setNumThreads(1)
    canvas: Floats = np.empty((height, width, 3), np.float32)
    canvas[:] = BACKGROUNDS[scene.background]
    for place in scene.artifacts:
        _streak(canvas, place, rng if rng is not None else np.random.default_rng(0))
    for thing in scene.things:
        _stamp(canvas, thing)
    if rng is not None:
        canvas += rng.standard_normal(canvas.shape, np.float32) * np.float32(rng.uniform(*NOISE))
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def png(pixels: Pixels) -> bytes:
    """RGB as PNG bytes without metadata."""
    ok, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not ok:
        raise ValueError("these pixels cannot be encoded as PNG")
    return bytes(data)


def picture(scene: Scene, width: int, height: int, rng: np.random.Generator) -> bytes:
    """The scene as a sensor would see it, as PNG bytes."""
    return png(render(scene, width, height, rng))


def pixels(image: bytes) -> Pixels:
    """Any image bytes as RGB. Raises ValueError when they cannot be decoded."""
    decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR) if image else None
    if decoded is None:
        raise ValueError("these bytes are not an image that can be decoded")
    return np.ascontiguousarray(decoded[..., ::-1])
