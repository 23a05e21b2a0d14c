"""How often the judge was right in the end: the one figure that `verify` tells about an output that knows its truth.

In: an output and where its images lie. Out: of the accepted samples, how many truly show what was asked for.
`pipeline.output.truth_figures` tells more.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.output.record import Recorded
from pipeline.output.truth_rows import choose, inspected, is_accepted, known
from pipeline.storage.image_store import ImageStore


@dataclass(frozen=True, slots=True)
class TruthCount:
    """`right` of `accepted` samples truly show what was asked for. `note`: what was left out."""

    right: int
    accepted: int
    note: str | None = None

    def __str__(self) -> str:
        notes = "; ".join(n for n in ("RL prompts that passed included", self.note) if n)
        return f"accepted samples truly right: {self.right} of {self.accepted} ({notes})"


def accepted_right(out: Path, store: ImageStore, workers: int | None = None) -> TruthCount | None:
    """The count; None when the output has no truth. Raises OSError, ValueError or KeyError when a file cannot be read."""
    if not known(out):
        return None
    choice = choose(out)
    findings = [f for _, by_image in inspected(out, store, choice, _accepted_image, workers) for f in by_image.values()]
    return TruthCount(sum(f.right for f in findings), len(findings), choice.note)


def _accepted_image(row: Recorded) -> tuple[str, ...]:
    return (row.trajectory.current().image.sha256,) if is_accepted(row) else ()
