"""Items as tasks of Label Studio, and its annotations as verdicts.

In: the items of a review with their stories; or a file that Label Studio exported (JSON). Out: tasks and a labelling configuration
(`label_studio_config`); or verdicts. What somebody declined is a cancelled annotation, a known answer is `ground_truth`, seconds
are `lead_time`. Label Studio keeps no segment of a reason and no reviewer's name but its own users' addresses.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.review.errors import ReviewError
from pipeline.review.exchange.story import PlainStory
from pipeline.review.people import checked_name
from pipeline.review.records import HumanVerdict, Opinion, ReasonMark, ReviewItem
from pipeline.review.verdicts import checked
from stages.identity import digest
from stages.records import AXES, Axis, Sample


@dataclass(frozen=True, slots=True)
class Annotated:
    """What a file of annotations holds: verdicts, the answers marked as ground truth by sample, and how many were cancelled."""

    verdicts: tuple[HumanVerdict, ...]
    gold: Mapping[str, Opinion]
    cancelled: int


class _Result(BaseModel):
    from_name: str = ""
    value: dict[str, Any] = {}


class _Annotation(BaseModel):
    id: int | str | None = None
    unique_id: str | None = None
    completed_by: int | str | dict[str, Any] | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    lead_time: float | None = Field(None, ge=0, allow_inf_nan=False)
    result: list[_Result] = []


class _TaskData(BaseModel):
    model_config = ConfigDict(extra="ignore")
    sample: str
    content_hash: str
    build: str


class _Task(BaseModel):
    data: _TaskData
    annotations: list[_Annotation] = []


def task_of(
    item: ReviewItem,
    sample: Sample,
    story: PlainStory,
    pictures: Mapping[str, str],
    annotations: list[dict[str, Any]],
    build: str,
) -> dict[str, Any]:
    """The task of an item. `pictures` are addresses (or data URIs) by sha256."""
    data = {
        "sample": item.sample_id,
        "content_hash": item.content_hash,
        "build": build,
        "instruction": sample.instruction,
        "explanation": sample.explanation or "",
        "pictures": [pictures[sha256] for _, sha256 in story.pictures],
        "picture_names": ", ".join(name for name, _ in story.pictures),
        "story": story.text or "(no text)",
    }
    return {"data": data, "annotations": annotations}


def annotation_of(verdict: HumanVerdict, is_gold: bool) -> dict[str, Any]:
    """A verdict as an annotation. Who gave it is left out: Label Studio refuses people whom it does not know."""
    result = [_choice("result", [verdict.result])]
    if verdict.reasoning is not None:
        result.append(_choice("reasoning", [verdict.reasoning]))
    result += [_choice(f"axis_{axis}", [opinion]) for axis, opinion in sorted(verdict.axes.items())]
    if verdict.reasons:
        result.append(_choice("reasons", list(dict.fromkeys(mark.code for mark in verdict.reasons))))
    if verdict.note:
        note = {"from_name": "note", "to_name": "story", "type": "textarea", "value": {"text": [verdict.note]}}
        result.append(note)
    known = {"unique_id": verdict.id, "was_cancelled": False, "ground_truth": is_gold}
    return {**known, "lead_time": verdict.seconds, "result": result}


def declined() -> dict[str, Any]:
    """What somebody skipped."""
    return {"was_cancelled": True, "ground_truth": False, "result": []}


def _choice(name: str, values: list[str]) -> dict[str, Any]:
    target = "story" if name in ("reasoning", "reasons") else "pictures"
    return {"from_name": name, "to_name": target, "type": "choices", "value": {"choices": values}}


def read_annotations(path: Path, build: str, now: float) -> Annotated:
    """The annotations in a file of Label Studio (JSON). Raises ReviewError for the first task that is none, OSError."""
    try:
        tasks = json.loads(path.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError):
        raise ReviewError(f"{path}: no JSON; export it from Label Studio as JSON, not as JSON-MIN or CSV") from None
    if not isinstance(tasks, list):
        raise ReviewError(f"{path}: no list of tasks; export it from Label Studio as JSON")
    verdicts: list[HumanVerdict] = []
    gold: dict[str, Opinion] = {}
    cancelled = 0
    for number, task in enumerate(tasks, start=1):
        where = f"{path}: task {number}"
        read = _read_task(task, where, build)
        for annotation in read.annotations:
            if annotation.was_cancelled:
                cancelled += 1
                continue
            verdict = _verdict(read.data, annotation, where)
            try:
                checked(verdict, now)
                checked_name(verdict.reviewer)
            except ReviewError as error:
                raise ReviewError(f"{where}: {error}") from None
            verdicts.append(verdict)
            if annotation.ground_truth and verdict.opinion != "unsure":
                gold[verdict.sample_id] = verdict.opinion
    return Annotated(tuple(verdicts), gold, cancelled)


def _read_task(task: Any, where: str, build: str) -> _Task:
    try:
        read = _Task.model_validate(task)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the task"
        raise ReviewError(f"{where}: {field}: {first['msg']}; use tasks that x2i verdicts export wrote") from None
    if read.data.build != build:
        raise ReviewError(f"{where}: data.build: it is about build {read.data.build[:12]}; name that build's folder")
    return read


def _verdict(data: _TaskData, annotation: _Annotation, where: str) -> HumanVerdict:
    chosen = dict(_chosen(annotation))
    if not chosen.get("result"):
        raise ReviewError(
            f"{where}: annotation {annotation.id}: result: nothing was chosen; choose one in Label Studio"
        )
    name = (annotation.unique_id or "").replace("-", "") or digest("label-studio", data.sample, str(annotation.id))[:32]
    return HumanVerdict(
        id=name,
        sample_id=data.sample,
        content_hash=data.content_hash,
        reviewer=_reviewer(annotation.completed_by),
        result=_opinion(chosen["result"][0]),
        reasoning=_opinion(chosen["reasoning"][0]) if chosen.get("reasoning") else None,
        axes={axis: _opinion(values[0]) for axis in AXES if (values := chosen.get(_axis_name(axis)))},
        reasons=tuple(ReasonMark(code) for code in chosen.get("reasons", ())),
        note="\n".join(chosen.get("note", ())),
        seconds=annotation.lead_time or 0.0,
    )


def _axis_name(axis: Axis) -> str:
    return f"axis_{axis}"


def _opinion(value: str) -> Opinion:
    return value  # type: ignore[return-value]  # checked with the whole verdict


def _chosen(annotation: _Annotation) -> Iterator[tuple[str, list[str]]]:
    for result in annotation.result:
        values = result.value.get("choices", result.value.get("text", []))
        yield result.from_name, [str(value) for value in (values if isinstance(values, list) else [values])]


def _reviewer(completed_by: Any) -> str:
    """Who annotated: an address, or the number of a user of Label Studio."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    if isinstance(completed_by, str) and "@" in completed_by:
        return completed_by
    return f"label-studio-{completed_by if completed_by is not None else 'unknown'}"
