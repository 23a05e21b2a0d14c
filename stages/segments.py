"""From a pruned trajectory to the segments a trainer reads: order, text and mask made in the same motion.

In: an accepted trajectory with its prune marks, a dialect, and the recipe. Out: `Segment`s in reading order: references,
instruction, then what was made and thought. Flags stand on segments, not on images: the same image may be source, draft and
target.
"""

from dataclasses import dataclass

from stages.dialects import Dialect, render
from stages.grammar import letters_of
from stages.mask import Marks, NoRule, SegmentKind, marks, read_sentence
from stages.records import Against, Event, ImageRef, Payload
from stages.rung import Recipe
from stages.trajectory import Trajectory


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


def segments(t: Trajectory, dialect: Dialect, recipe: Recipe) -> tuple[Segment, ...]:
    """The trained view of `t`. Raises ValueError when `t` was not accepted, stages.mask.NoRule when it is no sentence of its
    mode.
    """
    if t.status != "accepted" or t.mode is None:
        raise ValueError(f"{t.sample.id}: only an accepted trajectory has a trained view")
    references, shown = t.sample.references, [e for e in t.events if not e.pruned]
    # flags and segments come out of one walk, so they cannot fall out of step
    rules = marks(len(references), read_sentence(recipe, letters_of(shown), t.mode))
    given = [Segment("reference", n, rules[n], image=image) for n, image in enumerate(references)]
    instruction = Segment("instruction", 0, rules[len(given)], text=t.sample.instruction)
    after = zip(shown, rules[len(given) + 1 :], strict=True)
    return (*given, instruction, *(_segment(event, rule, dialect) for event, rule in after))


def losses(t: Trajectory, recipe: Recipe) -> tuple[bool | None, ...]:
    """For each event of a pruned trajectory whether it is trained; None where the trained model never sees it, or none is made.

    Raises stages.mask.NoRule when an accepted trajectory is no sentence of its mode.
    """
    if t.status != "accepted" or t.mode is None or t.sample.split == "rl":
        return (None,) * len(t.events)
    # the same reading as the shards', so that a report cannot mark otherwise than a row
    shown = [e for e in t.events if not e.pruned]
    tokens = iter(read_sentence(recipe, letters_of(shown), t.mode))
    return tuple(None if e.pruned else next(tokens).trained for e in t.events)


def _segment(event: Event, rule: Marks, dialect: Dialect) -> Segment:
    kind = event.kind
    # a diagnosis that slipped through pruning must not reach a trainer
    if kind == "diagnosis":
        raise NoRule("a diagnosis must be pruned before a trained view is made")
    if kind == "generation":
        return Segment(kind, event.index, rule, image=event.image, inputs=event.inputs, made_by=event.made_by)
    if event.payload is None:
        raise ValueError(f"{kind} {event.index} has no payload")
    text = render(event.payload, dialect, event.index)
    maker = event.made_by if kind == "words" else None
    return Segment(kind, event.index, rule, text=text, payload=event.payload, made_by=maker, against=event.against)
