"""The ops that can be asked of a scene. In: nothing. Out: frozen ops, and their JSON.

Clauses are carried out one after the other (`perform`); a description is looked up in the scene after the clauses before it.
Pictures are counted from 1, in the order in which they are attached.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import TypeAdapter

Direction = Literal["left", "right", "above", "below", "beside"]


@dataclass(frozen=True, slots=True)
class Look:
    """A description; None: left open. `colour` may be a term ("?lorvia") that only an explanation resolves."""

    shape: str | None = None
    colour: str | None = None
    size: str | None = None
    texture: str | None = None
    mark: str | None = None
    facing: str | None = None
    chipped: bool | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A place relative to another thing, the anchor: "above the red square"."""

    direction: Direction
    anchor: "Selector"


@dataclass(frozen=True, slots=True)
class Selector:
    """A thing of the scene by its look and, where given, its place. `every`: all things that fit, one or more.

    `place` is a cell; "left", "right", "top" and "bottom" also mean the side where nothing that fits lies in that very cell.
    """

    look: Look
    place: str | None = None
    near: Near | None = None
    every: bool = False


Spot = str | Near | None
"""Where something goes: a cell, next to a thing, or (None) wherever there is room."""


@dataclass(frozen=True, slots=True)
class Add:
    """Put a new thing at a free place."""

    look: Look
    place: Spot = None
    kind: Literal["add"] = "add"


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a thing away."""

    target: Selector
    kind: Literal["remove"] = "remove"


@dataclass(frozen=True, slots=True)
class Replace:
    """Put another thing where one was."""

    target: Selector
    look: Look
    kind: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True)
class Alter:
    """Change the attributes that `look` names: colour, size, texture, mark ("" takes it off) or text; all else stays."""

    target: Selector
    look: Look
    kind: Literal["alter"] = "alter"


@dataclass(frozen=True, slots=True)
class Complete:
    """Mend a chipped thing."""

    target: Selector
    kind: Literal["complete"] = "complete"


@dataclass(frozen=True, slots=True)
class Turn:
    """Let a thing point elsewhere: a facing, or relative to how it points now."""

    target: Selector
    to: Literal["up", "right", "down", "left", "around", "clockwise", "counterclockwise"]
    kind: Literal["turn"] = "turn"


@dataclass(frozen=True, slots=True)
class Count:
    """Have so many things of a look."""

    look: Look
    number: int
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class MatchOthers:
    """Of three or more things of a shape, let the one that is unlike the others look as they do."""

    shape: str
    kind: Literal["match"] = "match"


@dataclass(frozen=True, slots=True)
class Move:
    """Bring a thing to a free place."""

    target: Selector
    place: Spot
    kind: Literal["move"] = "move"


@dataclass(frozen=True, slots=True)
class Push:
    """Let a thing slide until the edge or another thing stops it."""

    target: Selector
    direction: Literal["left", "right", "up", "down"]
    kind: Literal["push"] = "push"


@dataclass(frozen=True, slots=True)
class Swap:
    """Let two things trade places."""

    target: Selector
    other: Selector
    kind: Literal["swap"] = "swap"


@dataclass(frozen=True, slots=True)
class Later:
    """Show the scene a while later: balls fall, balloons rise, candles burn down, plants grow."""

    kind: Literal["later"] = "later"


@dataclass(frozen=True, slots=True)
class Behind:
    """Show the scene from behind: left and right trade sides. Signs are printed on both sides."""

    kind: Literal["behind"] = "behind"


@dataclass(frozen=True, slots=True)
class Background:
    """Change the background."""

    colour: str
    kind: Literal["background"] = "background"


@dataclass(frozen=True, slots=True)
class Light:
    """Change the light: a TONE."""

    tone: str
    kind: Literal["light"] = "light"


@dataclass(frozen=True, slots=True)
class Clean:
    """Wipe a stray streak away; None: wherever there is one."""

    place: str | None = None
    kind: Literal["clean"] = "clean"


@dataclass(frozen=True, slots=True)
class AddFrom:
    """Put the one thing of an attached picture at a free place."""

    picture: int
    place: Spot = None
    kind: Literal["add_from"] = "add_from"


@dataclass(frozen=True, slots=True)
class ReplaceFrom:
    """Put the one thing of an attached picture where another thing was."""

    target: Selector
    picture: int
    kind: Literal["replace_from"] = "replace_from"


@dataclass(frozen=True, slots=True)
class TransferFrom:
    """Give a thing the colour, or the pattern (texture and mark), of the one thing of an attached picture."""

    target: Selector
    picture: int
    what: Literal["colour", "pattern"]
    kind: Literal["transfer_from"] = "transfer_from"


Op = (
    Add
    | Remove
    | Replace
    | Alter
    | Complete
    | Turn
    | Count
    | MatchOthers
    | Move
    | Push
    | Swap
    | Later
    | Behind
    | Background
    | Light
    | Clean
    | AddFrom
    | ReplaceFrom
    | TransferFrom
)


@cache
def _adapter() -> TypeAdapter[tuple[Op, ...]]:
    return TypeAdapter(tuple[Op, ...])


def dump(ops: tuple[Op, ...]) -> str:
    """The ops as JSON."""
    return _adapter().dump_json(ops, exclude_defaults=False).decode()


def load(text: str) -> tuple[Op, ...]:
    """The ops that `dump` wrote. Raises pydantic.ValidationError."""
    return _adapter().validate_json(text)
