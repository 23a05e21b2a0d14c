"""A story: one sample as `record/` tells it, with the loss mark of every moment.

In: the folder of a finished build. Out: `Story`s in the order of the record, read in batches, so that memory does not grow
with the run. The marks are derived from the mask table, as the shards' are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from stages.mask import SegmentKind, marks, position
from stages.records import Axis, Evaluation, Judgement, Kind, Mode, Payload, payload_from

Loss = Literal["on", "off", "pruned", "none"]

_LETTERS: Mapping[Kind, str] = {
    "generation": "G",
    "evaluation": "E",
    "reflection": "R",
    "diagnosis": "D",
    "decomposition": "P",
    "subtask": "S",
}
_BATCH = 128


@dataclass(frozen=True)
class Marks:
    """One of several judgements of an image: who judged, and score (1 to 5) and verdict by axis."""

    judge: str
    scores: Mapping[Axis, int]
    passed: Mapping[Axis, bool]
    call_key: str | None


@dataclass(frozen=True)
class Moment:
    """One event of a story. `loss` is `pruned` when the trained model never sees it, `none` when the sample is not trained on."""

    kind: Kind
    index: int
    attempt: int
    against: str | None
    payload: Payload | None
    image: str | None
    made_by: str | None
    call_key: str | None
    loss: Loss

    @property
    def judgements(self) -> tuple[Marks, ...]:
        """The judgements behind a verdict in their order; empty where it is one judgement alone."""
        return tuple(_marks(j) for j in self.payload.judgements) if isinstance(self.payload, Evaluation) else ()

    @property
    def label(self) -> str:
        """G1, E1, R1, ...; the plan is P alone."""
        return (
            _LETTERS[self.kind] if self.kind in ("decomposition", "diagnosis") else f"{_LETTERS[self.kind]}{self.index}"
        )


@dataclass(frozen=True)
class Beat:
    """What is read together: a thought alone, or an image with the sub-task before it and the judgements after it."""

    subtask: Moment | None = None
    thought: Moment | None = None
    generation: Moment | None = None
    evaluations: tuple[Moment, ...] = ()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All moments of the beat in reading order."""
        head = (self.subtask, self.thought, self.generation)
        return (*(m for m in head if m is not None), *self.evaluations)

    @property
    def pruned(self) -> bool:
        """True when nothing of the beat is left in the trained view."""
        return all(m.loss == "pruned" for m in self.moments)


@dataclass(frozen=True)
class Story:
    """One sample and all that happened to it."""

    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The sample's id."""
        return str(self.row["id"])

    @property
    def rank(self) -> Any:
        """Its place in the order of the run."""
        return self.row["rank"]

    @property
    def status(self) -> str:
        """kept, surplus, discarded or failed."""
        return str(self.row["status"])

    @property
    def mode(self) -> Mode | None:
        """How it was solved, None when it was not."""
        return cast("Mode | None", self.row["mode"])

    @property
    def trained(self) -> bool:
        """True when it has a trained view: kept or surplus, with a mode, and not an RL prompt."""
        return self.mode is not None and self.status in ("kept", "surplus") and self.word("split") != "rl"

    def word(self, name: str) -> str:
        """A text column, empty when it is null or absent."""
        value = self.row.get(name)
        return "" if value is None else str(value)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The sha256 of the images the instruction speaks of."""
        given = self.row.get("references") or ()
        return tuple(r["sha256"] if isinstance(r, Mapping) else str(r) for r in given)

    @property
    def last_image(self) -> str | None:
        """The sha256 of the newest image made for it, None when there is none."""
        return next((e["image_sha256"] for e in reversed(self.row["events"] or ()) if e["image_sha256"]), None)

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """What happened, in order. Raises pydantic.ValidationError for a payload of another shape."""
        events = self.row["events"] or ()
        last = max((e["index"] for e in events if e["kind"] == "generation" and not e["pruned"]), default=0)
        return tuple(self._moment(e, last) for e in events)

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """The moments, grouped as they are read."""
        return tuple(_beats(self.moments))

    def _moment(self, event: Mapping[str, Any], last: int) -> Moment:
        return Moment(
            kind=event["kind"],
            index=event["index"],
            attempt=event["attempt"],
            against=event["against"],
            payload=None if event["payload"] is None else payload_from(event["payload"]),
            image=event["image_sha256"],
            made_by=event["made_by"],
            call_key=event["call_key"],
            loss=self._loss(event, last),
        )

    def _loss(self, event: Mapping[str, Any], last: int) -> Loss:
        if event["pruned"]:
            return "pruned"
        if not self.trained or self.mode is None:
            return "none"
        kind = cast(SegmentKind, event["kind"])
        trained = marks(self.mode, kind, position(self.mode, kind, event["index"], last)).loss > 0
        return "on" if trained else "off"


def stories(out: Path) -> Iterator[Story]:
    """Every sample of a finished build. Raises FileNotFoundError when there is no record."""
    for path in _files(out):
        with pq.ParquetFile(path) as file:  # a dataset would read ahead: 400 MB held where this holds 100
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from (Story(row) for row in batch.to_pylist())


def ids(out: Path) -> dict[str, str]:
    """Every sample id of the record, with "source/row id". Raises FileNotFoundError when there is no record."""
    rows = record(out).to_table(columns=["id", "source", "row_id"]).to_pylist()
    return {str(row["id"]): f"{row['source']}/{row['row_id']}" for row in rows}


def story(out: Path, sample_id: str) -> Story:
    """The sample with exactly this id. Raises LookupError when there is none, FileNotFoundError when there is no record."""
    rows = record(out).to_table(filter=pc.field("id") == sample_id).to_pylist()
    if not rows:
        raise LookupError(f"{out}: no sample {sample_id}")
    return Story(rows[0])


def _marks(judgement: Judgement) -> Marks:
    scores = {s.axis: s.score for s in judgement.scores}
    return Marks(judgement.judge, scores, {s.axis: s.passed for s in judgement.scores}, judgement.call_key)


def record(out: Path) -> Any:
    """The record as a pyarrow dataset. Raises FileNotFoundError when there is none."""
    return ds.dataset(_files(out), format="parquet")


def _files(out: Path) -> list[str]:
    files = sorted(str(p) for p in (out / "record").glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"{out / 'record'}: no parquet file; is {out} a finished build?")
    return files


def _beats(moments: Iterable[Moment]) -> Iterator[Beat]:
    subtask: Moment | None = None
    shot: Beat | None = None
    for m in moments:
        if m.kind == "evaluation" and shot is not None:
            shot = Beat(subtask=shot.subtask, generation=shot.generation, evaluations=(*shot.evaluations, m))
            continue
        if shot is not None:
            yield shot
            shot = None
        if subtask is not None and (m.kind != "generation" or (m.loss == "pruned") != (subtask.loss == "pruned")):
            yield Beat(thought=subtask)
            subtask = None
        if m.kind == "subtask":
            subtask = m
        elif m.kind == "generation":
            shot, subtask = Beat(subtask=subtask, generation=m), None
        else:
            yield Beat(thought=m)
    if shot is not None:
        yield shot
    if subtask is not None:
        yield Beat(thought=subtask)
