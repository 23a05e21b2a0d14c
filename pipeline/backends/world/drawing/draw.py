"""Draw scenes. In: a scene, a size in pixels, and a random generator for sensor noise (None: no noise). Out: RGB or PNG bytes.

Things are filled at four times the resolution, averaged down and shaded, and throw a soft shadow; the whole is multiplied by
light and tone. The PNG carries no metadata, and good and bad images have the same noise, so that a file's size reveals nothing.
"""

import cv2
import numpy as np

from pipeline.backends.world.drawing.layers import Layers, Patch, Pixels, coverage, paints, split
from pipeline.backends.world.drawing.light import SHADOW, SHADOW_OFFSET, SHADOW_SOFTNESS, field
from pipeline.backends.world.drawing.outlines import REACH, Floats
from pipeline.backends.world.drawing.styles import PLAIN_STYLE, STYLES, Renderer
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, SIZES, TONES
from pipeline.backends.world.scenes.scene import Scene, Thing, centre, position

STREAK_LENGTH, STREAK_WIDTH = 0.17, 0.012
STREAK_CONTRAST = 100
NOISE = (2.0, 4.0)


def _stamp(thing: Thing, w: int, h: int) -> tuple[Layers, int, int]:
    """The layers of a thing on a patch that also holds its shadow, and the patch's left and top on the canvas."""
    unit = min(w, h)
    x, y = position(thing, w, h)
    reach = int((SIZES[thing.size] * REACH + max(SHADOW_OFFSET) + 2.5 * SHADOW_SOFTNESS) * unit) + 3
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    right, bottom = min(w, int(x) + reach), min(h, int(y) + reach)
    return split(thing, Patch(right - left, bottom - top, x - left, y - top, unit)), left, top


def _shadow(canvas: Floats, cover: Floats, left: int, top: int) -> None:
    unit = min(canvas.shape[:2])
    ph, pw = cover.shape
    move = np.array([[1, 0, SHADOW_OFFSET[0] * unit], [0, 1, SHADOW_OFFSET[1] * unit]])
    shifted = cv2.warpAffine(cover, move, (pw, ph))
    soft = np.asarray(cv2.GaussianBlur(shifted, (0, 0), max(0.6, SHADOW_SOFTNESS * unit)))
    canvas[top : top + ph, left : left + pw] *= 1 - SHADOW * soft[..., None]


def _streak(canvas: Floats, scene: Scene, place: str, rng: np.random.Generator) -> None:
    h, w = canvas.shape[:2]
    unit = min(w, h)
    x, y = centre(place, w, h)
    angle, half = rng.uniform(0, np.pi), STREAK_LENGTH * unit / 2
    across = max(1.1, STREAK_WIDTH * unit / 2)
    along = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-along[1], along[0]]) * across
    quad = np.array([along * half + side, along * half - side, -along * half - side, -along * half + side])
    cover = coverage((quad,), Patch(w, h, x, y, unit), 1.0)[..., None]
    ground = np.array(BACKGROUNDS[scene.background], np.float32)
    table = np.array(list(COLOURS.values()), np.float32)
    visible = table[np.linalg.norm(table - ground, axis=1) > STREAK_CONTRAST]
    canvas += cover * (visible[int(rng.integers(len(visible)))] - canvas)


def _in_style(canvas: Floats, style: Renderer) -> Floats:
    """The picture, before its noise, in a style."""
    if style.blur:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), style.blur * min(canvas.shape[:2])), np.float32)
    return canvas if style.cast == (1.0, 1.0, 1.0) else canvas * np.array(style.cast, np.float32)


def render(
    scene: Scene, width: int, height: int, rng: np.random.Generator | None = None, style: Renderer = STYLES[PLAIN_STYLE]
) -> Pixels:
    """The scene as RGB in a style; with `rng`, as a sensor would see it."""
    cv2.setNumThreads(1)
    canvas: Floats = np.empty((height, width, 3), np.float32)
    canvas[:] = BACKGROUNDS[scene.background]
    for place in scene.artifacts:
        _streak(canvas, scene, place, rng if rng is not None else np.random.default_rng(0))
    stamps = [(thing, *_stamp(thing, width, height)) for thing in scene.things]
    for _, layers, left, top in stamps:
        _shadow(canvas, layers.cover, left, top)
    for thing, layers, left, top in stamps:
        ph, pw = layers.cover.shape
        patch = canvas[top : top + ph, left : left + pw]
        patch += layers.cover[..., None] * (layers.mix @ paints(thing.colour) * layers.light[..., None] - patch)
    canvas *= field(width, height) * np.array(TONES[scene.tone], np.float32)
    canvas = _in_style(canvas, style)
    if rng is not None:
        canvas += rng.standard_normal(canvas.shape, np.float32) * np.float32(rng.uniform(*NOISE) * style.grain)
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def png(pixels: Pixels) -> bytes:
    """RGB as PNG bytes without metadata."""
    ok, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not ok:
        raise ValueError("these pixels cannot be encoded as PNG")
    return bytes(data)


def picture(scene: Scene, width: int, height: int, rng: np.random.Generator, style: str = PLAIN_STYLE) -> bytes:
    """The scene as a sensor would see it, drawn in one of STYLES, as PNG bytes."""
    return png(render(scene, width, height, rng, STYLES[style]))


def pixels(image: bytes) -> Pixels:
    """Any image bytes as RGB. Raises ValueError when they cannot be decoded."""
    decoded = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR) if image else None
    if decoded is None:
        raise ValueError("these bytes are not an image that can be decoded")
    return np.ascontiguousarray(decoded[..., ::-1])
