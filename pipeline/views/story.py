"""A sample of the record as people read it: its events with their loss marks, grouped by try.

In: rows of the record (`pipeline.output.record.recorded`) and the recipe of the build. Out: `Story`s. The marks are those that the
recipe's sentences give, as the shards' are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pipeline.manifest.spec import RL
from pipeline.output.cut import Fate
from pipeline.output.record import Recorded, recorded
from pipeline.views.looks import LOST
from pipeline.views.text import spoken
from stages.grammar import LETTERS
from stages.makers import maker_in, name_of
from stages.records import Evaluation, Event, Judgement, Mode, Sample
from stages.rung import Recipe
from stages.segments import losses
from stages.trajectory import Trajectory

LossMark = Literal["on", "off", "pruned", "none"]
"""`pruned`: the trained model never sees the event; `none`: the sample is not trained on."""

_MARKS: dict[bool | None, LossMark] = {True: "on", False: "off", None: "none"}
_NAMES = {
    "words": "own words",
    "generation": "image",
    "evaluation": "verdict",
    "decomposition": "plan",
    "subtask": "step",
}


@dataclass(frozen=True)
class MarkedEvent:
    """An event, its loss mark, and `note`: what tells its image apart from others with the same label, or how its verdict came
    about, if anything must.
    """

    event: Event
    mark: LossMark
    note: str = ""

    @property
    def label(self) -> str:
        """G1, E1, R1, ...; a plan and a diagnosis are alone and have no number."""
        letter = LETTERS[self.event.kind]
        return letter if self.event.kind in ("decomposition", "diagnosis") else f"{letter}{self.event.index}"

    @property
    def name(self) -> str:
        """What it is, in words."""
        return _NAMES.get(self.event.kind, self.event.kind)

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """The judgements behind a verdict; none where it is one judgement alone."""
        return judgements_of(self.event)


@dataclass(frozen=True)
class Beat:
    """What is read together: a thought alone, or an image with the sub-task and the words before it and the verdicts after it."""

    subtask: MarkedEvent | None = None
    words: MarkedEvent | None = None
    thought: MarkedEvent | None = None
    generation: MarkedEvent | None = None
    evaluations: tuple[MarkedEvent, ...] = ()

    @property
    def events(self) -> tuple[MarkedEvent, ...]:
        """All events of the beat in reading order."""
        head = (self.subtask, self.thought, self.words, self.generation)
        return (*(e for e in head if e is not None), *self.evaluations)

    @property
    def pruned(self) -> bool:
        """True when nothing of the beat is left in the trained view."""
        return all(e.mark == "pruned" for e in self.events)


@dataclass(frozen=True)
class Story:
    """A row of the record with what is trained of its events (`stages.segments.losses`)."""

    recorded: Recorded
    losses: tuple[bool | None, ...]

    @property
    def trajectory(self) -> Trajectory:
        """All that happened to the sample."""
        return self.recorded.trajectory

    @property
    def sample(self) -> Sample:
        """The sample itself."""
        return self.recorded.trajectory.sample

    @property
    def id(self) -> str:
        """The sample's id."""
        return self.sample.id

    @property
    def rank(self) -> int:
        """Its place in the order of the run."""
        return self.trajectory.rank

    @property
    def fate(self) -> Fate:
        """What became of it: kept, surplus, discarded or failed."""
        return self.recorded.fate

    @property
    def lost(self) -> bool:
        """True when it is in no shard because it was discarded or failed."""
        return self.fate in LOST

    @property
    def mode(self) -> Mode | None:
        """How it was solved, None when it was not."""
        return self.trajectory.mode

    @property
    def outcome(self) -> str:
        """The mode of what was accepted for SFT, `rl`, or how it was lost."""
        if self.lost:
            return self.fate
        return RL if self.mode is None or self.sample.split == RL else self.mode

    @property
    def category(self) -> str:
        """The sample's category, in brackets where it has none."""
        return self.sample.category or "(none)"

    @property
    def reason(self) -> str:
        """Why it was lost, as a short code; empty when it was not."""
        return self.trajectory.reason or ("unknown" if self.lost else "")

    @property
    def detail(self) -> str:
        """The words behind the reason."""
        return self.trajectory.detail or ""

    @property
    def trained(self) -> bool:
        """True when it has a trained view."""
        return any(loss is not None for loss in self.losses)

    @property
    def references(self) -> tuple[str, ...]:
        """The sha256 of the images that the instruction speaks of."""
        return tuple(image.sha256 for image in self.sample.references)

    @property
    def last_image(self) -> str | None:
        """The sha256 of the newest image made for it, None when there is none."""
        images = [e.image.sha256 for e in self.trajectory.events if e.kind == "generation" and e.image]
        return images[-1] if images else None

    @property
    def result(self) -> Event | None:
        """The image that the sample ended with, None when none was made."""
        made = [e for e in self.trajectory.events if e.kind == "generation" and e.image]
        chosen = [e for e in made if e.try_number == self.trajectory.candidate]
        return next(reversed(chosen or made), None)

    @cached_property
    def events(self) -> tuple[MarkedEvent, ...]:
        """What happened, in order, with the marks."""
        return tuple(
            MarkedEvent(event, "pruned" if event.pruned else _MARKS[loss], self._note(event))
            for event, loss in zip(self.trajectory.events, self.losses, strict=True)
        )

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """The events, grouped as they are read: try by try."""
        tries: dict[int, list[MarkedEvent]] = defaultdict(list)
        for marked in self.events:
            tries[marked.event.try_number].append(marked)
        return tuple(beat for events in tries.values() for beat in _beats(events))

    def _note(self, event: Event) -> str:
        """Which of several images with the same label this is, whether the rung chose it over a later one, and which of several
        generators drew it; of a verdict, how it came about where that is out of the ordinary.
        """
        if isinstance(event.payload, Evaluation):
            return _how_judged(event.payload)
        if event.kind != "generation":
            return ""
        alike = [e for e in self.trajectory.events if e.kind == "generation" and e.index == event.index]
        siblings = [e for e in alike if e.rung == event.rung]
        words = [f"attempt {event.attempt}"] if len(siblings) > 1 or event.attempt > 1 else []
        if len(siblings) < len(alike):
            words = [f"{words[0] if words else 'image'} of {spoken(event.rung)}"]
        later = any(e.try_number > event.try_number for e in siblings)
        if later and event.try_number in self.trajectory.lineage():
            words.append("chosen")
        who = maker_in(event.made_by)
        if name_of(who) != who:  # one of several generators
            words.append(f"by {name_of(who)}")
        return ", ".join(words)


def stories(out: Path, recipe: Recipe) -> Iterator[Story]:
    """Every sample of a finished build, in rank order. Raises FileNotFoundError when there is no record, ValueError for a row that
    cannot be read, or that does not fit the recipe.
    """
    yield from (story_of(row, recipe) for row in recorded(out))


def story(out: Path, recipe: Recipe, sample_id: str) -> Story:
    """The sample with exactly this id. Raises LookupError when there is none, and as `stories`."""
    for row in recorded(out, [sample_id]):
        return story_of(row, recipe)
    raise LookupError(f"{out}: no sample {sample_id}")


def story_of(row: Recorded, recipe: Recipe) -> Story:
    """The story of a row. Raises ValueError when it does not fit the recipe."""
    try:
        return Story(row, losses(row.trajectory, recipe))
    except LookupError as error:
        raise ValueError(f"{row.file}: sample {row.trajectory.sample.id}: {error}") from error


def judgements_of(event: Event) -> tuple[Judgement, ...]:
    """The judgements behind a verdict in their order; none where it is one judgement alone, or no verdict."""
    return event.payload.judgements if isinstance(event.payload, Evaluation) else ()


def _how_judged(verdict: Evaluation) -> str:
    if verdict.unchanged is not None:
        return "by rule, nothing was changed"
    return "judged anew, for a reflection saw no error" if verdict.dispute is not None else ""


def call_keys(event: Event) -> frozenset[str]:
    """The calls whose answers an event holds."""
    keys = [event.call_key, *(j.call_key for j in judgements_of(event))]
    if isinstance(event.payload, Evaluation) and event.payload.dispute is not None:
        keys.append(event.payload.dispute.call_key)  # the reflection that saw no error
    return frozenset(key for key in keys if key)


def _beats(events: Sequence[MarkedEvent]) -> Iterator[Beat]:
    """The beats of one try: each thought by itself, then the image, with its sub-task where both are pruned or both are not."""
    thoughts = [e for e in events if e.event.kind not in ("words", "generation", "evaluation", "score")]
    words = next((e for e in events if e.event.kind == "words"), None)
    made = next((e for e in events if e.event.kind == "generation"), None)
    verdicts = tuple(e for e in events if e.event.kind == "evaluation")
    subtask = thoughts[-1] if thoughts and made and thoughts[-1].event.kind == "subtask" else None
    if subtask and made and (subtask.mark == "pruned") != (made.mark == "pruned"):
        subtask = None
    yield from (Beat(thought=thought) for thought in (thoughts[:-1] if subtask else thoughts))
    if made or verdicts:
        yield Beat(subtask=subtask, words=words, generation=made, evaluations=verdicts)
    # a score is about the image, so it is read after it
    yield from (Beat(thought=e) for e in events if e.event.kind == "score")
