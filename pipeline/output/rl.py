"""`rl/1`: one row is one prompt for group rewards, in verl's columns.

In: a kept trajectory of the RL split, and its index in rank order. Out: a row for `pipeline.output.schema.RL`.

verl asserts that the prompt holds as many `<image>` as the row holds images, and splits it at `<video>` and `<audio>` too. So
the references are named first, one `<image>` each, and such a marker inside the instruction itself is written `[image]`,
which a reader sees; the instruction as it was stands in `reward_model.ground_truth`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.output.frame import RunFrame, Unit
from pipeline.output.traj import image, scores
from pipeline.output.view import Views
from stages.records import Evaluation, Sample
from stages.trajectory import Trajectory

_MARKER = re.compile(r"<(image|video|audio)>")
# verl's two styles: `rule` is computed from the ground truth, `model` asks a model.
_STYLES: Mapping[str, str] = {"objects": "rule", "judge": "model", "questions": "model"}


def row(unit: Unit, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `unit`. Raises FileNotFoundError when a view is missing."""
    sample = unit.trajectory.sample
    references = [image(sha256, views.get(sha256), frame.view) for sha256 in unit.images]
    return {
        "data_source": sample.source,
        "prompt": [{"role": "user", "content": prompt(sample.instruction, len(references))}],
        "images": references,
        "ability": sample.task,
        "reward_model": {"style": _STYLES[sample.checker.style], "ground_truth": _ground_truth(sample)},
        "extra_info": _extra(unit.trajectory, unit.number),
    }


def prompt(instruction: str, references: int) -> str:
    """The user's words: one `<image>` a reference, then the instruction, in which no marker counts."""
    return "<image>" * references + _MARKER.sub(r"[\1]", instruction)


def difficulty(t: Trajectory) -> str:
    """How hard the prompt proved here: the mode reached, why it was given up, `failed_` and the rung that it was to take alone,
    or `never tried`.
    """
    if t.status == "discarded":
        return t.reason or "discarded"
    if t.mode is not None:
        return t.mode
    return f"failed_{t.rung}" if t.events else "never tried"


def _ground_truth(sample: Sample) -> str:
    ground_truth = {
        "checker": {"style": sample.checker.style, "spec": _parsed(sample.checker.spec)},
        "instruction": sample.instruction,
        "explanation": sample.explanation,
        "applicable_axes": list(sample.applicable_axes),
        "target": [sample.width, sample.height],
    }
    return json.dumps(ground_truth, ensure_ascii=False)


def _parsed(spec: str) -> Any:
    try:
        return json.loads(spec)
    except ValueError:
        return spec  # a specification that is no JSON is handed on as it is


def _extra(t: Trajectory, index: int) -> dict[str, Any]:
    sample = t.sample
    return {
        "split": "train",
        "index": index,
        "id": sample.id,
        "task": sample.task,
        "category": sample.category,
        "applicable_axes": list(sample.applicable_axes),
        "explanation": sample.explanation,
        "target_width": sample.width,
        "target_height": sample.height,
        "checker_style": sample.checker.style,
        "checker_spec": sample.checker.spec,
        "licence": sample.licence,
        "leak_group": sample.leak_group,
        "difficulty": difficulty(t),
        "difficulty_scores": _first_scores(t),
    }


def _first_scores(t: Trajectory) -> str | None:
    first = next((e.payload for e in t.events if isinstance(e.payload, Evaluation)), None)
    return None if first is None else json.dumps({axis: n for axis, n in scores(first).items() if n is not None})
