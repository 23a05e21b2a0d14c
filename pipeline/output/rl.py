"""`rl/3`: one row is one prompt for group rewards, in verl's columns.

In: a kept trajectory of the RL split, and its index in rank order. Out: a row for `pipeline.output.schema.RL`.

verl asserts that the prompt holds as many `<image>` as the row holds images, and splits it at `<video>` and `<audio>` too. So
the references are named first, one `<image>` each, and the instruction is made plain (`stages.plain`): a marker in it is written
`(image)`, which a reader sees. Instruction and explanation as they came stand in `reward_model.ground_truth`, for whoever judges.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.output.frame import RunFrame, Unit
from pipeline.output.traj import image, meta, scores
from pipeline.output.view import Views
from stages.plain import plain
from stages.records import Evaluation, Sample
from stages.trajectory import Trajectory

IMAGE_MARKER = "<image>"
# verl's two styles: `rule` is computed from the ground truth, `model` asks a model.
_STYLES: Mapping[str, str] = {"objects": "rule", "judge": "model", "questions": "model"}


def row(unit: Unit, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `unit`. Raises FileNotFoundError when a view is missing."""
    sample = unit.trajectory.sample
    references = [image(views.get(sha256), frame.view) for sha256 in unit.images]
    facts = [meta(c, sha256, "reference", frame.view) for c, sha256 in zip(references, unit.images, strict=True)]
    return {
        "data_source": frame.plain(sample.source),
        "prompt": [{"role": "user", "content": prompt(sample.instruction, len(references), frame.markers)}],
        "images": references,
        "image_meta": facts,
        "ability": sample.task,
        "reward_model": {"style": _STYLES[sample.checker.style], "ground_truth": _ground_truth(sample)},
        "extra_info": _extra(unit, frame),
    }


def prompt(instruction: str, references: int, markers: Sequence[str] = ()) -> str:
    """The user's words: one `<image>` a reference, then the instruction, in which neither that nor any of `markers` stands."""
    return IMAGE_MARKER * references + plain(instruction, markers)


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


def _extra(unit: Unit, frame: RunFrame) -> dict[str, Any]:
    sample = unit.trajectory.sample
    return {
        "split": "train",
        "index": unit.number,
        "id": sample.id,
        "task": sample.task,
        "category": frame.plain(sample.category),
        "applicable_axes": list(sample.applicable_axes),
        "explanation": frame.plain(sample.explanation),
        "target_width": sample.width,
        "target_height": sample.height,
        "checker_style": sample.checker.style,
        "checker_spec": sample.checker.spec,
        "licence": frame.plain(sample.licence),
        "citation": frame.plain(sample.citation),
        "leak_group": sample.leak_group,
        "difficulty": difficulty(unit.trajectory),
        "difficulty_scores": _first_scores(unit.trajectory),
    }


def _first_scores(t: Trajectory) -> str | None:
    first = next((e.payload for e in t.events if isinstance(e.payload, Evaluation)), None)
    return None if first is None else json.dumps({axis: n for axis, n in scores(first).items() if n is not None})
