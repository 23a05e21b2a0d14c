"""What is true of a scene, as words for the slots of templates. In: scenes, and a random generator. Out: slots, and texts.

A slot is there only where the scene has what it names; `fill` chooses among the templates whose slots are all there. Things that
are not as they should be are never named as right, so a text is true even where the verdict is not.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import Formatter

import numpy as np

from pipeline.backends.world.sayings.natures import NATURES
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.words.language import a, at, name
from pipeline.backends.world.words.lexicon import NUMBERS

Slots = dict[str, str]
LIGHTS: Mapping[str, str] = {"day": "daylight", "evening": "evening light", "night": "night light"}
MOST_LISTED = 5


@lru_cache(maxsize=4096)
def _fields(template: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in Formatter().parse(template) if field)


def fill(templates: Sequence[str], slots: Mapping[str, str], rng: np.random.Generator) -> str:
    """One of the templates whose slots are all there, filled. Raises ValueError when there is none."""
    fitting = [template for template in templates if _fields(template) <= slots.keys()]
    return fitting[int(rng.integers(len(fitting)))].format_map(slots)


def sentence(text: str) -> str:
    """The text as a sentence."""
    return text[:1].upper() + text[1:] + "."


def things(number: int) -> str:
    """A number of things in words."""
    return "one thing" if number == 1 else f"{NUMBERS[number] if number < len(NUMBERS) else number} things"


def listed(parts: Sequence[str]) -> str:
    """The parts as a list: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def one(thing: Thing) -> str:
    """A thing with its place, as something new: "a red circle at the top"."""
    return f"{a(name(thing))} {at(thing.place)}"


def the(thing: Thing) -> str:
    """A thing with its place, as something known: "the red circle at the top"."""
    return f"the {name(thing)} {at(thing.place)}"


def right_things(seen: Scene, target: Scene) -> list[Thing]:
    """The things of a scene that are as the target has them."""
    return [t for t in seen.things if (there := target.at(t.place)) is not None and there.look == t.look]


def shuffled(values: Sequence[Thing], rng: np.random.Generator) -> list[Thing]:
    """The things in a random order."""
    return [values[i] for i in rng.permutation(len(values))]


def scene_slots(seen: Scene, target: Scene, rng: np.random.Generator) -> Slots:
    """{ground}, {light}, {count}, {free}; {thing} with {shape}, {a_shape}, {size}, {place}, {nature}; {other}, {other_nature}."""
    slots = {"ground": seen.background, "light": LIGHTS[seen.tone]}
    if len(seen.things) > 1:
        slots["count"] = things(len(seen.things))
    if free := [p for p in seen.free() if p in target.free()]:
        slots["free"] = at(free[int(rng.integers(len(free)))])
    # a bite out of a thing makes most of what is said of its shape untrue
    whole = shuffled([t for t in right_things(seen, target) if not t.chipped], rng)
    if whole:
        thing = whole[0]
        slots |= {"thing": the(thing), "nature": _nature(thing, rng), "place": at(thing.place), "size": thing.size}
        slots |= {"shape": thing.shape, "a_shape": a(thing.shape)}
    if len(whole) > 1:
        slots |= {"other": the(whole[1]), "other_nature": _nature(whole[1], rng)}
    return slots


def nature_of(shape: str, rng: np.random.Generator) -> str:
    """Something that is true of every thing of a shape."""
    return NATURES[shape][int(rng.integers(len(NATURES[shape])))]


def _nature(thing: Thing, rng: np.random.Generator) -> str:
    return nature_of(thing.shape, rng)


def change_slots(before: Scene, seen: Scene, target: Scene, rng: np.random.Generator) -> Slots:
    """What has changed as it should: {new}, {the_new}, {new_other}, {the_new_other}, {news}, {gone}, {gone_place}, and so on."""
    slots: Slots = {}
    new = [t for t in right_things(seen, target) if not _was_there(t, before)]
    mixed = shuffled(new, rng)
    for thing, suffix in zip(mixed, ("", "_other"), strict=False):
        slots |= {f"new{suffix}": one(thing), f"the_new{suffix}": the(thing)}
    if 0 < len(new) <= MOST_LISTED:
        slots["news"] = listed([one(t) for t in new])
    gone = [t for t in before.things if target.at(t.place) is None and seen.at(t.place) is None]
    if gone := shuffled(gone, rng):
        slots |= {"gone": the(gone[0]), "gone_place": at(gone[0].place)}
    if before.background != seen.background == target.background:
        slots["new_ground"] = seen.background
    if before.tone != seen.tone == target.tone:
        slots["new_light"] = LIGHTS[seen.tone]
    return slots


def kept_slots(before: Scene, seen: Scene, target: Scene, rng: np.random.Generator) -> Slots:
    """What stayed as it should: {kept}, {kept_other}, {kept_list}, {kept_count}, {same_ground}, {same_light}."""
    slots: Slots = {}
    kept = [t for t in right_things(seen, target) if _was_there(t, before)]
    mixed = shuffled(kept, rng)
    for thing, key in zip(mixed, ("kept", "kept_other"), strict=False):
        slots[key] = the(thing)
    if len(kept) > 1:
        slots |= {"kept_list": listed([the(t) for t in mixed[:3]]), "kept_count": things(len(kept))}
    if before.background == seen.background == target.background:
        slots["same_ground"] = seen.background
    if before.tone == seen.tone == target.tone:
        slots["same_light"] = LIGHTS[seen.tone]
    return slots


def _was_there(thing: Thing, before: Scene) -> bool:
    old = before.at(thing.place)
    return old is not None and old.look == thing.look


def fitted(parts: Sequence[str], room: int) -> str:
    """As many of the parts as fit into `room` characters, the first in any case, and the number of those left out."""
    for count in range(len(parts), 1, -1):
        rest = f"; and {things(len(parts) - count)} more" if count < len(parts) else ""
        if len(text := "; ".join(parts[:count]) + rest) <= room:
            return text
    return parts[0] + (f"; and {things(len(parts) - 1)} more" if len(parts) > 1 else "")
