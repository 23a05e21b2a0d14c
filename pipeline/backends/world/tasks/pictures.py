"""Make clauses about whole pictures, new pictures and attached pictures. In: a draft, a random generator. Out: an op.

New pictures come in two styles: things with places, and GenEval's, which leave places, sizes and mostly colours open.
"""

from dataclasses import replace

import numpy as np

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved, group
from pipeline.backends.world.scenes.looks import BACKGROUNDS, CLOTH, COLOURS, SHAPES, TONES
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.scenes.perform import apply
from pipeline.backends.world.scenes.scene import empty
from pipeline.backends.world.tasks.describe import SIDES, choose_spot, selector_of
from pipeline.backends.world.tasks.draft import MOST_THINGS, Draft, pick
from pipeline.backends.world.tasks.scenes import BROAD, random_look

TEXTLESS = tuple(shape for shape in SHAPES if shape != "sign")


def background(draft: Draft, rng: np.random.Generator) -> Op:
    """Another background."""
    return ops.Background(pick([b for b in BACKGROUNDS if b != draft.now.background], rng))


def light(draft: Draft, rng: np.random.Generator) -> Op:
    """Another light."""
    return ops.Light(pick([t for t in TONES if t != draft.now.tone], rng))


def behind(_: Draft, __: np.random.Generator) -> Op:
    """The scene from behind."""
    return ops.Behind()


def later(_: Draft, __: np.random.Generator) -> Op:
    """The scene a while later."""
    return ops.Later()


def several(draft: Draft, rng: np.random.Generator) -> Op:
    """A number of things of a look that is new to the picture."""
    new = (
        replace(random_look(rng, TEXTLESS, 0.15), size=None) if rng.random() < 0.5 else random_look(rng, TEXTLESS, 0.15)
    )
    new = replace(new, texture=None, mark=None) if new.size is None else new
    if group(draft.now, Look(new.shape, new.colour)):
        raise Unresolved("there are such things already")
    room = min(4, MOST_THINGS - len(draft.now.things) - 1)
    return ops.Count(new, pick(range(2, room + 1), rng))


def add_from(draft: Draft, rng: np.random.Generator) -> Op:
    """The thing of the next attached picture that no clause uses yet."""
    return ops.AddFrom(_unused(draft, 1), choose_spot(draft, rng, near=0.3, unsaid=0.15))


def replace_from(draft: Draft, rng: np.random.Generator) -> Op:
    """The thing of an attached picture in the place of one."""
    return ops.ReplaceFrom(selector_of(draft, pick(draft.untouched(), rng), rng), _unused(draft, 2))


def transfer_from(draft: Draft, rng: np.random.Generator) -> Op:
    """The colour or the pattern of the thing of an attached picture."""
    picture = _unused(draft, 2)
    pattern = bool(rng.random() < 0.6)
    broad = [t for t in draft.untouched() if not pattern or (t.shape in CLOTH and t.size in BROAD)]
    return ops.TransferFrom(selector_of(draft, pick(broad, rng), rng), picture, "pattern" if pattern else "colour")


def _unused(draft: Draft, first: int) -> int:
    """The first attached picture, from number `first` on, that no clause uses. Raises Unresolved when all are used."""
    used = {getattr(op, "picture", None) for op in draft.clauses}
    free = [n for n in range(first, len(draft.pictures) + 1) if n not in used]
    if not free:
        raise Unresolved("something is taken from every picture")
    return free[0]


def all_used(draft: Draft, first: int) -> bool:
    """Whether clauses use every attached picture from number `first` on."""
    return {getattr(op, "picture", None) for op in draft.clauses} >= set(range(first, len(draft.pictures) + 1))


def geneval(rng: np.random.Generator) -> Draft:
    """A new picture in one of GenEval's six forms: one object, two, a number, a colour, a position, two colours."""
    one, two = (TEXTLESS[i] for i in rng.permutation(len(TEXTLESS))[:2])
    colours = [
        c for c in COLOURS if c != "white"
    ]  # the open background is white at first, where a white thing could not be seen
    red, blue = (colours[i] for i in rng.permutation(len(colours))[:2])
    beside = Near(SIDES[int(rng.integers(len(SIDES)))], Selector(Look(two)))
    counted = Look(one, red) if rng.random() < 0.5 else Look(one)
    forms: tuple[tuple[Op, ...], ...] = (
        (ops.Add(Look(one)),),
        (ops.Add(Look(one)), ops.Add(Look(two))),
        (ops.Count(counted, int(rng.integers(2, 5))),),
        (ops.Add(Look(one, red)),),
        (ops.Add(Look(two)), ops.Add(Look(one), beside)),
        (ops.Add(Look(one, red)), ops.Add(Look(two, blue))),
    )
    clauses = pick(forms, rng)
    now = apply(empty(), clauses)
    return Draft(empty(), now, clauses=clauses, adrift=frozenset(t.shape for t in now.things), loose=True)
