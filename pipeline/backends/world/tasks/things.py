"""Make clauses about things: their presence, looks and places. In: a draft, a random generator. Out: an op.

Every maker raises `Unresolved` when the scene offers nothing for its clause.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, group
from pipeline.backends.world.scenes.looks import (
    CLOTH,
    COLOURS,
    DIRECTED,
    EXOTIC_SHAPES,
    MARKS,
    PLAIN,
    SHAPES,
    SIZES,
    TEXTURES,
)
from pipeline.backends.world.scenes.ops import Look, Op, Selector
from pipeline.backends.world.scenes.scene import Thing
from pipeline.backends.world.tasks.describe import choose_spot, choose_spot_beside, selector_of, selector_of_all
from pipeline.backends.world.tasks.draft import MOST_THINGS, Draft, pick
from pipeline.backends.world.tasks.scenes import BROAD, random_look, random_text

Maker = Callable[[Draft, np.random.Generator], Op]
TURNS: tuple[Literal["up", "right", "down", "left", "around", "clockwise", "counterclockwise"], ...]
TURNS = ("up", "right", "down", "left", "around", "clockwise", "counterclockwise")
WAYS: tuple[Literal["left", "right", "up", "down"], ...] = ("left", "right", "up", "down")
ALL = 0.15
"""The probability that a change applies to all things of a shape."""


def _thing(draft: Draft, rng: np.random.Generator, fits: Callable[[Thing], bool] = lambda _: True) -> Thing:
    return pick([t for t in draft.untouched() if fits(t)], rng)


def _targets(draft: Draft, rng: np.random.Generator) -> tuple[Thing, Selector]:
    """A thing and a selector of it, or of all things of its shape."""
    thing = _thing(draft, rng)
    if rng.random() < ALL and len(group(draft.now, Look(thing.shape))) > 1:
        return thing, selector_of_all(draft, Look(thing.shape))
    return thing, selector_of(draft, thing, rng)


def add(draft: Draft, rng: np.random.Generator) -> Op:
    """A new thing: at a place, next to another thing, or anywhere; its size may be left open."""
    new, place = random_look(rng), choose_spot(draft, rng, near=0.25, unsaid=0.12)
    bare = not (new.texture or new.mark or new.text)
    return ops.Add(replace(new, size=None) if bare and rng.random() < 0.3 else new, place)


def add_exotic(draft: Draft, rng: np.random.Generator) -> Op:
    """A new thing for which the Generator has no primitive."""
    return ops.Add(random_look(rng, EXOTIC_SHAPES), choose_spot(draft, rng, near=0.2, unsaid=0.0))


def remove(draft: Draft, rng: np.random.Generator) -> Op:
    """One thing, or all of a shape, taken away."""
    return ops.Remove(_targets(draft, rng)[1])


def replace_one(draft: Draft, rng: np.random.Generator) -> Op:
    """Another thing in the place of one; attributes that the look leaves open stay."""
    thing = _thing(draft, rng)
    new = random_look(rng, [s for s in SHAPES if s != thing.shape])
    bare = Look(new.shape, facing=new.facing, text=new.text)
    return ops.Replace(selector_of(draft, thing, rng), new if rng.random() < 0.6 else bare)


def replace_exotic(draft: Draft, rng: np.random.Generator) -> Op:
    """A thing for which the Generator has no primitive in the place of one."""
    return ops.Replace(selector_of(draft, _thing(draft, rng), rng), random_look(rng, EXOTIC_SHAPES))


def recolour(draft: Draft, rng: np.random.Generator) -> Op:
    """Another colour."""
    thing, target = _targets(draft, rng)
    return ops.Alter(target, Look(colour=pick([c for c in COLOURS if c != thing.colour], rng)))


def resize(draft: Draft, rng: np.random.Generator) -> Op:
    """Another size."""
    thing, target = _targets(draft, rng)
    return ops.Alter(target, Look(size=pick([s for s in SIZES if s != thing.size], rng)))


def cover(draft: Draft, rng: np.random.Generator) -> Op:
    """Another texture or mark, or its removal."""
    thing = _thing(draft, rng, lambda t: t.shape in CLOTH and t.size in BROAD)
    textures = [Look(texture=t) for t in (*TEXTURES, PLAIN) if t != thing.texture and not (thing.mark and t != PLAIN)]
    marks = [Look(mark=m) for m in (*MARKS, "") if m != thing.mark and not (thing.texture != PLAIN and m)]
    return ops.Alter(selector_of(draft, thing, rng), pick(textures if rng.random() < 0.65 else marks, rng))


def count(draft: Draft, rng: np.random.Generator) -> Op:
    """More or fewer of things that are all alike."""
    thing = _thing(draft, rng)
    look = Look(thing.shape, thing.colour)
    present = group(draft.now, look)
    if present != group(draft.start, look) or len({t.look for t in present}) > 1:
        raise Unresolved("these are spoken of already, or not alike")
    most = min(5, len(present) + MOST_THINGS - len(draft.now.things))
    return ops.Count(look, pick([n for n in range(1, most + 1) if n != len(present)], rng))


def complete(draft: Draft, rng: np.random.Generator) -> Op:
    """A chipped thing made whole."""
    return ops.Complete(selector_of(draft, _thing(draft, rng, lambda t: t.chipped), rng))


def clean(draft: Draft, rng: np.random.Generator) -> Op:
    """A stray streak wiped away."""
    return ops.Clean(pick(draft.now.artifacts, rng) if rng.random() < 0.6 else None)


def match(draft: Draft, rng: np.random.Generator) -> Op:
    """The one that is unlike the others."""
    return ops.MatchOthers(pick([t.shape for t in draft.untouched() if len(group(draft.now, Look(t.shape))) > 2], rng))


def turn(draft: Draft, rng: np.random.Generator) -> Op:
    """Another pose, named or relative to the present one."""
    thing = _thing(draft, rng, lambda t: t.shape in DIRECTED)
    return ops.Turn(selector_of(draft, thing, rng), pick(TURNS, rng))


def say(draft: Draft, rng: np.random.Generator) -> Op:
    """Other words on a sign."""
    sign = _thing(draft, rng, lambda t: t.shape == "sign")
    return ops.Alter(selector_of(draft, sign, rng), Look(text=random_text(rng)))


def move(draft: Draft, rng: np.random.Generator) -> Op:
    """A thing brought to a free cell, or next to another thing."""
    thing = _thing(draft, rng)
    place = choose_spot_beside(draft, rng, but=thing) if rng.random() < 0.25 else pick(draft.room(), rng)
    return ops.Move(selector_of(draft, thing, rng), place)


def swap(draft: Draft, rng: np.random.Generator) -> Op:
    """Two things that trade places."""
    one, two = _thing(draft, rng), _thing(draft, rng)
    if one.look == two.look:
        raise Unresolved("swapping these would change nothing")
    return ops.Swap(selector_of(draft, one, rng), selector_of(draft, two, rng))


def shove(draft: Draft, rng: np.random.Generator) -> Op:
    """A thing that slides until something stops it."""
    return ops.Push(selector_of(draft, _thing(draft, rng), rng), pick(WAYS, rng))
