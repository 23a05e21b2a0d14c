"""The world's simple physics. In: a scene. Out: the scene a while later, or after a push.

A while later: a candle has burned down by one size, a plant has grown by one; a ball (a circle) has fallen as far down as
nothing stops it, a balloon has risen as far up. What is smallest or largest already stays as it is.
"""

from dataclasses import replace

from pipeline.backends.world.scenes.looks import PLACES, SIZES
from pipeline.backends.world.scenes.scene import Scene, Thing

LAWS = {
    "candle": "a candle burns down by one size in a while",
    "plant": "a plant grows by one size in a while",
    "circle": "a ball, which is a circle here, falls straight down until the ground or another thing stops it",
    "balloon": "a balloon rises straight up until the top or another thing stops it",
}
"""The sentence of an explanation for each shape that time changes."""
SLIDING = "a thing that is pushed slides until the edge or another thing stops it"
_STEPS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
_CHANGES = {"candle": -1, "plant": 1}


def resized(size: str, by: int) -> str:
    """The next size up or down; the last one stays."""
    names = list(SIZES)
    return names[min(max(names.index(size) + by, 0), len(names) - 1)]


def push(scene: Scene, thing: Thing, direction: str) -> Scene:
    """The scene after a thing slid that way until the edge or another thing stopped it."""
    place = _end(scene, thing.place, direction)
    return scene if place == thing.place else scene.drop(thing.place).put(thing.at(place))


def _end(scene: Scene, place: str, direction: str) -> str:
    dr, dc = _STEPS[direction]
    row, column = divmod(PLACES.index(place), 3)
    while 0 <= row + dr < 3 and 0 <= column + dc < 3:
        ahead = PLACES[3 * (row + dr) + column + dc]
        if scene.at(ahead) is not None:
            break
        row, column = row + dr, column + dc
    return PLACES[3 * row + column]


def later(scene: Scene) -> Scene:
    """The scene a while later."""
    for thing in scene.things:
        if by := _CHANGES.get(thing.shape):
            scene = scene.put(replace(thing, size=resized(thing.size, by)))
    for thing in reversed(scene.things):  # the lowest first, so that a pile settles at once
        if thing.shape == "circle":
            scene = push(scene, thing, "down")
    for thing in scene.things:
        if thing.shape == "balloon":
            scene = push(scene, thing, "up")
    return scene
