"""`record/1`: one row is one planned sample with everything that happened to it, unpruned.

In: a trajectory and its fate. Out: a row for `pipeline.output.schema.RECORD`; images are named by hash. Kept in rank order.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.output.frame import Unit
from stages.records import Event, Trajectory, payload_json


def row(unit: Unit) -> dict[str, Any]:
    """The row of `unit`. `status` is its fate; `reason` says why a discarded or failed sample, or an RL prompt, ended so."""
    t, sample = unit.trajectory, unit.trajectory.sample
    return {
        "id": sample.id,
        "rank": t.rank,
        "status": unit.fate,
        "mode": t.mode,
        "reason": t.reason,
        "detail": t.detail,
        "split": sample.split,
        "source": sample.source,
        "row_id": sample.row_id,
        "task": sample.task,
        "category": sample.category,
        "instruction": sample.instruction,
        "explanation": sample.explanation,
        "references": [ref.sha256 for ref in sample.references],
        "first": None if sample.first is None else sample.first.sha256,
        "applicable_axes": list(sample.applicable_axes),
        "width": sample.width,
        "height": sample.height,
        "licence": sample.licence,
        "leak_group": sample.leak_group,
        "climb": sample.climb,
        "checker_style": sample.checker.style,
        "checker_spec": sample.checker.spec,
        "events": [_event(e) for e in t.events],
    }


def images(t: Trajectory) -> Iterator[str]:
    """Every image the row of `t` names."""
    yield from (ref.sha256 for ref in t.sample.references)
    if t.sample.first is not None:
        yield t.sample.first.sha256
    for event in t.events:
        yield from event.inputs
        if event.image is not None:
            yield event.image.sha256


def text_bytes(t: Trajectory) -> int:
    """About how many bytes of text a row about `t` holds. Cheaper than building the row, and as good for planning."""
    said = sum(len(payload_json(e.payload)) + 400 if e.payload else 400 for e in t.events)
    return 1000 + 3 * len(t.sample.instruction) + len(t.sample.explanation or "") + len(t.detail or "") + 2 * said


def _event(e: Event) -> dict[str, Any]:
    return {
        "kind": e.kind,
        "index": e.index,
        "attempt": e.attempt,
        "pruned": e.pruned,
        "against": e.against,
        "payload": None if e.payload is None else payload_json(e.payload),
        "image_sha256": None if e.image is None else e.image.sha256,
        "inputs": list(e.inputs),
        "made_by": e.made_by,
        "prompt": e.prompt,
        "prompt_sha256": e.prompt_sha256,
        "seed": e.seed,
        "call_key": e.call_key,
    }
