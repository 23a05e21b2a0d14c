"""The choices that words leave open, and who makes them. In: a hint, a generator, the clauses to come. Out: a `Context`.

Every choice that the words leave open is right: a place, a size or a colour, which of several things go, the background of a new
picture. With a hint (the picture to judge) the choice is what it shows; with a generator it is drawn; else it is the first option.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, fits
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.scene import Scene, Thing

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """What a clause depends on besides the scene: the attached pictures, the hint or the generator that makes open choices, and
    the clauses to come, which have a say in what the hint shows.
    """

    pictures: tuple[Scene, ...] = ()
    hint: Scene | None = None
    rng: np.random.Generator | None = None
    later: tuple[Op, ...] = ()

    def before(self, later: Sequence[Op]) -> "Context":
        """This context for a clause that these follow: what only they can have meant in the hint is left to them."""
        return replace(self, later=tuple(later)) if self.hint is not None else self

    def choose(self, options: Sequence[T], liked: Callable[[T], bool]) -> T:
        """One of the options; with a hint the first that is `liked`. Raises Unresolved when there is none."""
        if not options:
            raise Unresolved("there is no room for it")
        if self.hint is not None:
            return next((o for o in options if liked(o)), options[0])
        return options[0] if self.rng is None else options[int(self.rng.integers(len(options)))]

    def shown(self, place: str) -> Thing | None:
        """The thing that the hint shows at a place."""
        return self.hint.at(place) if self.hint is not None else None

    def is_claimed(self, place: str) -> bool:
        """Whether a later clause can have meant what the hint shows at a place."""
        shown = self.shown(place)
        return shown is not None and any(_claims(op, shown, self.pictures) for op in self.later)


def _claims(op: Op, shown: Thing, pictures: Sequence[Scene]) -> bool:
    match op:
        case ops.Add(look, spot):
            return fits(look, shown) and (not isinstance(spot, str) or spot == shown.place)
        case ops.AddFrom(picture, spot) if 1 <= picture <= len(pictures):
            looks = [t.look for t in pictures[picture - 1].things]
            return looks == [shown.look] and (not isinstance(spot, str) or spot == shown.place)
    return False


BARE = Context()
