"""Make the requests of a climb to `respond`, one at a time, in the form of the prompts. `stages` has the real climb.

In: a world row and skills. Out: images and parsed replies. Also tasks as scenes and ops alone, where no pixels are needed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.backends.world.models.desk import Desk
from pipeline.backends.world.models.skill import PRESETS, Skill
from pipeline.backends.world.respond import respond
from pipeline.backends.world.source import WorldRow
from pipeline.backends.world.tasks.categories import COMPOSITIONS, EDITS, WHOLE
from pipeline.backends.world.tasks.draft import Draft
from pipeline.backends.world.tasks.pictures import geneval
from pipeline.backends.world.tasks.recipe import Order, compose, first_can_be_special
from prompts.escaping import own_tags, protect
from stages.protocols import Message

LEAST = {"instruction": 5, "consistency": 3, "quality": 3, "knowledge": 3}
SURE = replace(PRESETS["world-analyzer"], error_rate=0.0)
FLAWLESS = replace(PRESETS["world-generator"], slip=0.0, side=0.0, physics=0.0, mend=1.0, price=0.0)
Scores = dict[str, dict[str, Any]]
"""An evaluation's verdicts by axis, without its demands."""


def tag(name: str, text: object) -> str:
    return f"<{name}>{protect(str(text), own_tags())}</{name}>"


def axis_lines(scores: Scores) -> str:
    return "".join(
        f'<axis name="{k}" score="{v["score"]}">{protect(v["reason"], own_tags())}</axis>' for k, v in scores.items()
    )


def passes(scores: Scores) -> bool:
    return all(v["score"] >= LEAST[k] for k, v in scores.items())


@dataclass
class Climber:
    """The climb of one row. `calls` is part of every seed, so that no two calls share their luck.

    `demands` are those of the last evaluation.
    """

    row: WorldRow
    analyzer: Skill = PRESETS["world-analyzer"]
    baseline: Skill = PRESETS["world-baseline"]
    generator: Skill = PRESETS["world-generator"]
    calls: int = 0
    attempts: list[Scores] = field(default_factory=list)
    luck: int = 0
    demands: list[dict[str, Any]] = field(default_factory=list)

    @property
    def references(self) -> list[bytes]:
        return list(self.row.references)

    @property
    def lasting(self) -> list[bytes]:
        """The references that every step is shown besides its canvas."""
        return self.references if len(self.references) > 1 else []

    @property
    def axes(self) -> str:
        return "instruction, consistency, quality, knowledge" if self.references else "instruction, quality, knowledge"

    def _head(self) -> str:
        explanation = tag("explanation", self.row.explanation) if self.row.explanation else ""
        return tag("instruction", self.row.instruction) + explanation + tag("references", len(self.references))

    def _call(self, text: str, images: list[bytes], schema: str, skill: Skill) -> Any:
        self.calls += 1
        seed = 1_000_003 * (int(self.row.row_id) + 1) + 7919 * self.luck + self.calls
        reply = respond([Message("user", text)], images, seed, schema=schema, skill=skill)
        return reply if isinstance(reply, bytes) else json.loads(reply)

    def draw(self, text: str, images: list[bytes], skill: Skill) -> bytes:
        return bytes(self._call(text + tag("size", f"{self.row.width}x{self.row.height}"), images, "image", skill))

    def judge(self, image: bytes) -> Scores:
        text = self._head() + tag("against", "original") + tag("axes", self.axes)
        return self._evaluate(text, [*self.references, image])

    def _evaluate(self, text: str, images: list[bytes]) -> Scores:
        reply: dict[str, Any] = self._call(text, images, "evaluation", self.analyzer)
        self.demands = reply.pop("demands")
        return reply

    def direct(self) -> bytes:
        return self.draw(self._head(), self.references, self.baseline)

    def reflect(self, image: bytes, scores: Scores) -> bytes:
        images = [*self.references, image]
        evaluation = f"<evaluation>{axis_lines(scores)}</evaluation>"
        reply = self._call(self._head() + evaluation, images, "reflection", self.analyzer)
        advice = tag("failure_analysis", reply["failure_analysis"]) + tag("improvement_plan", reply["improvement_plan"])
        return self.draw(self._head() + advice, images, self.generator)

    def diagnose(self, image: bytes) -> str:
        tries = "".join(f'<attempt index="{k}">{axis_lines(s)}</attempt>' for k, s in enumerate(self.attempts, 1))
        reply = self._call(self._head() + tries, [*self.references, image], "diagnosis", self.analyzer)
        return str(reply["cause"])

    def steps(self, first: bytes, start: str | None = None, least: int = 2) -> list[str]:
        start = start or ("references" if self.references else "empty canvas")
        text = self._head() + tag("steps_min", least) + tag("steps_max", 5) + tag("start", start)
        reply = self._call(text, [*self.references, first], "plan", self.analyzer)
        return [str(s) for s in reply["steps"]]

    def _desk(self, canvas: bytes | None) -> tuple[str, list[bytes]]:
        """The tags of a step and its images: the first works on the references, the others on a canvas."""
        if canvas is None:
            start = "references" if self.references else "empty canvas"
            return tag("references", len(self.references)) + tag("start", start), self.references
        return tag("references", len(self.lasting)) + tag("start", "picture"), [*self.lasting, canvas]

    def step(self, words: str, canvas: bytes | None) -> bytes:
        tags, images = self._desk(canvas)
        return self.draw(tag("subtask", words) + tags, images, self.generator)

    def judge_step(self, words: str, canvas: bytes | None, image: bytes) -> Scores:
        tags, images = self._desk(canvas)
        explanation = tag("explanation", self.row.explanation) if self.row.explanation else ""
        text = tag("instruction", words) + explanation + tags + tag("against", "subtask") + tag("axes", self.axes)
        return self._evaluate(text, [*images, image])


def desk_of(draft: Draft) -> Desk:
    """The desk of a first try at a task."""
    return Desk(draft.pictures or ((draft.start,) if draft.start.things else ()), draft.start)


def drafts(count: int, seed: int) -> Iterator[tuple[Draft, np.random.Generator]]:
    """Tasks of all sub-categories, one to six clauses, without words or pixels."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        clauses, way = int(rng.integers(1, 7)), rng.random()
        if way < 0.1:
            yield geneval(rng), rng
        elif way < 0.25:
            yield compose(Order(None, clauses), rng), rng
        else:
            several = way < 0.45
            category = str(rng.choice(list(COMPOSITIONS if several else EDITS)))
            order = Order(category, 1 if category in WHOLE else max(clauses, 2) if several else clauses)
            yield compose(order if several or first_can_be_special(order) else replace(order, clauses=2), rng), rng
