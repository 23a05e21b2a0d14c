"""The world as a source of samples. In: a `WorldSpec` and a seed. Out: `WorldRow`s with their truth.

Row i depends on the seed and i alone, so rows can be made anywhere, in any order.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.world import ops
from pipeline.world.draw import picture
from pipeline.world.language import join, phrase
from pipeline.world.scene import EXOTIC_SHAPES, EXOTIC_TEXTURES, Scene
from pipeline.world.tasks import MEANINGS, Draft, compose
from pipeline.world.truth import Truth
from stages.records import Cause

Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=96, le=4096)]
Clauses = Annotated[int, Field(ge=1, le=6)]
Weight = Annotated[float, Field(ge=0)]
WEIGHTS = {1: 0.30, 2: 0.20, 3: 0.14, 4: 0.14, 5: 0.12, 6: 0.10}
CATEGORIES: dict[type[ops.Op], str] = {
    ops.Add: "addition",
    ops.Remove: "removal",
    ops.Replace: "replacement",
    ops.Recolour: "color",
    ops.Resize: "size",
    ops.Count: "count",
    ops.Move: "spatial_arrangement",
    ops.Swap: "spatial_arrangement",
    ops.Background: "background",
}


class WorldSpec(BaseModel):
    """How many samples of which kind: `t2i`, `exotic` are shares, `clauses` weighs how many changes come at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["world"]
    name: str
    count: Annotated[int, Field(ge=0)]
    size: Side | tuple[Side, Side] = 256
    t2i: Share = 0.3
    exotic: Share = 0.1
    clauses: dict[Clauses, Weight] = Field(default_factory=lambda: dict(WEIGHTS), min_length=1)
    licence: str = "CC0-1.0"

    @field_validator("clauses")
    @classmethod
    def _something_weighs(cls, value: dict[int, float]) -> dict[int, float]:
        if not sum(value.values()) > 0:
            raise ValueError("no number of clauses has a weight above 0; give one")
        return value

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


@dataclass(frozen=True, slots=True)
class WorldRow:
    """One sample as the source gives it; `reference` is PNG bytes, None for text-to-image."""

    row_id: str
    instruction: str
    explanation: str | None
    reference: bytes | None
    task: Literal["t2i", "edit"]
    category: str
    width: int
    height: int
    checker_spec: dict[str, Any]
    truth: Truth


def _cause(clauses: int, exotic: bool) -> Cause:
    if exotic:
        return "missing_knowledge"
    return "prompt_too_complex" if clauses >= 3 else "rendering_limit"


def checker(scene: Scene) -> dict[str, Any]:
    """The target as an object specification: what to find, how many, and where."""
    counts = Counter((t.shape, t.colour) for t in scene.things)
    include = []
    for (shape, colour), count in counts.items():
        places = [t.place for t in scene.things if (t.shape, t.colour) == (shape, colour)]
        include.append({"class": shape, "color": colour, "count": count, "position": places})
    return {"include": include, "background": scene.background}


def _explanation(draft: Draft) -> str | None:
    words = {w for t in draft.now.things for w in (t.shape, t.texture) if w in (*EXOTIC_SHAPES, *EXOTIC_TEXTURES)}
    meanings = [MEANINGS[word] for word in sorted(words)]
    return " ".join(f"{m[0].upper()}{m[1:]}." for m in meanings) or None


def row(spec: WorldSpec, seed: int, i: int) -> WorldRow:
    """The i-th row."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF, i])
    weights = np.array(list(spec.clauses.values()), float)
    clauses = int(rng.choice(list(spec.clauses), p=weights / weights.sum()))
    t2i, exotic = bool(rng.random() < spec.t2i), bool(rng.random() < spec.exotic)
    draft = compose(clauses, t2i, exotic, rng)
    width, height = spec.canvas
    return WorldRow(
        row_id=f"{i:05d}",
        instruction=join([phrase(op, rng, t2i) for op in draft.clauses], rng, t2i),
        explanation=_explanation(draft),
        reference=None if t2i else picture(draft.start, width, height, rng),
        task="t2i" if t2i else "edit",
        category="text_to_image" if t2i else CATEGORIES[type(draft.clauses[0])],
        width=width,
        height=height,
        checker_spec=checker(draft.now),
        truth=Truth(draft.now, clauses, exotic, _cause(clauses, exotic)),
    )


def rows(spec: WorldSpec, seed: int) -> Iterator[WorldRow]:
    """All rows, in order."""
    return (row(spec, seed, i) for i in range(spec.count))
