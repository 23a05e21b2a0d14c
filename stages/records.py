"""The records of the ladder: what a sample is, and what may happen to it.

In: nothing but values. Out: frozen dataclasses, and the JSON form of a payload. `stages.trajectory` puts them together.

Terms: W words of an image's own model, G generation, E evaluation, R reflection, P decomposition (plan), S subtask, L score;
indices are the paper's subscripts (G_1, E_1, R_1, ..., S_2, G_2, E_2), and words have that of their image.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

Axis = Literal["instruction", "consistency", "quality", "knowledge"]
AXES: tuple[Axis, ...] = ("instruction", "consistency", "quality", "knowledge")
Mode: TypeAlias = str
"""How a sample was solved: the mode of the rung that accepted it, as the table of rungs names it (`stages.rungs`)."""
Against = Literal["original", "subtask"]
Kind = Literal["words", "generation", "evaluation", "reflection", "diagnosis", "decomposition", "subtask", "score"]
Split = Literal["train", "validation", "rl"]
Climb = Literal["full", "direct", "none"]
Status = Literal["climbing", "accepted", "discarded", "failed"]
Task = Literal["t2i", "edit", "compose"]
ErrorType = Literal["targeting_error", "over_editing", "under_editing", "visual_artifact", "logic_flaw"]
Judge = Literal["analyzer", "second_analyzer"]
Cause = Literal["prompt_too_complex", "missing_knowledge", "ambiguous_instruction", "rendering_limit"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image in the content-addressed store. `width` and `height` in pixels, `format` as Pillow names it (PNG).

    It is the rendition that models are sent and trainers see. `original` is the sha256 of the bytes as they came; None where they
    are the rendition themselves.
    """

    sha256: str
    width: int
    height: int
    format: str
    original: str | None = None

    @property
    def source_sha256(self) -> str:
        """The sha256 of the bytes as they came."""
        return self.original or self.sha256


@dataclass(frozen=True, slots=True)
class Checker:
    """How a reward may check the result: a judge, an object specification, or a list of yes/no questions (as JSON)."""

    style: Literal["judge", "objects", "questions"] = "judge"
    spec: str = "null"


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing to make: an instruction, the references it speaks of, and all that is known beforehand.

    `width` and `height` are the size the result should have, in pixels. `first` is a G1 made elsewhere by the baseline.
    `climb` says how far the sample may go: an RL prompt takes the direct rung once, for its difficulty. Where a row makes several
    samples, `rollout` is the number of this one, from 0, and `rollout_of` the id of the first; None for the first itself.
    `citation` says how the row's origin is cited.
    """

    id: str
    source: str
    row_id: str
    instruction: str
    explanation: str | None
    references: tuple[ImageRef, ...]
    first: ImageRef | None
    applicable_axes: tuple[Axis, ...]
    task: Task
    category: str
    width: int
    height: int
    licence: str
    leak_group: str
    split: Split
    climb: Climb
    checker: Checker
    rollout: int = 0
    rollout_of: str | None = None
    citation: str | None = None

    @property
    def group(self) -> str:
        """The id of the first rollout: what all rollouts of a row share."""
        return self.rollout_of or self.id


@dataclass(frozen=True, slots=True)
class AxisScore:
    """A score of 1 to 5 on one axis, its reason, and whether it reached the threshold in force."""

    axis: Axis
    score: int
    reason: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Score:
    """A score of 1 to 5 on one axis, and whether it reached the threshold in force."""

    axis: Axis
    score: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """One of several judgements of an image: who gave which scores in which call. `made_by` is "role:model identity"."""

    judge: Judge
    scores: tuple[Score, ...]
    seed: int
    call_key: str
    made_by: str


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that an instruction demands, in the judge's words, and whether the image meets it."""

    demand: str
    met: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An image shows nothing new: it is as the image `sha256` that it was made from, at a `distance` from 0 (the same pixels)."""

    sha256: str
    distance: float


@dataclass(frozen=True, slots=True)
class Dispute:
    """A reflection that saw no error in an image that had failed: the call which said so. `made_by` is "role:model identity"."""

    seed: int
    call_key: str
    made_by: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """E: the verdict on one image; `axes` holds exactly the applicable ones, in the order of `AXES`.

    `aspect_error` is |ratio made / ratio asked - 1|; above 0.02 it fails an axis whatever the Analyzer says. `judgements`
    are those the verdict was combined from (`stages.judging`), in order; none where one judgement was all. `demands` are what
    the judge whose instruction score stands found in the instruction; none where it listed none. `rubric` is the version of
    the words it was asked in (`prompts.rubric`); empty in records from before there was one.
    """

    axes: tuple[AxisScore, ...]
    aspect_error: float
    # the tag by which a payload is known again in JSON
    type: Literal["evaluation"] = "evaluation"
    judgements: tuple[Judgement, ...] = ()
    demands: tuple[Demand, ...] = ()
    rubric: str = ""
    unchanged: Unchanged | None = None
    dispute: Dispute | None = None

    @property
    def passed(self) -> bool:
        """True when every applicable axis reached its threshold."""
        return bool(self.axes) and all(a.passed for a in self.axes)

    def score(self, axis: Axis) -> int | None:
        """The score on `axis`, or None where the axis does not apply."""
        return next((a.score for a in self.axes if a.axis == axis), None)


@dataclass(frozen=True, slots=True)
class Reflection:
    """R: why the last image failed, and what to do about it."""

    error_type: ErrorType
    failure_analysis: str
    improvement_plan: str
    type: Literal["reflection"] = "reflection"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The root cause of a failed reflection chain."""

    cause: Cause
    explanation: str
    type: Literal["diagnosis"] = "diagnosis"


@dataclass(frozen=True, slots=True)
class Plan:
    """P: the instruction decomposed into atomic sub-tasks, in order of execution."""

    rationale: str
    steps: tuple[str, ...]
    type: Literal["plan"] = "plan"


@dataclass(frozen=True, slots=True)
class Step:
    """S: the sub-task of one step."""

    instruction: str
    type: Literal["step"] = "step"


@dataclass(frozen=True, slots=True)
class Words:
    """W: what a model said along with an image that it made, as unified models do that think before they draw."""

    text: str
    type: Literal["words"] = "words"


@dataclass(frozen=True, slots=True)
class Likelihood:
    """L: how likely a model finds `text`, token by token: natural logarithms of probabilities, at most 0 each."""

    text: str
    logprobs: tuple[float, ...]
    type: Literal["likelihood"] = "likelihood"

    @property
    def total(self) -> float:
        """The logarithm of the probability of the whole text."""
        return sum(self.logprobs)

    @property
    def mean(self) -> float:
        """The logarithm of the geometric mean probability of a token."""
        return self.total / len(self.logprobs)


Payload = Annotated[Evaluation | Reflection | Diagnosis | Plan | Step | Words | Likelihood, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `inputs` are the sha256 of the images it was made from or judged with, in request order.

    `attempt` counts from 1 within an index. `station` is where on the ladder it was added, `try_number` the try it belongs to,
    and `from_try` the try that it answers to: whose image it works on, or whose faults it knows; 0 where that is none.
    `Trajectory.add` sets these three. `made_by` is "role:model identity". `prompt` names the prompt file, `prompt_sha256` is
    the hash of that file. Events without a model call (a sub-task, a G1 brought along) have no call key, nor have words: they
    came with the image after them. Of an image that was judged several times, `made_by`, `seed` and `call_key` are those of the
    first judgement, or of the second judge's where that one decided; the others are in `Evaluation.judgements`. `tokens` is the
    sha256 of the side file that holds the reply's tokens and their log-probabilities, where the model gave them. `voice` names
    the rules of the training voice that its texts break, `voice_before` those because of which it was asked again
    (`stages.voice`).
    """

    kind: Kind
    index: int
    attempt: int = 1
    # these three are set when the event joins a trajectory: who makes it does not know its place
    station: str = ""
    try_number: int = 0
    from_try: int = 0
    pruned: bool = False
    against: Against | None = None
    payload: Payload | None = None
    image: ImageRef | None = None
    inputs: tuple[str, ...] = ()
    made_by: str | None = None
    prompt: str | None = None
    prompt_sha256: str | None = None
    seed: int | None = None
    call_key: str | None = None
    tokens: str | None = None
    voice: tuple[str, ...] = ()
    voice_before: tuple[str, ...] = ()

    @property
    def rung(self) -> str:
        """The name of the rung that added it; empty where it was put down to none."""
        return self.station.partition(" ")[0]


@cache
def _payloads() -> TypeAdapter[Payload]:
    return TypeAdapter(Payload)


def payload_json(payload: Payload) -> str:
    """A payload as JSON, as `record/4` and `traj/2` hold it."""
    return _payloads().dump_json(payload).decode()


def payload_from(text: str) -> Payload:
    """The payload that `payload_json` wrote. Raises pydantic.ValidationError on another shape."""
    return _payloads().validate_json(text)
