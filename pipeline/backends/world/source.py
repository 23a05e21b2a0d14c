"""The world as a source of samples. In: a `WorldSpec` and a seed. Out: `WorldRow`s with their truth.

The task and the pictures of row i depend on the seed and i alone; its words depend on the writer, too. So rows can be made
anywhere, in any order, and another writer words the same tasks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.oracle.truth import Truth
from pipeline.backends.world.scenes.looks import MOST_PIXELS
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import settle_background
from pipeline.backends.world.tasks.categories import CATEGORIES, COMPOSITIONS, EDITS, WHOLE, category
from pipeline.backends.world.tasks.checker import specification
from pipeline.backends.world.tasks.draft import Draft
from pipeline.backends.world.tasks.knowledge import explanation, veil_colour
from pipeline.backends.world.tasks.pictures import geneval
from pipeline.backends.world.tasks.recipe import Order, compose, first_can_be_special
from pipeline.backends.world.words.writer import Writer, plain
from pipeline.sources.mixing import SourceShare
from stages.records import Cause, Task

T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=96, le=4096)]
Clauses = Annotated[int, Field(ge=1, le=6)]
Weight = Annotated[float, Field(ge=0)]
WEIGHTS = {1: 0.20, 2: 0.18, 3: 0.18, 4: 0.17, 5: 0.15, 6: 0.12}
MASK = 0xFFFFFFFF
GOLDEN = (5**0.5 - 1) / 2


class WorldSpec(SourceShare):
    """How many samples of which kind.

    Shares run from 0 to 1:
    - `t2i`: new pictures, among all samples; `geneval`: those worded as GenEval does, among the new pictures.
    - `compose`: samples with several references, among those with any.
    - `exotic`: samples with a shape that needs an explanation; `terms`: edits that name a colour by a term. Compositions, and
      changes of the whole scene, have neither.

    `clauses` weighs how many changes come at once, `categories` the sub-category of the first one. `size` is in pixels.
    Each row makes `rollouts` samples, which differ in their ids and seeds alone; `count` counts rows.
    """

    kind: Literal["world"]
    name: str
    count: Annotated[int, Field(ge=0)]
    size: Side | tuple[Side, Side] = 256
    t2i: Share = 0.25
    geneval: Share = 0.3
    compose: Share = 0.15
    exotic: Share = 0.08
    terms: Share = 0.08
    clauses: dict[Clauses, Weight] = Field(default_factory=lambda: dict(WEIGHTS), min_length=1)
    categories: dict[str, Weight] | None = None
    licence: str = "CC0-1.0"
    rollouts: int = Field(1, ge=1, le=64)

    @field_validator("clauses")
    @classmethod
    def _check_clauses(cls, value: dict[int, float]) -> dict[int, float]:
        if not sum(value.values()) > 0:
            raise ValueError("no number of clauses has a weight above 0; give one")
        return value

    @field_validator("categories")
    @classmethod
    def _check_categories(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if unknown := sorted(set(value or ()) - set(CATEGORIES)):
            raise ValueError(f"{unknown[0]!r} is no sub-category of the world; take {', '.join(CATEGORIES)}")
        return value

    @field_validator("size")
    @classmethod
    def _check_size(cls, value: int | tuple[int, int]) -> int | tuple[int, int]:
        width, height = (value, value) if isinstance(value, int) else value
        if width * height > MOST_PIXELS:
            raise ValueError(f"{width}x{height} are more than the {MOST_PIXELS:,} pixels (2048x2048) that are drawn")
        return value

    @model_validator(mode="after")
    def _check_reachable(self) -> Self:
        in_use = (self.t2i < 1 and self.compose < 1, self.t2i < 1 and self.compose > 0)
        for names, used, else_compose in zip((EDITS, COMPOSITIONS), in_use, (1, 0), strict=True):
            if used and not sum(self._weights(names).values()) > 0:
                raise ValueError(
                    f"categories gives none of {', '.join(names)} a weight above 0, but compose is {self.compose:g};"
                    f" give one, or set compose to {else_compose}"
                )
        return self

    def _weights(self, names: Iterable[str]) -> dict[str, float]:
        return {name: 1.0 if self.categories is None else self.categories.get(name, 0.0) for name in names}

    def shares(self) -> dict[str | None, float]:
        """The share of all rows, 0 to 1, of each sub-category; None stands for new pictures."""
        shares: dict[str | None, float] = {None: self.t2i}
        for names, share in ((EDITS, 1 - self.compose), (COMPOSITIONS, self.compose)):
            weights = self._weights(names)
            total = sum(weights.values()) or 1.0
            shares |= {name: (1 - self.t2i) * share * weight / total for name, weight in weights.items()}
        return shares

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


@dataclass(frozen=True, slots=True)
class WorldRow:
    """One sample of the source. `references` are PNG bytes, in the order in which the words count them."""

    row_id: str
    instruction: str
    explanation: str | None
    references: tuple[bytes, ...]
    task: Task
    category: str
    width: int
    height: int
    checker_spec: dict[str, Any]
    truth: Truth


def _seed_words(seed: int) -> list[int]:
    return [seed & MASK, (seed >> 32) & MASK]


def _expected_cause(clauses: int, exotic: bool) -> Cause:
    if exotic:
        return "missing_knowledge"
    return "prompt_too_complex" if clauses >= 3 else "rendering_limit"


def _item_at(weights: Mapping[T, float], position: float) -> T:
    """The item at a position, 0 to 1, on a line on which each item is as long as it weighs."""
    ends = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(ends / ends[-1], position, side="right"))]


def _choose_order(spec: WorldSpec, seed: int, i: int, rng: np.random.Generator) -> Order:
    """Choose the kind of the i-th task."""
    # Kinds take turns along the golden ratio, so that every stretch of rows holds them all in proportion.
    turn = (np.random.default_rng([*_seed_words(seed), 0, 3]).random() + i * GOLDEN) % 1
    first = _item_at(spec.shares(), turn)
    clauses = _item_at(spec.clauses, rng.random())
    exotic, term = rng.random(2) < (spec.exotic, spec.terms)
    if first in COMPOSITIONS:
        return Order(first, max(clauses, 2) if first == "composition" else clauses)
    if first in WHOLE:
        return Order(first, 1)
    special: Literal["exotic", "term"] | None = "exotic" if exotic else "term" if term and first else None
    order = Order(first, clauses, special)
    return order if first_can_be_special(order) else Order(first, max(clauses, 2), special)


def _make_draft(spec: WorldSpec, order: Order, rng: np.random.Generator) -> Draft:
    as_geneval = order.category is None and order.special is None and rng.random() < spec.geneval
    return geneval(rng) if as_geneval else compose(order, rng)


def _make_truth(draft: Draft, order: Order, worded: Sequence[Op]) -> Truth:
    exotic = order.special == "exotic"
    return Truth(
        start=draft.start,
        pictures=draft.pictures or ((draft.start,) if draft.start.things else ()),
        clauses=draft.clauses,
        target=settle_background(draft.now, draft.clauses, draft.start),
        exotic=exotic,
        cause=_expected_cause(len(draft.clauses), exotic),
        loose=draft.loose or draft.open_ground,
        taught=tuple(n for n, (op, as_worded) in enumerate(zip(draft.clauses, worded, strict=True)) if op != as_worded),
    )


def row_name(i: int) -> str:
    """The id of the i-th row."""
    return f"{i:05d}"


def row(spec: WorldSpec, seed: int, i: int, writer: Writer = plain) -> WorldRow:
    """The i-th row, in the words of `writer`."""
    tasks, words, pens = (np.random.default_rng([*_seed_words(seed), i, n]) for n in range(3))
    order = _choose_order(spec, seed, i, tasks)
    draft = _make_draft(spec, order, tasks)
    worded, facts = draft.clauses, []
    if order.special == "term":
        worded, fact = veil_colour(worded, tasks)
        facts.append(fact)
    truth = _make_truth(draft, order, worded)
    new, (width, height) = order.category is None, spec.canvas
    return WorldRow(
        row_id=row_name(i),
        instruction=writer(worded, words, new),
        explanation=explanation(worded, truth.target, facts),
        references=tuple(picture(scene, width, height, pens) for scene in truth.pictures),
        task="t2i" if new else "compose" if len(truth.pictures) > 1 else "edit",
        category="text_to_image" if new else category(draft.clauses[0]),
        width=width,
        height=height,
        checker_spec=specification(draft, truth.target),
        truth=truth,
    )


def rows(spec: WorldSpec, seed: int, writer: Writer = plain) -> Iterator[WorldRow]:
    """All rows, in order."""
    return (row(spec, seed, i, writer) for i in range(spec.count))
