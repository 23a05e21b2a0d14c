"""What the world is made of: things in a 3x3 grid on a background, and the vocabulary for them.

In: nothing. Out: frozen `Thing` and `Scene`, the palettes, and where a thing lies on a canvas of any size.

A scene has one thing a cell at most. Things are kept in reading order, so equal scenes are equal values.
Positions and radii are fractions of the shorter side; `dx`, `dy` count hundredths of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

PLACES = ("top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right")
SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross", "ring", "heart")
EXOTIC_SHAPES = ("gear", "crescent", "hourglass", "bolt")
EXOTIC_TEXTURES = ("striped", "checkered", "dotted")
PLAIN = "plain"
SIZES = {"small": 0.05, "medium": 0.075, "large": 0.105}
DEFAULT_SIZE = "medium"
COLOURS = {
    "red": (215, 35, 40),
    "orange": (245, 130, 20),
    "yellow": (238, 205, 0),
    "green": (35, 145, 60),
    "blue": (35, 75, 210),
    "purple": (125, 45, 165),
    "pink": (245, 85, 165),
    "black": (28, 28, 30),
}
BACKGROUNDS = {
    "white": (249, 249, 249),
    "mint": (165, 240, 195),
    "cream": (250, 232, 180),
    "lavender": (205, 182, 250),
    "grey": (184, 184, 186),
    "azure": (145, 205, 250),
}
EMPTY_BACKGROUND = "white"
JITTER = 2


@dataclass(frozen=True, slots=True)
class Thing:
    """One drawn thing in the cell `place`, shifted from its centre by `dx`, `dy` hundredths of the shorter side."""

    shape: str
    colour: str
    size: str
    place: str
    texture: str = PLAIN
    dx: int = 0
    dy: int = 0

    @property
    def look(self) -> tuple[str, str, str, str]:
        """What it looks like, wherever it lies."""
        return self.shape, self.colour, self.size, self.texture

    @property
    def exotic(self) -> bool:
        """True when the Generator has no primitive for it."""
        return self.shape in EXOTIC_SHAPES or self.texture in EXOTIC_TEXTURES

    def at(self, place: str) -> Self:
        """The same thing in the middle of another cell."""
        return replace(self, place=place, dx=0, dy=0)


@dataclass(frozen=True, slots=True)
class Scene:
    """A background, things in reading order, and the places of stray streaks (artifacts)."""

    background: str
    things: tuple[Thing, ...] = ()
    artifacts: tuple[str, ...] = ()

    @classmethod
    def of(cls, background: str, things: Iterable[Thing], artifacts: Iterable[str] = ()) -> Self:
        """A scene with its things and artifacts put in reading order."""
        ordered = tuple(sorted(things, key=lambda t: PLACES.index(t.place)))
        return cls(background, ordered, tuple(sorted(set(artifacts), key=PLACES.index)))

    def at(self, place: str) -> Thing | None:
        """The thing in a cell, if any."""
        return next((t for t in self.things if t.place == place), None)

    def free(self) -> tuple[str, ...]:
        """The places without a thing or an artifact, in reading order."""
        taken = {t.place for t in self.things} | set(self.artifacts)
        return tuple(p for p in PLACES if p not in taken)

    def put(self, thing: Thing) -> Self:
        """This scene with `thing` in its cell, in place of whatever lay there."""
        return self.of(self.background, (*self.drop(thing.place).things, thing), self.artifacts)

    def drop(self, place: str) -> Self:
        """This scene without the thing at `place`."""
        return replace(self, things=tuple(t for t in self.things if t.place != place))

    def on(self, background: str) -> Self:
        """This scene on another background."""
        return replace(self, background=background)

    def streaked(self, place: str) -> Self:
        """This scene with a stray streak at `place`."""
        return self.of(self.background, self.things, (*self.artifacts, place))

    def cleaned(self, place: str) -> Self:
        """This scene without the stray streak at `place`."""
        return replace(self, artifacts=tuple(p for p in self.artifacts if p != place))

    def settled(self) -> Self:
        """This scene with every thing in the middle of its cell: what matters when scenes are compared."""
        return replace(self, things=tuple(t.at(t.place) for t in self.things))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form; `from_dict` reads it."""
        things = [[t.shape, t.colour, t.size, t.place, t.texture, t.dx, t.dy] for t in self.things]
        return {"background": self.background, "things": things, "artifacts": list(self.artifacts)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The scene that `to_dict` wrote."""
        return cls.of(data["background"], (Thing(*t) for t in data["things"]), data["artifacts"])


def empty() -> Scene:
    """The scene a text-to-image instruction starts from."""
    return Scene(EMPTY_BACKGROUND)


def centre(place: str, width: int, height: int) -> tuple[float, float]:
    """The middle of a cell in pixels: x, y."""
    row, column = divmod(PLACES.index(place), 3)
    return (column + 0.5) * width / 3, (row + 0.5) * height / 3


def place_of(x: float, y: float, width: int, height: int) -> str:
    """The name of the cell that a point lies in."""
    column, row = min(2, max(0, int(3 * x / width))), min(2, max(0, int(3 * y / height)))
    return PLACES[3 * row + column]


def position(thing: Thing, width: int, height: int) -> tuple[float, float]:
    """Where a thing's centre lies in pixels: x, y."""
    x, y = centre(thing.place, width, height)
    unit = min(width, height) / 100
    return x + thing.dx * unit, y + thing.dy * unit
