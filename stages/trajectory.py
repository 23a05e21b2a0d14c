"""A trajectory: a sample and everything that happened to it, and what it became.

In: events, as the rungs add them. Out: `Trajectory`, its tries and its candidate; and `dump` / `load`, the versioned JSON form in
which a trajectory travels between rungs and rests in the run's database.

A trajectory is append-only: events are added, `prune` marks them, nothing is removed. A *try* is one image with the thoughts that
led to it and the judgements of it; tries are numbered from 1. The *candidate* is the try from which the next rung starts: the
newest one, unless a rung chose another.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Self

from pydantic import TypeAdapter

from stages.records import Evaluation, Event, ImageRef, Kind, Mode, Sample, Status, Words

ABOUT_IMAGES: frozenset[Kind] = frozenset({"evaluation", "score"})
"""Kinds of events that are about an image that is there already."""
VERSION: Literal["trajectory/3"] = "trajectory/3"


@dataclass(frozen=True, slots=True)
class Try:
    """One image with the thoughts that led to it and the judgements of it. `generation` is None where no image came of it."""

    number: int
    events: tuple[Event, ...]

    @property
    def generation(self) -> Event | None:
        """The event that made the image."""
        return next((e for e in self.events if e.kind == "generation"), None)

    @property
    def image(self) -> ImageRef:
        """Its image. Raises LookupError where there is none."""
        made = self.generation
        if made is None or made.image is None:
            raise LookupError(f"try {self.number} holds no image")
        return made.image

    @property
    def verdict(self) -> Evaluation:
        """Its newest judgement. Raises LookupError where it was not judged."""
        for event in reversed(self.events):
            if isinstance(event.payload, Evaluation):
                return event.payload
        raise LookupError(f"try {self.number} was not judged")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A sample and everything that happened to it, in order.

    `entered` names the stations of the ladder that the sample came to, in order (`stages.rung.Station`). `candidate` is the
    number of the try that the next rung starts from, 0 while there is none. `mode` is set when a rung accepts the sample.
    `reason` is a short code (refused, malformed, missing_knowledge, step_failed, final_check, unsolved, input, ...), `detail` the
    words behind it.
    """

    sample: Sample
    rank: int
    events: tuple[Event, ...] = ()
    status: Status = "climbing"
    mode: Mode | None = None
    reason: str | None = None
    detail: str | None = None
    entered: tuple[str, ...] = ()
    candidate: int = 0

    def enter(self, station: str) -> Self:
        """This trajectory at `station`: a rung's name, or "NAME STAGE" for a stage of it. Entering twice changes nothing."""
        return self if station in self.entered[-1:] else replace(self, entered=(*self.entered, station))

    @property
    def rung(self) -> str:
        """The name of the rung that the sample entered last, empty before the first."""
        return self.entered[-1].partition(" ")[0] if self.entered else ""

    def add(self, *events: Event) -> Self:
        """This trajectory with `events` appended, each put down to its rung and its try. A new image becomes the candidate.
        An image with words is put down as two events, the words first.
        """
        t = self
        for event in (part for made in events for part in _parts(made)):
            station = t.entered[-1] if t.entered else ""
            # a rung may say itself which try it answers to, where it does not look at the image
            origin = event.from_try or t._origin_of(event)
            placed = replace(event, station=station, try_number=t._try_of(event), from_try=origin)
            # mostly the newest image is the best one so far; a rung that knows better says `choose`
            candidate = placed.try_number if event.kind == "generation" else t.candidate
            t = replace(t, events=(*t.events, placed), candidate=candidate)
        return t

    def _try_of(self, event: Event) -> int:
        """A judgement or a score belongs to the try of its image; a thought leads to the next image; an image completes its try."""
        made = [e for e in self.events if e.kind == "generation"]
        if event.kind in ABOUT_IMAGES:
            image = event.image.sha256 if event.image else event.inputs[-1] if event.inputs else ""
            judged = [e.try_number for e in made if e.image and e.image.sha256 == image]
            return judged[-1] if judged else (made[-1].try_number if made else 0)
        return made[-1].try_number + 1 if made else 1

    def _origin_of(self, event: Event) -> int:
        """The try whose image `event` works on, the last of its inputs. Of equal images the candidate's own line counts first."""
        if event.kind in ABOUT_IMAGES or not event.inputs:
            return 0
        # a fresh draw from the references has no origin, even where some try came out as one of them
        if event.inputs == tuple(image.sha256 for image in self.sample.references):
            return 0
        # two tries may give the same bytes: what came from the candidate's line stays in it
        line = self.lineage()
        numbers = [
            e.try_number
            for e in self.events
            if e.kind == "generation" and e.image and e.image.sha256 == event.inputs[-1]
        ]
        return max(numbers, key=lambda number: (number in line, number), default=0)

    def choose(self, number: int) -> Self:
        """This trajectory with the try `number` as its candidate. Raises LookupError when there is no such try with an image."""
        if not any(e.kind == "generation" and e.try_number == number for e in self.events):
            raise LookupError(f"{self.sample.id}: there is no try {number}")
        return replace(self, candidate=number)

    def tries(self) -> tuple[Try, ...]:
        """All tries in order, the thoughts after the last image as one without an image."""
        numbers = dict.fromkeys(e.try_number for e in self.events)
        return tuple(Try(n, tuple(e for e in self.events if e.try_number == n)) for n in numbers)

    def current(self) -> Try:
        """The candidate. Raises LookupError before the first image."""
        for made in self.tries():
            if made.number == self.candidate:
                return made
        raise LookupError(f"{self.sample.id}: no image yet")

    def lineage(self, number: int | None = None) -> tuple[int, ...]:
        """The numbers of the tries that led to the try `number` (default: the candidate), the first one first, it itself last."""
        origins = {e.try_number: e.from_try for e in self.events if e.kind == "generation"}
        line: list[int] = []
        ahead = self.candidate if number is None else number
        # a record from elsewhere may hold a circle
        while ahead in origins and ahead not in line:
            line.insert(0, ahead)
            ahead = origins[ahead]
        return tuple(line)

    def root(self) -> Try:
        """The try that the candidate's line began with. Raises LookupError before the first image."""
        first = self.lineage()[:1]
        for made in self.tries():
            if made.number in first:
                return made
        raise LookupError(f"{self.sample.id}: no image yet")

    @property
    def overruled(self) -> bool:
        """True when the newest judgement passes an image that had failed, because a reflection saw no error in it."""
        newest = self.events[-1].payload if self.events else None
        return isinstance(newest, Evaluation) and newest.dispute is not None and newest.passed

    def return_to(self, station: str) -> Self:
        """This trajectory as if it had not gone beyond `station`: what was added later is put down to that one."""
        entered = self.entered[: self.entered.index(station) + 1]
        events = tuple(e if e.station in entered else replace(e, station=station) for e in self.events)
        return replace(self, events=events, entered=entered)

    def accept(self, mode: Mode | None) -> Self:
        """The analyzer is satisfied: done. An RL prompt that only met the first rung is accepted without a mode."""
        return replace(self, status="accepted", mode=mode)

    def discard(self, reason: str, detail: str | None = None) -> Self:
        """Out of the data set by judgement, with the reason kept."""
        return replace(self, status="discarded", reason=reason, detail=detail)

    def fail(self, reason: str, detail: str | None = None) -> Self:
        """Out of the data set by an error, with the reason kept."""
        return replace(self, status="failed", reason=reason, detail=detail)

    def last(self, kind: Kind) -> Event:
        """The newest event of `kind`. Raises LookupError when there is none."""
        for event in reversed(self.events):
            if event.kind == kind:
                return event
        raise LookupError(f"{self.sample.id}: no {kind} yet")


def _parts(event: Event) -> tuple[Event, ...]:
    """An event as it is put down. No rung need know that a model spoke while it drew."""
    if event.kind != "generation" or not isinstance(event.payload, Words):
        return (event,)
    # the call is the image's: whoever counts calls by their keys must not count it twice
    words = Event(
        "words", event.index, event.attempt, payload=event.payload, inputs=event.inputs, made_by=event.made_by
    )
    words = replace(words, from_try=event.from_try, voice=event.voice)
    return words, replace(event, payload=None, voice=())


@dataclass(frozen=True, slots=True)
class _Envelope:
    version: Literal["trajectory/3"]
    trajectory: Trajectory


@cache
def _adapter() -> TypeAdapter[_Envelope]:
    return TypeAdapter(_Envelope)


def dump(trajectory: Trajectory) -> str:
    """The trajectory as versioned JSON."""
    return _adapter().dump_json(_Envelope(VERSION, trajectory)).decode()


def load(text: str) -> Trajectory:
    """The trajectory that `dump` wrote. Raises pydantic.ValidationError on another version or shape."""
    return _adapter().validate_json(text).trajectory
