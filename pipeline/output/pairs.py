"""`pairs/3`: one row is two images of one instruction, the accepted one and one that was judged worse, in Pick-a-Pic's columns.

Trainers that learn from preferred images read `caption`, the encoded images `jpg_0` and `jpg_1`, and `label_0`, 1 where the first
is the better one. Which place that is follows from the row's id, in about half of the rows each: no place gives the answer away.
Such trainers know no references, so pairs that were made from references are a product of their own, `edit_pairs`.

In: a kept trajectory. Out: rows for `pipeline.output.schema.PAIRS`: one for every distinct other image that was judged
worse against the original instruction, those pruned from the trained view included: it failed, or it passed and its scores are
lower by the order of axes in `policy.best_of`. Where the accepted image was never judged against the original instruction (final
check off) there is no pair: nothing says it is the better one.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.output.cut import Fate
from pipeline.output.frame import RunFrame, Unit
from pipeline.output.traj import image, scores, sha256_of
from pipeline.output.view import Views
from stages.best_of import merit
from stages.identity import digest
from stages.plain import plain_line
from stages.policy import Policy
from stages.records import AxisScore, Evaluation
from stages.trajectory import Trajectory


def units(t: Trajectory, fate: Fate, policy: Policy) -> Iterator[Unit]:
    """The pairs of `t`."""
    if t.status != "accepted" or t.mode is None:
        return
    verdicts = _verdicts(t)
    best = t.current().image.sha256
    if best not in verdicts or not verdicts[best][1].passed:
        return
    references = tuple(ref.sha256 for ref in t.sample.references)
    for sha256, (number, verdict) in verdicts.items():
        if sha256 != best and shortfall(verdicts[best][1], verdict, policy) is not None:
            yield Unit(digest("pair", t.sample.id, sha256)[:32], t, fate, (*references, best, sha256), number)


def chosen_place(pair: str) -> int:
    """Where the better image of the pair with this id stands: 0 or 1."""
    return int(pair[-1], 16) % 2


def row(unit: Unit, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `unit`. Raises FileNotFoundError when a view is missing."""
    sample, place = unit.trajectory.sample, chosen_place(unit.id)
    *references, chosen, rejected = [image(views.get(sha256), frame.view) for sha256 in unit.images]
    first, second = (rejected, chosen) if place else (chosen, rejected)
    verdicts = _verdicts(unit.trajectory)
    best, worse = unit.images[-2:]
    worst = shortfall(verdicts[best][1], verdicts[worse][1], frame.policy)
    assert worst is not None
    return {
        "id": unit.id,
        "caption": frame.plain(sample.instruction),
        "jpg_0": first["bytes"],
        "jpg_1": second["bytes"],
        "label_0": float(place == 0),
        "label_1": float(place == 1),
        "has_label": True,
        "num_example_per_prompt": sum(1 for _ in units(unit.trajectory, unit.fate, frame.policy)),
        "references": references,
        "sample_id": sample.id,
        "task": sample.task,
        "category": frame.plain(sample.category),
        "chosen_scores": scores(verdicts[best][1]),
        "rejected_scores": scores(verdicts[worse][1]),
        "axis": worst.axis,
        "reason": plain_line(worst.reason, frame.markers),
        "chosen_sha256": sha256_of(chosen["bytes"]),
        "chosen_original_sha256": best,
        "rejected_sha256": sha256_of(rejected["bytes"]),
        "rejected_original_sha256": worse,
        "references_sha256": [sha256_of(cell["bytes"]) for cell in references],
        "references_original_sha256": list(unit.images[:-2]),
        "source": frame.plain(sample.source),
        "licence": frame.plain(sample.licence),
        "citation": frame.plain(sample.citation),
        "leak_group": sample.leak_group,
    }


def shortfall(chosen: Evaluation, other: Evaluation, policy: Policy) -> AxisScore | None:
    """Where the other image falls short most: its worst failed axis; of one that passed the first axis in order that scored lower.

    None where nothing says that it is worse. Of equal failed axes the first counts.
    """
    if not other.passed:
        return min((a for a in other.axes if not a.passed), key=lambda a: a.score)
    if merit(other, policy.best_of.order) >= merit(chosen, policy.best_of.order):
        return None
    by_axis = {a.axis: a for a in other.axes}
    order = [axis for axis in (*policy.best_of.order, *by_axis) if axis in by_axis]
    return next((by_axis[axis] for axis in order if by_axis[axis].score < (chosen.score(axis) or 0)), None)


def _verdicts(t: Trajectory) -> dict[str, tuple[int, Evaluation]]:
    """By image: where in the events it was last judged against the original instruction, and how."""
    verdicts: dict[str, tuple[int, Evaluation]] = {}
    for number, event in enumerate(t.events):
        if event.against == "original" and event.image is not None and isinstance(event.payload, Evaluation):
            verdicts[event.image.sha256] = (number, event.payload)
    return verdicts
