"""Compose tasks. In: an `Order` and a random generator. Out: a `Draft`, the same for the same generator.

A clause of the ordered sub-category comes first; the others are drawn evenly from all that fit.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.ops import Look
from pipeline.backends.world.scenes.scene import empty
from pipeline.backends.world.tasks import pictures
from pipeline.backends.world.tasks.categories import COLOURED, COMPOSITIONS, EDITS, EXOTIC, NEW, WHOLE
from pipeline.backends.world.tasks.draft import Draft, pick
from pipeline.backends.world.tasks.knowledge import new_colour
from pipeline.backends.world.tasks.scenes import near_twin, portrait, start_scene, subject_look
from pipeline.backends.world.tasks.things import Maker

TRIES = 200
MAKER_TRIES = 4
WHOLE_LAST = 0.12
"""The probability that the last of several clauses changes the whole scene."""
GROUNDS = ("background", "background", "tone_lighting")
AROUND = (*GROUNDS, "addition", "addition")
"""The sub-categories of the further clauses of a composition."""
ON_ONE = tuple(name for name in EDITS if name not in WHOLE)


@dataclass(frozen=True, slots=True)
class Order:
    """The kind of a task: the sub-category of its first clause (None: a new picture) and the number of clauses.

    `special`: one clause is about a shape that the Generator has no primitive for ("exotic"), or names a new colour, which a
    term can replace ("term"). Compositions have neither.
    """

    category: str | None
    clauses: int
    special: Literal["exotic", "term"] | None = None


def compose(order: Order, rng: np.random.Generator) -> Draft:
    """Compose a task. Raises Unresolved when `TRIES` tries fail."""
    for _ in range(TRIES):
        try:
            return _attempt(order, rng)
        except Unresolved:
            continue
    raise Unresolved(f"no task like {order} in {TRIES} tries")


def _attempt(order: Order, rng: np.random.Generator) -> Draft:
    categories = _choose_categories(order, rng)
    draft = _begin(order, categories, rng)
    for index, category in enumerate(categories):
        draft = _grow(draft, order, index, category, rng)
    first = 1 if order.category == "composition" else 2
    if draft.now.artifacts or not pictures.all_used(draft, first):
        raise Unresolved("a streak is left, or a picture is not used")
    if order.special == "term" and not any(map(new_colour, draft.clauses)):
        raise Unresolved("no clause names a new colour")
    return draft


def _choose_categories(order: Order, rng: np.random.Generator) -> list[str]:
    """The sub-category of every clause, in order; an exotic clause is written "exotic addition"."""
    if order.category is None:
        categories = ["new"] * order.clauses
        if order.clauses > 1 and rng.random() < 0.6:
            categories[pick((0, -1), rng)] = pick(GROUNDS, rng)
    else:
        others = AROUND if order.category == "composition" else ON_ONE
        categories = [order.category, *(pick(others, rng) for _ in range(order.clauses - 1))]
        if order.clauses > 1 and order.category in EDITS and rng.random() < WHOLE_LAST:
            categories[-1] = pick(WHOLE, rng)
    return _insert_special(categories, order, rng)


def _insert_special(categories: list[str], order: Order, rng: np.random.Generator) -> list[str]:
    if order.special is None:
        return categories
    suitable = ("new", *(EXOTIC if order.special == "exotic" else COLOURED))
    free = [i for i, category in enumerate(categories) if i > 0 or category in suitable]
    index = pick(free, rng)
    category = categories[index] if categories[index] in suitable else pick(suitable[1:], rng)
    if order.special == "exotic":
        category = "exotic " + ("addition" if category == "new" else category)
    return [*categories[:index], category, *categories[index + 1 :]]


def _begin(order: Order, categories: list[str], rng: np.random.Generator) -> Draft:
    if order.category is None:
        return Draft(empty(), empty())
    if order.category not in COMPOSITIONS:
        scene = start_scene(categories, order.clauses, rng)
        return Draft(scene, scene)
    subjects = _subjects(2 if order.clauses < 3 or rng.random() < 0.6 else 3, rng)
    if order.category == "composition":
        return Draft(empty(), empty(), tuple(portrait(look, rng) for look in subjects))
    borrowed = subjects[: min(len(subjects) - 1, order.clauses)]
    portraits = tuple(portrait(look, rng) for look in borrowed)
    decoys = [near_twin(picture.things[0], rng) for picture in portraits[:1]]
    scene = start_scene(categories, order.clauses, rng, decoys)
    return Draft(scene, scene, (scene, *portraits))


def _subjects(count: int, rng: np.random.Generator) -> list[Look]:
    """The looks of the things to borrow; some differ from each other in texture and mark only."""
    looks = [subject_look(rng)]
    while len(looks) < count:
        if rng.random() < 0.4:
            looks.append(near_twin(portrait(looks[-1], rng).things[0], rng))
        else:
            looks.append(subject_look(rng))
    if len(set(looks)) < count:
        raise Unresolved("two of these look the same")
    return looks


def _makers(category: str) -> tuple[Maker, ...]:
    if category == "new":
        return NEW
    if category.startswith("exotic "):
        return (EXOTIC[category.removeprefix("exotic ")],)
    return EDITS.get(category) or COMPOSITIONS[category]


def _grow(draft: Draft, order: Order, index: int, category: str, rng: np.random.Generator) -> Draft:
    """The draft with a clause of `category`, or of another one where the order leaves it free. Raises Unresolved."""
    if index > 0 and order.category in COMPOSITIONS:
        category = _borrowing_category(draft, order, category, rng)
    fixed = index == 0 or order.category not in EDITS or category.startswith("exotic ")
    others = [] if fixed else ON_ONE
    for name in (category, *(others[i] for i in rng.permutation(len(others)))):
        makers = _makers(name)
        for _ in range(MAKER_TRIES):
            try:
                return draft.plus(makers[int(rng.integers(len(makers)))](draft, rng))
            except Unresolved:
                continue
    raise Unresolved("no further clause fits")


def _borrowing_category(draft: Draft, order: Order, category: str, rng: np.random.Generator) -> str:
    """A category that borrows while some picture is unused; afterwards `category` as it is."""
    if order.category == "composition":
        return category if pictures.all_used(draft, 1) else "composition"
    if pictures.all_used(draft, 2):
        return category
    return pick(("object_replacement", "reference_transfer"), rng)


def first_can_be_special(order: Order) -> bool:
    """Whether the first clause can be the special one; if not, the order needs a second clause."""
    suitable = EXOTIC if order.special == "exotic" else COLOURED
    return order.special is None or order.category is None or order.category in suitable
