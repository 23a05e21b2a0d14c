"""The requests of a climb over `respond`, one at a time, as the prompts frame them. The climb itself is that of `stages`.

In: a world row and skills. Out: images and parsed replies.
"""

import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

from pipeline.world.respond import respond
from pipeline.world.skill import PRESETS, Skill
from pipeline.world.source import WorldRow
from stages.protocols import Message

LEAST = {"instruction": 5, "consistency": 3, "quality": 3, "knowledge": 3}
Scores = dict[str, dict[str, Any]]


def tag(name: str, text: object) -> str:
    return f"<{name}>{escape(str(text))}</{name}>"


def axis_lines(scores: Scores) -> str:
    return "".join(f'<axis name="{k}" score="{v["score"]}">{escape(v["reason"])}</axis>' for k, v in scores.items())


def passes(scores: Scores) -> bool:
    return all(v["score"] >= LEAST[k] for k, v in scores.items())


@dataclass
class Climber:
    """One row on its way up. `seed` counts calls on, so that no two calls share their luck."""

    row: WorldRow
    analyzer: Skill = PRESETS["world-analyzer"]
    baseline: Skill = PRESETS["world-baseline"]
    generator: Skill = PRESETS["world-generator"]
    calls: int = 0
    attempts: list[Scores] = field(default_factory=list)
    luck: int = 0

    @property
    def references(self) -> list[bytes]:
        return [self.row.reference] if self.row.reference else []

    def _head(self, references: int | None = None) -> str:
        known = tag("explanation", self.row.explanation) if self.row.explanation else ""
        count = len(self.references) if references is None else references
        return tag("instruction", self.row.instruction) + known + tag("references", count)

    def _call(self, text: str, images: list[bytes], schema: str, skill: Skill) -> Any:
        self.calls += 1
        seed = 1_000_003 * (int(self.row.row_id) + 1) + 7919 * self.luck + self.calls
        reply = respond([Message("user", text)], images, seed, schema=schema, skill=skill)
        return reply if isinstance(reply, bytes) else json.loads(reply)

    def draw(self, text: str, images: list[bytes], skill: Skill) -> bytes:
        return bytes(self._call(text + tag("size", f"{self.row.width}x{self.row.height}"), images, "image", skill))

    def judge(self, images: list[bytes], subtask: str | None = None) -> Scores:
        axes = "instruction, consistency, quality, knowledge" if self.references else "instruction, quality, knowledge"
        head = self._head() if subtask is None else tag("instruction", subtask) + tag("references", len(images) - 1)
        if subtask is not None and self.row.explanation:
            head += tag("explanation", self.row.explanation)
        text = head + tag("against", "original" if subtask is None else "subtask") + tag("axes", axes)
        scores: Scores = self._call(text, images, "evaluation", self.analyzer)
        return scores

    def direct(self) -> bytes:
        return self.draw(self._head(), self.references, self.baseline)

    def reflect(self, image: bytes, scores: Scores) -> bytes:
        images = [*self.references, image]
        shown = f"<evaluation>{axis_lines(scores)}</evaluation>"
        reply = self._call(self._head() + shown, images, "reflection", self.analyzer)
        said = tag("failure_analysis", reply["failure_analysis"]) + tag("improvement_plan", reply["improvement_plan"])
        return self.draw(self._head() + said, images, self.generator)

    def diagnose(self, image: bytes) -> str:
        tries = "".join(f'<attempt index="{k}">{axis_lines(s)}</attempt>' for k, s in enumerate(self.attempts, 1))
        reply = self._call(self._head() + tries, [*self.references, image], "diagnosis", self.analyzer)
        return str(reply["cause"])

    def steps(self, first: bytes, scores: Scores) -> list[str]:
        text = (
            self._head() + f"<evaluation>{axis_lines(scores)}</evaluation>" + tag("steps_min", 2) + tag("steps_max", 5)
        )
        reply = self._call(text, [*self.references, first], "plan", self.analyzer)
        return [str(s) for s in reply["steps"]]
