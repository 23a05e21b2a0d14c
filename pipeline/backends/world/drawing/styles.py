"""The renderers of the world. In: nothing. Out: `STYLES`, by name; `draw` applies them.

A style changes how a picture looks, never what is on it: `sight` and `oracle` read all of them. It serves to plant a generator
whose pictures can be told from those of a baseline without a look at what they show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Renderer:
    """`blur` in fractions of the picture's shorter side; `grain` scales the noise; `cast` multiplies red, green and blue."""

    blur: float = 0.0
    grain: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)


PLAIN_STYLE = "plain"
STYLES: Mapping[str, Renderer] = MappingProxyType(
    {
        PLAIN_STYLE: Renderer(),
        "soft": Renderer(blur=0.0025, grain=0.35, cast=(1.0, 0.99, 0.97)),
        "grainy": Renderer(grain=1.9),
    }
)
"""`plain` draws all references. `soft` has blurred edges, little noise and a warm cast; `grainy` has twice the noise only."""
