"""Noun phrases of one person of the held-out writer. In: a random generator and the world's looks. Out: noun phrases.

A person uses the same word for a shape or size every time, always digits or always words, and one spelling.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from benchmarks import heldout_words as words
from pipeline.backends.world.scenes.looks import PLAIN
from pipeline.backends.world.scenes.ops import Look, Near, Selector, Spot

T = TypeVar("T")


@dataclass
class Person:
    """A person with habits of speech, all drawn from one random generator."""

    rng: np.random.Generator
    _habits: dict[str, str] = field(default_factory=dict)

    def pick(self, options: "tuple[T, ...] | list[T]") -> T:
        """One of several."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p: float) -> bool:
        """True with probability `p`."""
        return bool(self.rng.random() < p)

    def habit(self, what: str, options: tuple[str, ...]) -> str:
        """One of several, the same each time."""
        if what not in self._habits:
            self._habits[what] = self.pick(options)
        return self._habits[what]

    @cached_property
    def thing(self) -> str:
        """Their word for any thing."""
        return self.pick(words.THINGS)

    @cached_property
    def digits(self) -> bool:
        """Whether they write 3 rather than three."""
        return self.chance(0.3)

    def number(self, n: int) -> str:
        """A number."""
        return str(n) if self.digits or n >= len(words.NUMBERS) else words.NUMBERS[n]

    def shape(self, shape: str | None, plural: bool = False) -> str:
        """The word for a shape."""
        one = self.habit(shape, words.SHAPES.get(shape, (shape,))) if shape else self.thing
        return words.PLURALS.get(one, f"{one}s") if plural else one

    def colour(self, colour: str) -> str:
        """A colour, or a term for one."""
        if not colour.startswith("?"):
            return colour
        name = colour.removeprefix("?").title()
        return self.pick((f"the colour of {name}", f"{name}'s colour", f"the colour of {name}"))

    def size(self, size: str) -> str:
        """A size."""
        return self.habit(f"size {size}", words.SIZES[size])

    def text(self, text: str) -> str:
        """A sign's text, in their quotes."""
        return self.habit("quotes", ('"{}"', '"{}"', "'{}'", "“{}”")).format(text)

    def noun(self, look: Look, plural: bool = False, where: str = "") -> str:
        """A look without an article: "large striped red circle with a spot". `where` follows the shape directly."""
        before, after = [], []
        if look.chipped is not None:
            broken = look.chipped and self.chance(0.4)
            after += ["with a piece missing"] * (look.chipped and not broken)
            before += ["broken"] * broken + ["intact"] * (not look.chipped)
        before += [self.size(look.size)] if look.size else []
        have = self._pattern(look, before)
        if have:
            after.insert(0, f"with {have}")
        if look.colour and look.colour.startswith("?"):
            after.append(f"in {self.colour(look.colour)}")
        elif look.colour:
            before.append(look.colour)
        if look.facing:
            after.append(f"{self.habit('points', ('pointing', 'facing'))} {self.pick(words.WAYS[look.facing])}")
        if look.text:
            after.append(
                f"{self.habit('says', ('that says', 'saying', 'that reads', 'reading'))} {self.text(look.text)}"
            )
        return " ".join([*before, self.shape(look.shape, plural) + where, *after])

    def _pattern(self, look: Look, before: list[str]) -> str:
        """The texture and mark that follow the shape; a texture that precedes it is added to `before`."""
        mark = words.MARKS.get(look.mark or "", "")
        if not look.texture:
            return mark
        if look.texture == PLAIN or self.chance(0.7):
            before.append(look.texture)
            return mark
        stuff = words.TEXTURES[look.texture][1]
        return f"{stuff} and {mark}" if mark else stuff

    def a(self, look: Look) -> str:
        """A new thing."""
        noun = self.noun(look)
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"

    def the(self, selector: Selector) -> str:
        """A thing of the scene."""
        place, many = selector.place, selector.every
        start = self.pick(("all the", "all", "all the")) if many else "the"
        if place and " " in place and not many and selector.near is None and self.chance(0.15):
            short = self.pick((place, place.replace("top", "upper").replace("bottom", "lower")))
            return f"the {short} {self.noun(selector.look)}"
        where = f" {self.pick(words.ABOUT[place])}" if place else ""
        noun = self.noun(selector.look, many, where)
        if selector.near is None:
            return f"{start} {noun}"
        return f"{start} {noun}{(' that are' if many else ' that is') if place else ''} {self.near(selector.near)}"

    def near(self, near: Near) -> str:
        """A place next to a thing."""
        anchor = near.anchor
        where = self.pick(words.NEAR[near.direction])
        if anchor.place is None:
            return f"{where} {self.the(anchor)}"
        return f"{where} {self.the(replace(anchor, place=None))} that is {self.pick(words.ABOUT[anchor.place])}"

    def where(self, spot: Spot, exactly: bool = False) -> str:
        """The place where something is put; empty when it is open."""
        if spot is None:
            return ""
        if isinstance(spot, Near):
            return f" {self.near(spot)}"
        return f" {self.pick(words.ABOUT[spot] + (words.CELLS.get(spot, ()) if exactly else ()))}"

    def towards(self, spot: Spot) -> str:
        """The goal of a move."""
        return self.near(spot) if isinstance(spot, Near) else self.pick(words.TOWARDS[spot]) if spot else ""

    def borrowed(self, picture: int) -> str:
        """The one thing of an attached picture."""
        picture_name = self.habit("picture", words.PICTURES).format(n=picture, nth=words.ORDINALS[picture])
        return self.habit("borrowed", words.BORROWED).format(thing=self.thing, picture=picture_name)

    def spelt(self, text: str) -> str:
        """The text in their spelling."""
        if self.habit("spelling", ("uk", "us")) == "uk":
            return text.replace("center", "centre")
        return text.replace("colour", "color").replace("grey", "gray")


def capital(text: str) -> str:
    """The text with a capital letter at the beginning."""
    return text[:1].upper() + text[1:]
