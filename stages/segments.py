"""From a pruned trajectory to the segments a trainer reads: order, text and mask made in the same motion.

In: an accepted trajectory with its prune marks, and a dialect. Out: `Segment`s in reading order: references, instruction, then
what was made and thought. Flags stand on segments, not on images: the same image may be source, draft and target.
"""

from dataclasses import dataclass

from stages.dialects import Dialect, render
from stages.mask import Marks, SegmentKind, marks, position
from stages.records import Against, Event, ImageRef, Mode, Payload, Trajectory


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of text or one image. Exactly one of `text` and `image` is set; `inputs` are sha256 of images."""

    kind: SegmentKind
    index: int
    marks: Marks
    text: str | None = None
    image: ImageRef | None = None
    payload: Payload | None = None
    inputs: tuple[str, ...] = ()
    made_by: str | None = None
    against: Against | None = None

    @property
    def role(self) -> str:
        """Who speaks: what is given is the user's, the rest the assistant's."""
        return "user" if self.kind in ("instruction", "reference") else "assistant"


def segments(t: Trajectory, dialect: Dialect) -> tuple[Segment, ...]:
    """The trained view of `t`. Raises ValueError when `t` was not accepted, stages.mask.NoRule for a segment without a rule."""
    if t.status != "accepted" or t.mode is None:
        raise ValueError(f"{t.sample.id}: only an accepted trajectory has a trained view")
    mode = t.mode
    seen = [e for e in t.events if not e.pruned]
    last = max(e.index for e in seen if e.kind == "generation")
    given = [
        Segment("reference", n, marks(mode, "reference", "input"), image=ref)
        for n, ref in enumerate(t.sample.references)
    ]
    asked = Segment("instruction", 0, marks(mode, "instruction", "input"), text=t.sample.instruction)
    return (*given, asked, *(_segment(e, mode, last, dialect) for e in seen))


def _segment(event: Event, mode: Mode, last: int, dialect: Dialect) -> Segment:
    kind = event.kind
    if kind == "diagnosis":
        raise ValueError("a diagnosis must be pruned before a trained view is made")
    where = marks(mode, kind, position(mode, kind, event.index, last))
    if kind == "generation":
        return Segment(kind, event.index, where, image=event.image, inputs=event.inputs, made_by=event.made_by)
    if event.payload is None:
        raise ValueError(f"{kind} {event.index} has no payload")
    text = render(event.payload, dialect, event.index)
    return Segment(kind, event.index, where, text=text, payload=event.payload, against=event.against)
