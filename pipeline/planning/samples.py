"""Makes samples of checked values: the id comes from the content, the axes from the references.

In: typed values of one row. Out: a `Sample` without a split as yet (`pipeline.planning.leaks` assigns it), or the sample
that stands for a failed row, with whatever could be read of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sources.bad_row import Place
from pipeline.sources.spec import FAILED_ROW
from stages import identity
from stages.records import AXES, Axis, Checker, ImageRef, Sample, Task

OTHER = "other"


def make(
    *,
    source: str,
    row_id: str,
    instruction: str,
    explanation: str | None,
    references: Sequence[ImageRef],
    first: ImageRef | None,
    task: Task,
    category: str | None,
    size: tuple[int, int],
    licence: str,
    checker: Checker,
    citation: str | None = None,
) -> Sample:
    """A sample whose id is the hash of source, row id and content."""
    # of the bytes as they came: how a rendition is encoded must not change who a sample is
    hashes = [image.source_sha256 for image in references]
    content = [instruction, explanation, hashes, first and first.source_sha256, *size, checker.style, checker.spec]
    return Sample(
        id=identity.sample_id(source, row_id, identity.digest(json.dumps(content))),
        source=source,
        row_id=row_id,
        instruction=instruction,
        explanation=explanation,
        references=tuple(references),
        first=first,
        applicable_axes=_axes_of(bool(references)),
        task=task,
        category=category or OTHER,
        width=size[0],
        height=size[1],
        licence=licence,
        leak_group="",
        split="train",
        climb="full",
        checker=checker,
        citation=citation,
    )


@dataclass(frozen=True, slots=True)
class PartialRow:
    """What could be read of a row that failed."""

    instruction: str | None
    explanation: str | None
    category: str | None
    licence: str | None
    task: Task


def make_failed(source: str, place: Place, size: tuple[int, int], licence: str, values: PartialRow) -> Sample:
    """The sample that stands for the failed row at `place`. It has a leak group of its own and an id without its content."""
    name = identity.digest("failed row", source, place.file, place.row)
    return Sample(
        id=name[:32],
        source=source,
        row_id=f"{FAILED_ROW}{place.number}",
        instruction=values.instruction or "",
        explanation=values.explanation,
        references=(),
        first=None,
        applicable_axes=_axes_of(values.task != "t2i"),
        task=values.task,
        category=values.category or OTHER,
        width=size[0],
        height=size[1],
        licence=values.licence or licence,
        leak_group=name[:32],
        split="train",
        climb="full",
        checker=Checker(),
    )


def _axes_of(has_reference: bool) -> tuple[Axis, ...]:
    return AXES if has_reference else tuple(axis for axis in AXES if axis != "consistency")
