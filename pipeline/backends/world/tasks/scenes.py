"""Scenes to start from, and looks of new things. In: a random generator, and what clauses will need. Out: scenes, looks.

A scene that is to be edited holds what its clauses need (something chipped, a sign, three of a kind) among other things,
some of which look much like others, so that it takes more than a word to tell them apart.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.backends.world.scenes.find import full
from pipeline.backends.world.scenes.looks import (
    BACKGROUNDS,
    CLOTH,
    COLOURS,
    DIRECTED,
    FACINGS,
    MARKS,
    PLACES,
    PLAIN,
    SHAPES,
    SIZES,
    TEXTURES,
    TONES,
)
from pipeline.backends.world.scenes.ops import Look
from pipeline.backends.world.scenes.scene import JITTER, Scene, Thing, natural
from pipeline.backends.world.tasks.draft import pick

WORDS = ("OPEN", "STOP", "EXIT", "SALE", "CAFE", "HELP", "TAXI", "BUS", "ZOO", "GO", "PARK", "FISH", "SHOP", "WAIT")
BROAD = tuple(size for size in SIZES if size != "small")
TIMELY = ("candle", "plant", "circle", "balloon")
FEWEST, MOST = 3, 6


def _maybe(probability: float, rng: np.random.Generator) -> bool:
    return bool(rng.random() < probability)


def words(rng: np.random.Generator) -> str:
    """What a sign may say."""
    return pick(WORDS, rng) if _maybe(0.6, rng) else str(int(rng.integers(1, 1000)))


def look(rng: np.random.Generator, shapes: Sequence[str] = SHAPES, adorned: float = 0.3) -> Look:
    """A look with shape, colour and size, now and then with a texture, a mark or a pose; a sign says something."""
    shape, colour, size = pick(shapes, rng), pick(list(COLOURS), rng), pick(list(SIZES), rng)
    if shape == "sign":
        return Look(shape, colour, pick(BROAD, rng), text=words(rng))
    if shape in DIRECTED and _maybe(adorned, rng):
        turned = pick([f for f in FACINGS if f != natural(shape)], rng)
        return Look(shape, colour, size, facing=turned)
    if shape in CLOTH and size in BROAD and _maybe(adorned, rng):
        return _adorned(Look(shape, colour, size), rng)
    return Look(shape, colour, size)


def _adorned(plain: Look, rng: np.random.Generator) -> Look:
    if _maybe(0.65, rng):
        return replace(plain, texture=pick(TEXTURES, rng))
    return replace(plain, mark=pick(MARKS, rng))


def subject_look(rng: np.random.Generator) -> Look:
    """A look told from others of its shape and colour by texture, mark, or both."""
    plain = Look(pick(CLOTH, rng), pick(list(COLOURS), rng), pick(BROAD, rng))
    if _maybe(0.3, rng):
        return replace(plain, texture=pick(TEXTURES, rng), mark=pick(MARKS, rng))
    return _adorned(plain, rng)


def laid(of: Look, place: str, rng: np.random.Generator) -> Thing:
    """A thing about in the middle of a cell. Raises ValueError when shape, colour or size is not said."""
    if of.shape is None or of.colour is None or of.size is None:
        raise ValueError(f"{of} leaves something open")
    dx, dy = (int(d) for d in rng.integers(-JITTER, JITTER + 1, 2))
    facing, chipped = of.facing or natural(of.shape), bool(of.chipped)
    texture, mark, text = of.texture or PLAIN, of.mark or "", of.text or ""
    return Thing(of.shape, of.colour, of.size, place, texture, mark, facing, chipped, text, dx, dy)


def ground(rng: np.random.Generator) -> Scene:
    """An empty scene, in daylight mostly."""
    tone = pick([t for t in TONES if t != "day"], rng) if _maybe(0.12, rng) else "day"
    return Scene(pick(list(BACKGROUNDS), rng), tone=tone)


def portrait(of: Look, rng: np.random.Generator) -> Scene:
    """A picture of one thing, in the middle."""
    while (shown := ground(rng).put(laid(of, "center", rng))).misfit:
        pass
    return shown


def start_scene(wanted: Sequence[str], clauses: int, rng: np.random.Generator, also: Sequence[Look] = ()) -> Scene:
    """A reference of three to six things, more where the clauses need them; `also` are looks that it holds."""
    needed = [*also, *(prop for category in wanted for prop in _props(category, rng))]
    count = max(int(rng.integers(max(FEWEST, min(clauses + 1, MOST)), MOST + 1)), len(needed))
    looks = needed[: len(PLACES) - 2]
    while len(looks) < count and len(looks) < len(PLACES) - 2:
        looks.append(_filler(looks, {p.shape for p in needed}, rng))
    places = [PLACES[i] for i in rng.permutation(len(PLACES))]
    while (scene := _of(looks, places, rng)).misfit:
        pass
    if "anomaly_correction" in wanted and _maybe(0.5, rng):
        return scene.streaked(pick(scene.free(), rng))
    return scene


def _of(looks: Sequence[Look], places: Sequence[str], rng: np.random.Generator) -> Scene:
    scene = ground(rng)
    for each, place in zip(looks, places, strict=False):
        scene = scene.put(laid(each, place, rng))
    return scene


def _filler(looks: Sequence[Look], reserved: set[str | None], rng: np.random.Generator) -> Look:
    """Another thing; often it has shape and colour of one that is there, but is not like it."""
    alike = [e for e in looks if e.shape not in reserved and e.shape != "sign"]
    if alike and _maybe(0.3, rng):
        model = pick(alike, rng)
        return replace(look(rng, [s for s in SHAPES if s == model.shape], 0.5), colour=model.colour)
    shapes = [s for s in SHAPES if s not in reserved]
    new = look(rng, shapes)
    if new.shape in ("circle", "square", "diamond") and new.size in BROAD and _maybe(0.06, rng):
        return replace(new, chipped=True)
    return new


def _props(category: str, rng: np.random.Generator) -> list[Look]:
    """What a scene needs so that a clause of this sub-category can be about something."""
    match category:
        case "part_completion":
            whole = look(rng, ("circle", "square", "diamond"), 0.2)
            return [replace(whole, size=pick(BROAD, rng), chipped=True)]
        case "pose":
            return [look(rng, tuple(DIRECTED), 0.5)]
        case "text":
            return [look(rng, ("sign",))]
        case "material":
            return [replace(look(rng, CLOTH, 0.5), size=pick(BROAD, rng))]
        case "count":
            return [look(rng)] * int(rng.integers(1, 4))
        case "temporal_evolution":
            return [look(rng, TIMELY) for _ in range(int(rng.integers(1, 4)))]
        case "motion":
            return [look(rng, ("circle",))] if _maybe(0.5, rng) else []
        case "anomaly_correction":
            return _all_but_one(rng) if _maybe(0.5, rng) else []
    return []


def _all_but_one(rng: np.random.Generator) -> list[Look]:
    """Three or four of a kind, of which one differs in colour or size."""
    common = look(rng, [s for s in SHAPES if s != "sign"], 0.15)
    odd = replace(common, colour=pick([c for c in COLOURS if c != common.colour], rng))
    if _maybe(0.4, rng) and not (common.texture or common.mark):
        odd = replace(common, size=pick([s for s in SIZES if s != common.size], rng))
    return [*[common] * int(rng.integers(2, 4)), odd]


def like(thing: Thing, rng: np.random.Generator) -> Look:
    """A thing of the same shape, colour and size, told from this one by texture and mark alone."""
    others = [Look(mark=m) for m in MARKS if m != thing.mark]
    others += [Look(texture=t) for t in TEXTURES if t != thing.texture]
    other = pick(others, rng)
    return replace(full(thing), texture=other.texture, mark=other.mark)
