"""The data of a scene: things in a 3 x 3 grid on a background, in some light.

In: nothing. Out: frozen `Thing` and `Scene`, and where a thing lies on a canvas of any size.

A cell holds one thing at most. Things are kept in reading order, so equal scenes are equal values.
Positions and radii are fractions of the shorter side; `dx`, `dy` count hundredths of it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from pipeline.backends.world.scenes.looks import DIRECTED, EXOTIC_SHAPES, PLACES, PLAIN, misfit

EMPTY_BACKGROUND = "white"
JITTER = 2


@dataclass(frozen=True, slots=True)
class Thing:
    """One drawn thing in the cell `place`, shifted from its centre by `dx`, `dy` hundredths of the shorter side.

    `facing` is where a directed shape points, "up" for all others. `mark` is "" or one of MARKS. `text` is what a sign says.
    """

    shape: str
    colour: str
    size: str
    place: str
    texture: str = PLAIN
    mark: str = ""
    facing: str = "up"
    chipped: bool = False
    text: str = ""
    dx: int = 0
    dy: int = 0

    @property
    def look(self) -> tuple[str, str, str, str, str, str, bool, str]:
        """All attributes but the place and the shift."""
        return self.shape, self.colour, self.size, self.texture, self.mark, self.facing, self.chipped, self.text

    @property
    def exotic(self) -> bool:
        """True when the Generator has no primitive for it."""
        return self.shape in EXOTIC_SHAPES

    @property
    def misfit(self) -> str | None:
        """The reason why it cannot be drawn recognisably; None when it can."""
        return misfit(self.shape, self.size, self.texture, self.mark, self.facing, self.chipped, self.text)

    def at(self, place: str) -> Self:
        """The same thing in the middle of another cell."""
        return replace(self, place=place, dx=0, dy=0)


@dataclass(frozen=True, slots=True)
class Scene:
    """A background, things in reading order, the places of stray streaks (artifacts), and the light (a TONE)."""

    background: str
    things: tuple[Thing, ...] = ()
    artifacts: tuple[str, ...] = ()
    tone: str = "day"

    @classmethod
    def of(cls, background: str, things: Iterable[Thing], artifacts: Iterable[str] = (), tone: str = "day") -> Self:
        """A scene with its things and artifacts put in reading order."""
        ordered = tuple(sorted(things, key=lambda t: PLACES.index(t.place)))
        return cls(background, ordered, tuple(sorted(set(artifacts), key=PLACES.index)), tone)

    def at(self, place: str) -> Thing | None:
        """The thing in a cell, if any."""
        return next((t for t in self.things if t.place == place), None)

    def free(self) -> tuple[str, ...]:
        """The places without a thing or an artifact, in reading order."""
        occupied = {t.place for t in self.things} | set(self.artifacts)
        return tuple(p for p in PLACES if p not in occupied)

    def put(self, thing: Thing) -> Self:
        """This scene with `thing` in its cell, in place of whatever lay there, a streak included."""
        clean = self.drop(thing.place).cleaned(thing.place)
        return self.of(self.background, (*clean.things, thing), clean.artifacts, self.tone)

    def drop(self, place: str) -> Self:
        """This scene without the thing at `place`."""
        return replace(self, things=tuple(t for t in self.things if t.place != place))

    def on(self, background: str) -> Self:
        """This scene on another background."""
        return replace(self, background=background)

    def lit(self, tone: str) -> Self:
        """This scene in another light."""
        return replace(self, tone=tone)

    def streaked(self, place: str) -> Self:
        """This scene with a stray streak at `place`."""
        return self.of(self.background, self.things, (*self.artifacts, place), self.tone)

    def cleaned(self, place: str) -> Self:
        """This scene without the stray streak at `place`."""
        return replace(self, artifacts=tuple(p for p in self.artifacts if p != place))

    def settled(self) -> Self:
        """This scene with every thing in the middle of its cell: small shifts do not count when scenes are compared."""
        return replace(self, things=tuple(t.at(t.place) for t in self.things))

    @property
    def misfit(self) -> str | None:
        """The reason why not everything in this scene can be drawn and seen; None when it can."""
        if self.background == "white" and any(t.colour == "white" for t in self.things):
            return "a white thing cannot be seen on a white background"
        return next((t.misfit for t in self.things if t.misfit), None)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The scene that `to_dict` wrote."""
        return cls.of(data["background"], (Thing(**t) for t in data["things"]), data["artifacts"], data["tone"])


def natural_facing(shape: str) -> str:
    """Where a shape points by default."""
    return DIRECTED.get(shape, "up")


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
