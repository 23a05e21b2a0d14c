"""Sort a request's images. In: a request. Out: a `Desk` of scenes: the references, the start of the work, the canvas.

The kind of request and its tags `references` and `start` (see prompts/) decide which image is which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.backends.world.models.request import Request
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import starting_scene
from pipeline.backends.world.scenes.scene import Scene, empty
from pipeline.backends.world.sight.vision import see
from stages.errors import Refused

REMEMBERED = 128
"""How many images' scenes are cached, because an image is judged several times in a row."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The references, the scene that work starts from, and the last picture: an attempt, or the picture to work on."""

    pictures: tuple[Scene, ...]
    start: Scene
    canvas: Scene | None = None


@lru_cache(maxsize=REMEMBERED)
def _see_once(image: bytes) -> Scene:
    return see(image)


def scene_of_image(request: Request, index: int) -> Scene:
    """The scene that an image of the request shows. Raises Refused when it cannot be decoded."""
    try:
        return _see_once(request.images[index])
    except ValueError as error:
        raise Refused(
            f"I cannot see image {index % len(request.images) + 1} of {len(request.images)}: {error}."
        ) from error


def _references(request: Request, others: int) -> tuple[Scene, ...]:
    """The references, which `others` more images follow. Raises Refused when the number of images does not fit."""
    attached = len(request.images)
    count = request.number("references", max(attached - others, 0))
    if count + others != attached:
        raise Refused(f"I cannot do this: {count + others} images are spoken of and {attached} are attached.")
    return tuple(scene_of_image(request, index) for index in range(count))


def desk_for_first_try(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of a first try: every image is a reference."""
    pictures = _references(request, 0)
    return Desk(pictures, starting_scene(clauses, pictures))


def desk_with_attempt(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk with an attempt after the references. Raises Refused."""
    if not request.images:
        raise Refused("I cannot judge this: there is no image.")
    pictures = _references(request, 1)
    return Desk(pictures, starting_scene(clauses, pictures), scene_of_image(request, -1))


def desk_for_step(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of one step: it starts from a picture, or, as the first, from references or an empty canvas. Raises Refused."""
    if request.find("start") != "picture":
        return desk_for_first_try(request, clauses)
    if not request.images:
        raise Refused("I cannot do this step: the picture to work on is missing.")
    canvas = scene_of_image(request, -1)
    return Desk(_references(request, 1), canvas, canvas)


def desk_for_judging(request: Request, clauses: Sequence[Op]) -> Desk:
    """The desk of a judge: references, the picture that the step started from, if any, and the picture to judge. Raises Refused."""
    if request.find("start") != "picture":
        return desk_with_attempt(request, clauses)
    if len(request.images) < 2:
        raise Refused("I cannot judge this: the picture before, or the one to judge, is missing.")
    return Desk(_references(request, 2), scene_of_image(request, -2), scene_of_image(request, -1))


def keeps_nothing(desk: Desk) -> bool:
    """Whether work starts from an empty canvas, so that there is nothing to keep."""
    return desk.start == empty()
