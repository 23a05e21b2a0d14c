"""Read a sign. In: the colours of a patch around it. Out: its colour, its text.

The ink on each pixel is compared with every character in every slot of a line of one to four characters. A line is all letters
or all digits, so that O and 0 cannot be confused.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.backends.world.drawing.layers import Patch, inked, paints
from pipeline.backends.world.drawing.letters import DIGITS, LETTERS, glyph
from pipeline.backends.world.drawing.light import shade
from pipeline.backends.world.drawing.outlines import PLATE, Floats
from pipeline.backends.world.scenes.looks import COLOURS

RADIUS = 40.0
WIDTH, HEIGHT = 90, 52
"""The patch, with the sign in its middle: its radius and the patch's sides in pixels."""
MARGIN = 0.82
LINES = ((4, tuple(LETTERS)), (3, tuple(DIGITS)))


@dataclass(frozen=True, slots=True)
class _Line:
    """All characters in all slots of a line: `ink` is (slots, characters, pixels), `energy` its squared length."""

    characters: tuple[str, ...]
    ink: Floats
    energy: Floats


def _frame() -> Patch:
    return Patch(WIDTH, HEIGHT, WIDTH / 2, HEIGHT / 2, RADIUS)


@cache
def _lines() -> tuple[_Line, ...]:
    lines = []
    for longest, characters in LINES:
        for count in range(1, longest + 1):
            rows = [
                [inked(list(glyph(c, slot, count)), _frame(), RADIUS).ravel() for c in characters]
                for slot in range(count)
            ]
            ink = np.array(rows, np.float32)
            lines.append(_Line(characters, ink, np.einsum("scn,scn->sc", ink, ink)))
    return tuple(lines)


@cache
def _plate() -> tuple[Floats, Floats, Floats]:
    """Masks of the patch's pixels on the plate, and of the plate's pixels on its margin; and the light on all pixels."""
    u = (np.arange(WIDTH) + 0.5 - WIDTH / 2)[None, :] / RADIUS
    v = (np.arange(HEIGHT) + 0.5 - HEIGHT / 2)[:, None] / RADIUS
    on = (abs(u) < PLATE[0] - 0.08) & (abs(v) < PLATE[1] - 0.08)
    margin = on & (abs(u) > PLATE[0] * MARGIN)
    return on, margin[on], shade(*np.broadcast_arrays(u, v))[..., None]


def colour_of(patch: Floats) -> str:
    """The colour of the sign on a (HEIGHT, WIDTH, 3) patch: the one whose plate and ink mix best to the pixels."""
    on, margin, light = _plate()
    values = (patch / light)[on]
    best, least = "", np.inf
    for colour in COLOURS:
        first, _, ink, _ = paints(colour)
        error = _off(values, first, ink) + float(((values[margin] - first) ** 2).sum(1).mean())
        if error < least:
            best, least = colour, error
    return best


def _share(values: Floats, first: Floats, ink: Floats) -> Floats:
    along = ink - first
    return np.asarray(np.clip((values - first) @ along / float(along @ along), 0, 1))


def _off(values: Floats, first: Floats, ink: Floats) -> float:
    fitted = first + _share(values, first, ink)[:, None] * (ink - first)
    return float(((values - fitted) ** 2).sum(1).mean())


def text_of(patch: Floats, colour: str) -> str:
    """The text of a sign of this colour on a (HEIGHT, WIDTH, 3) patch."""
    on, _, light = _plate()
    first, _, ink, _ = paints(colour)
    share = _share((patch / light).reshape(-1, 3), first, ink) * on.ravel()
    best, most = "", -np.inf
    for line in _lines():
        # |share - ink|^2 over the plate: slots do not overlap, so each character may be chosen by itself.
        gains = 2 * line.ink @ share - line.energy
        if float(gains.max(1).sum()) > most:
            most = float(gains.max(1).sum())
            best = "".join(line.characters[i] for i in gains.argmax(1))
    return best
