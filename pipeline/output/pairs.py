"""`pairs/1`: one row is two images of one instruction, the accepted one and one the judge rejected before.

In: a kept training trajectory. Out: rows for `pipeline.output.schema.PAIRS`: one for every distinct earlier image that failed
against the original instruction, those pruned from the trained view included. Where the accepted image was never judged
against the original instruction (final check off) there is no pair: nothing says it is the better one.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.output.cut import Fate
from pipeline.output.frame import RunFrame, Unit
from pipeline.output.traj import image, scores
from pipeline.output.view import Views
from stages.identity import digest
from stages.records import AxisScore, Evaluation, Trajectory


def units(t: Trajectory, fate: Fate) -> Iterator[Unit]:
    """The pairs of `t`."""
    if t.status != "accepted" or t.mode is None:
        return
    judged = _judged(t)
    best = t.last_image().sha256
    if best not in judged or not judged[best][1].passed:
        return
    references = tuple(ref.sha256 for ref in t.sample.references)
    for sha256, (number, verdict) in judged.items():
        if sha256 != best and not verdict.passed:
            yield Unit(digest("pair", t.sample.id, sha256)[:32], t, fate, (*references, best, sha256), number)


def row(unit: Unit, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `unit`. Raises FileNotFoundError when a view is missing."""
    sample = unit.trajectory.sample
    cells = [image(sha256, views.get(sha256), frame.view) for sha256 in unit.images]
    judged = _judged(unit.trajectory)
    best, worse = unit.images[-2:]
    worst = worst_axis(judged[worse][1])
    return {
        "id": unit.id,
        "sample_id": sample.id,
        "task": sample.task,
        "category": sample.category,
        "instruction": sample.instruction,
        "references": cells[:-2],
        "chosen": cells[-2],
        "rejected": cells[-1],
        "chosen_scores": scores(judged[best][1]),
        "rejected_scores": scores(judged[worse][1]),
        "axis": worst.axis,
        "reason": worst.reason,
        "chosen_sha256": best,
        "rejected_sha256": worse,
        "licence": sample.licence,
        "leak_group": sample.leak_group,
    }


def worst_axis(verdict: Evaluation) -> AxisScore:
    """The failed axis with the lowest score; of equals the first."""
    return min((a for a in verdict.axes if not a.passed), key=lambda a: a.score)


def _judged(t: Trajectory) -> dict[str, tuple[int, Evaluation]]:
    """By image: where in the events it was last judged against the original instruction, and how."""
    found: dict[str, tuple[int, Evaluation]] = {}
    for number, event in enumerate(t.events):
        if event.against == "original" and event.image is not None and isinstance(event.payload, Evaluation):
            found[event.image.sha256] = (number, event.payload)
    return found
