"""What lies on a model's desk. In: a request. Out: its pictures as scenes: the references, what work starts from, the canvas.

Which image is which follows from the kind of request and from its tags `references` and `start` (see prompts/).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.backends.world.models.request import Request
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import base
from pipeline.backends.world.scenes.scene import Scene, empty
from pipeline.backends.world.sight.vision import see
from stages.errors import Refused

SEEN = 128
"""Images whose scenes are remembered: an image is judged several times in a row."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The references, the scene that work starts from, and the last picture: an attempt, or the picture to work on."""

    pictures: tuple[Scene, ...]
    start: Scene
    canvas: Scene | None = None


@lru_cache(maxsize=SEEN)
def _seen(image: bytes) -> Scene:
    return see(image)


def look_at(request: Request, index: int) -> Scene:
    """What an image of the request shows. Raises Refused when it cannot be decoded."""
    try:
        return _seen(request.images[index])
    except ValueError as error:
        raise Refused(
            f"I cannot see image {index % len(request.images) + 1} of {len(request.images)}: {error}."
        ) from error


def _references(request: Request, others: int) -> tuple[Scene, ...]:
    """The references, where so many other images follow them. Raises Refused when the images are not that many."""
    have = len(request.images)
    count = request.number("references", max(have - others, 0))
    if count + others != have:
        raise Refused(f"I cannot do this: {count + others} images are spoken of and {have} are attached.")
    return tuple(look_at(request, index) for index in range(count))


def fresh(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of a first try: every image is a reference."""
    pictures = _references(request, 0)
    return Desk(pictures, base(clauses, pictures))


def tried(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk with an attempt after the references. Raises Refused."""
    if not request.images:
        raise Refused("I cannot judge this: there is no image.")
    pictures = _references(request, 1)
    return Desk(pictures, base(clauses, pictures), look_at(request, -1))


def stepping(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of one step of several: a picture to go on with, or a first step on references or an empty canvas."""
    if request.find("start") != "picture":
        return fresh(request, clauses)
    if not request.images:
        raise Refused("I cannot do this step: the picture to work on is missing.")
    canvas = look_at(request, -1)
    return Desk(_references(request, 1), canvas, canvas)


def judged(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of a judge: references, the picture that was to be changed if there was one, and the picture to judge."""
    if request.find("start") != "picture":
        return tried(request, clauses)
    if len(request.images) < 2:
        raise Refused("I cannot judge this: the picture before, or the one to judge, is missing.")
    return Desk(_references(request, 2), look_at(request, -2), look_at(request, -1))


def keeps_nothing(desk: Desk) -> bool:
    """True where work starts from an empty canvas: there is nothing to leave as it was."""
    return desk.start == empty()
