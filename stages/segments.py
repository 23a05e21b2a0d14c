"""From a pruned trajectory to the segments a trainer reads: order, text and mask made in the same motion.

In: an accepted trajectory with its prune marks, a dialect, and the recipe. Out: `Segment`s in reading order: references,
instruction (with the facts of the sample, where the row shows them), then what was made and thought. All texts are plain
(`stages.plain`), and so are the payloads, so that rendering them again gives the same texts. Flags stand on segments, not on
images: the same image may be source, draft and target.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages.dialects import Dialect, given, render
from stages.grammar import letters_of
from stages.mask import Marks, NoRule, SegmentKind, marks, read_sentence
from stages.plain import plain, plain_payload
from stages.policy import Policy
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


def segments(t: Trajectory, dialect: Dialect, recipe: Recipe, markers: Sequence[str] = ()) -> tuple[Segment, ...]:
    """The trained view of `t`, in whose texts no `markers` stand. Raises ValueError when `t` was not accepted, stages.mask.NoRule
    when it is no sentence of its mode.
    """
    if t.status != "accepted" or t.mode is None:
        raise ValueError(f"{t.sample.id}: only an accepted trajectory has a trained view")
    references, shown = t.sample.references, _shown(t)
    # flags and segments come out of one walk, so they cannot fall out of step
    rules = marks(len(references), read_sentence(recipe, letters_of(shown), t.mode))
    pictures = [Segment("reference", n, rules[n], image=image) for n, image in enumerate(references)]
    own = tuple(
        _segment(event, rule, dialect, markers) for event, rule in zip(shown, rules[len(pictures) + 1 :], strict=True)
    )
    asked = plain(t.sample.instruction, markers)
    facts = t.sample.explanation and plain(t.sample.explanation, markers)
    thoughts = (s.marks.loss for s in own if s.text is not None)
    words = user_words(asked, facts, thoughts, recipe.policy)
    return (*pictures, Segment("instruction", 0, rules[len(pictures)], text=words), *own)


def user_words(instruction: str, facts: str | None, losses: Iterable[float], policy: Policy) -> str:
    """What the user of a row says: the instruction, and the facts where a text that judges wrote is trained (by its `losses`)."""
    # a judge that knows the facts may lean on them in every text, so any trained text shows them
    shown = facts and policy.explanation.judges and policy.explanation.row and any(losses)
    return given(instruction, facts if shown else None)


def losses(t: Trajectory, recipe: Recipe) -> tuple[bool | None, ...]:
    """For each event of a pruned trajectory whether it is trained; None where the trained model never sees it, or none is made.

    Raises stages.mask.NoRule when an accepted trajectory is no sentence of its mode.
    """
    if t.status != "accepted" or t.mode is None or t.sample.split == "rl":
        return (None,) * len(t.events)
    # the same reading as the shards', so that a report cannot mark otherwise than a row
    tokens = iter(read_sentence(recipe, letters_of(_shown(t)), t.mode))
    return tuple(None if e.pruned else next(tokens).trained for e in t.events)


def _shown(t: Trajectory) -> list[Event]:
    """What pruning left. Raises NoRule for a score among it, which has no place in any sentence."""
    shown = [e for e in t.events if not e.pruned]
    if any(e.kind == "score" for e in shown):
        raise NoRule("a score must be pruned before a trained view is made")
    return shown


def _segment(event: Event, rule: Marks, dialect: Dialect, markers: Sequence[str]) -> Segment:
    kind = event.kind
    # a diagnosis that slipped through pruning must not reach a trainer
    if kind == "diagnosis" or kind == "score":
        raise NoRule(f"a {kind} must be pruned before a trained view is made")
    if kind == "generation":
        return Segment(kind, event.index, rule, image=event.image, inputs=event.inputs, made_by=event.made_by)
    if event.payload is None:
        raise ValueError(f"{kind} {event.index} has no payload")
    payload = plain_payload(event.payload, markers)
    text = render(payload, dialect, event.index)
    maker = event.made_by if kind == "words" else None
    return Segment(kind, event.index, rule, text=text, payload=payload, made_by=maker, against=event.against)
