"""The prompts that rewards are given for, as samples of the ladder, so that judges are asked as in a build.

In: the fields of an RL row's `reward_model.ground_truth`, and its references in the store. Out: a `Sample` whose id follows from
what is asked, so that equal prompts are one prompt to the journal, wherever they come from.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from stages.identity import digest
from stages.records import AXES, Axis, Checker, ImageRef, Sample, Task

SOURCE = "rl"
Side = Annotated[int, Field(ge=1, le=8192)]


class Strictly(BaseModel):
    """Data that comes from outside: no field that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AskedChecker(Strictly):
    """How the source wanted the result checked; a judge checks it here, whatever it says."""

    style: str = "judge"
    spec: object = None


class AskedPrompt(Strictly):
    """What was asked for: the fields of `reward_model.ground_truth` of an RL row, and its references in order."""

    instruction: str = Field(min_length=1)
    explanation: str | None = None
    applicable_axes: tuple[Axis, ...] | None = Field(None, min_length=1)
    target: tuple[Side, Side]
    checker: AskedChecker = AskedChecker()
    category: str = ""
    task: Literal["t2i", "edit", "compose"] | None = None
    references: tuple[str, ...] = Field((), max_length=16)


def sample_of(asked: AskedPrompt, references: Sequence[ImageRef]) -> Sample:
    """The sample that `asked` is, its references being in the store."""
    axes = asked.applicable_axes or _axes(bool(references))
    content = [asked.instruction, asked.explanation, [ref.sha256 for ref in references], list(axes), list(asked.target)]
    name = digest("reward", SOURCE, json.dumps(content))[:32]
    return Sample(
        id=name,
        source=SOURCE,
        row_id=name,
        instruction=asked.instruction,
        explanation=asked.explanation,
        references=tuple(references),
        first=None,
        applicable_axes=axes,
        task=asked.task or _task(len(references)),
        category=asked.category,
        width=asked.target[0],
        height=asked.target[1],
        licence="",
        leak_group="",
        split="rl",
        climb="full",
        checker=Checker(),
    )


def _axes(has_reference: bool) -> tuple[Axis, ...]:
    """Consistency needs something to be consistent with."""
    return AXES if has_reference else tuple(axis for axis in AXES if axis != "consistency")


def _task(references: int) -> Task:
    return ("t2i", "edit", "compose")[min(references, 2)]
