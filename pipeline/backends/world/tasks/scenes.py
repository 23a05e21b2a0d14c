"""Draw starting scenes and looks. In: a random generator, and the sub-categories of the clauses. Out: scenes, looks.

A scene to edit holds what its clauses need (something chipped, a sign, three of a kind) among other things. Some things look
much like others, so that a description needs more than one word.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.backends.world.scenes.find import full_look
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
from pipeline.backends.world.scenes.scene import JITTER, Scene, Thing, natural_facing
from pipeline.backends.world.tasks.draft import pick

WORDS = ("OPEN", "STOP", "EXIT", "SALE", "CAFE", "HELP", "TAXI", "BUS", "ZOO", "GO", "PARK", "FISH", "SHOP", "WAIT")
BROAD = tuple(size for size in SIZES if size != "small")
TIMELY = ("candle", "plant", "circle", "balloon")
FEWEST, MOST = 3, 6


def _maybe(probability: float, rng: np.random.Generator) -> bool:
    return bool(rng.random() < probability)


def random_text(rng: np.random.Generator) -> str:
    """A text for a sign."""
    return pick(WORDS, rng) if _maybe(0.6, rng) else str(int(rng.integers(1, 1000)))


def random_look(rng: np.random.Generator, shapes: Sequence[str] = SHAPES, adorned: float = 0.3) -> Look:
    """A look with shape, colour and size, with probability `adorned` also a texture, a mark or a pose; a sign has a text."""
    shape, colour, size = pick(shapes, rng), pick(list(COLOURS), rng), pick(list(SIZES), rng)
    if shape == "sign":
        return Look(shape, colour, pick(BROAD, rng), text=random_text(rng))
    if shape in DIRECTED and _maybe(adorned, rng):
        turned = pick([f for f in FACINGS if f != natural_facing(shape)], rng)
        return Look(shape, colour, size, facing=turned)
    if shape in CLOTH and size in BROAD and _maybe(adorned, rng):
        return _adorn(Look(shape, colour, size), rng)
    return Look(shape, colour, size)


def _adorn(plain: Look, rng: np.random.Generator) -> Look:
    if _maybe(0.65, rng):
        return replace(plain, texture=pick(TEXTURES, rng))
    return replace(plain, mark=pick(MARKS, rng))


def subject_look(rng: np.random.Generator) -> Look:
    """A look with a texture, a mark, or both, which distinguish it from others of its shape and colour."""
    plain = Look(pick(CLOTH, rng), pick(list(COLOURS), rng), pick(BROAD, rng))
    if _maybe(0.3, rng):
        return replace(plain, texture=pick(TEXTURES, rng), mark=pick(MARKS, rng))
    return _adorn(plain, rng)


def lay(look: Look, place: str, rng: np.random.Generator) -> Thing:
    """A thing of a look near the middle of a cell. Raises ValueError when the look leaves shape, colour or size open."""
    if look.shape is None or look.colour is None or look.size is None:
        raise ValueError(f"{look} leaves something open")
    dx, dy = (int(d) for d in rng.integers(-JITTER, JITTER + 1, 2))
    facing, chipped = look.facing or natural_facing(look.shape), bool(look.chipped)
    texture, mark, text = look.texture or PLAIN, look.mark or "", look.text or ""
    return Thing(look.shape, look.colour, look.size, place, texture, mark, facing, chipped, text, dx, dy)


def random_ground(rng: np.random.Generator) -> Scene:
    """An empty scene, in daylight mostly."""
    tone = pick([t for t in TONES if t != "day"], rng) if _maybe(0.12, rng) else "day"
    return Scene(pick(list(BACKGROUNDS), rng), tone=tone)


def portrait(look: Look, rng: np.random.Generator) -> Scene:
    """A picture of one thing, in the middle."""
    while (scene := random_ground(rng).put(lay(look, "center", rng))).misfit:
        pass
    return scene


def start_scene(categories: Sequence[str], clauses: int, rng: np.random.Generator, extra: Sequence[Look] = ()) -> Scene:
    """A reference of three to six things, or more if its clauses need them; it holds the `extra` looks, too."""
    needed = [*extra, *(prop for category in categories for prop in _props(category, rng))]
    count = max(int(rng.integers(max(FEWEST, min(clauses + 1, MOST)), MOST + 1)), len(needed))
    looks = needed[: len(PLACES) - 2]
    while len(looks) < count and len(looks) < len(PLACES) - 2:
        looks.append(_filler(looks, {p.shape for p in needed}, rng))
    places = [PLACES[i] for i in rng.permutation(len(PLACES))]
    while (scene := _fill_cells(looks, places, rng)).misfit:
        pass
    if "anomaly_correction" in categories and _maybe(0.5, rng):
        return scene.streaked(pick(scene.free(), rng))
    return scene


def _fill_cells(looks: Sequence[Look], places: Sequence[str], rng: np.random.Generator) -> Scene:
    scene = random_ground(rng)
    for each, place in zip(looks, places, strict=False):
        scene = scene.put(lay(each, place, rng))
    return scene


def _filler(looks: Sequence[Look], reserved: set[str | None], rng: np.random.Generator) -> Look:
    """A look for one more thing; often it shares shape and colour with an earlier one."""
    alike = [e for e in looks if e.shape not in reserved and e.shape != "sign"]
    if alike and _maybe(0.3, rng):
        model = pick(alike, rng)
        return replace(random_look(rng, [s for s in SHAPES if s == model.shape], 0.5), colour=model.colour)
    shapes = [s for s in SHAPES if s not in reserved]
    new = random_look(rng, shapes)
    if new.shape in ("circle", "square", "diamond") and new.size in BROAD and _maybe(0.06, rng):
        return replace(new, chipped=True)
    return new


def _props(category: str, rng: np.random.Generator) -> list[Look]:
    """The looks that a scene needs for a clause of this sub-category."""
    match category:
        case "part_completion":
            whole = random_look(rng, ("circle", "square", "diamond"), 0.2)
            return [replace(whole, size=pick(BROAD, rng), chipped=True)]
        case "pose":
            return [random_look(rng, tuple(DIRECTED), 0.5)]
        case "text":
            return [random_look(rng, ("sign",))]
        case "material":
            return [replace(random_look(rng, CLOTH, 0.5), size=pick(BROAD, rng))]
        case "count":
            return [random_look(rng)] * int(rng.integers(1, 4))
        case "temporal_evolution":
            return [random_look(rng, TIMELY) for _ in range(int(rng.integers(1, 4)))]
        case "motion":
            return [random_look(rng, ("circle",))] if _maybe(0.5, rng) else []
        case "anomaly_correction":
            return _all_but_one(rng) if _maybe(0.5, rng) else []
    return []


def _all_but_one(rng: np.random.Generator) -> list[Look]:
    """Three or four of a kind, of which one differs in colour or size."""
    common = random_look(rng, [s for s in SHAPES if s != "sign"], 0.15)
    odd = replace(common, colour=pick([c for c in COLOURS if c != common.colour], rng))
    if _maybe(0.4, rng) and not (common.texture or common.mark):
        odd = replace(common, size=pick([s for s in SIZES if s != common.size], rng))
    return [*[common] * int(rng.integers(2, 4)), odd]


def near_twin(thing: Thing, rng: np.random.Generator) -> Look:
    """A look that differs from this thing in texture and mark only."""
    others = [Look(mark=m) for m in MARKS if m != thing.mark]
    others += [Look(texture=t) for t in TEXTURES if t != thing.texture]
    other = pick(others, rng)
    return replace(full_look(thing), texture=other.texture, mark=other.mark)
